"""Write a file so that at any moment either the old one or the new one is there, whole."""

import os
from pathlib import Path


def replace(path: Path, content: str | bytes) -> None:
    """Write ``content`` beside ``path`` and move it there in one step; text is written as UTF-8.

    What breaks off before (a full disk, a signal, a crash) leaves the old file as it was, and at most a file beside
    it whose name ends in ``.new``.

    Raises:
        OSError: if the content can't be written, for want of space for example.
    """
    beside = path.with_name(f"{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
