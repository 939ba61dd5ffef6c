"""The environment in which the stored outputs of the notebooks were made. It needs no package."""

ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "",  # Python's own choice: no word of what libraries should change in their code
    "TORCH_LOGS": "-torch.utils.cpp_extension",  # else it notes a CUDA toolkit on a machine without a GPU
    "TQDM_DISABLE": "1",  # a progress bar is for people, not for a file
}
