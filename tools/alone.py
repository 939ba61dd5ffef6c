"""Run a command while no other run of make in this folder does: ``python tools/alone.py COMMAND ...``.

A second run waits for the first. The lock goes with the process that holds it, however that ends. Where the system
has no such locks (Windows), the command runs at once.
"""

import os
import sys

try:
    import fcntl
except ImportError:
    fcntl = None


def wait(path: str) -> None:
    """Wait until no other process holds the lock, and hold it until this one ends, whatever it becomes."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        sys.exit(f"Nothing can be made in this folder, it can't be written to: {error}")
    os.set_inheritable(lock, True)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another make is at work in this folder; this one goes on when it is done.", file=sys.stderr)
        fcntl.flock(lock, fcntl.LOCK_EX)


if __name__ == "__main__":
    if fcntl:
        wait(".make.lock")
    os.execvp(sys.argv[1], sys.argv[1:])
