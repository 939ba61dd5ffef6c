"""The environment of notebooks and tests, in which the stored outputs were made. It needs no package."""

ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "default",
    "TQDM_DISABLE": "1",  # a progress bar is for people, not for a file
}
