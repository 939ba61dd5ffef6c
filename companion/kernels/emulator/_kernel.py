"""A kernel of the emulator, called as CuPy's are: ``kernel(grid, block, arguments, shared_mem=bytes)``."""

import ctypes
from pathlib import Path
from threading import Lock

import numpy as np

ORDERS = ("forward", "reversed", "interleaved", "shuffled")

_ONE_AT_A_TIME = Lock()  # a library has one set of threads
_LETTERS = {"i": np.int32, "f": np.float32, "p": np.uint64}


class _Launch(ctypes.Structure):
    """``struct Launch`` of ``block.h``."""

    _fields_ = (
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared_memory", ctypes.c_uint),
        ("order", ctypes.c_int),
        ("seed", ctypes.c_uint),
        ("early_copies", ctypes.c_int),
        ("first_block", ctypes.c_longlong),
        ("last_block", ctypes.c_longlong),
    )


class Kernel:
    """One compiled kernel.

    Args:
        library: path of what ``_build.build`` made.
        name: for messages.
        schedule: order of the threads: "forward", "reversed", "interleaved", or an int, which shuffles
            them anew after each barrier and is the seed of that.
        early_copies: whether background copies land at once, rather than as late as they may.
        blocks: numbers of the blocks to run; None for all.
    """

    def __init__(
        self,
        library: Path,
        name: str,
        *,
        schedule: str | int = "forward",
        early_copies: bool = False,
        blocks: range | None = None,
    ):
        self._library = ctypes.CDLL(str(library))
        self._library.emulated_launch.restype = ctypes.c_char_p
        self._library.emulated_signature.restype = ctypes.c_char_p
        self._signature = self._library.emulated_signature().decode()
        self._order, self._seed = order_and_seed(schedule)
        self._early_copies = early_copies
        self._blocks = blocks
        self.name = name

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], args: tuple, *, shared_mem: int = 0) -> None:
        """Run all threads of all blocks, and return when they are done.

        Args:
            grid: number of blocks along x, y and z; missing ones are 1.
            block: threads of a block, likewise.
            args: for the kernel: NumPy arrays or None for pointers, np.int32 for int, np.float32 for float.
                An np.uint64 is an address.
            shared_mem: bytes of dynamic shared memory.

        Raises:
            TypeError: if an argument is of another type than the kernel's, or a view. CuPy would pass it on, and
                the kernel would read garbage.
            RuntimeError: if no GPU could launch this, or the threads misuse a barrier or a copy.
        """
        grid, block = ((*sizes, 1, 1)[:3] for sizes in (grid, block))
        values = self._values(args)  # kept until the launch is over
        pointers = (ctypes.c_void_p * len(values))(*(value.ctypes.data for value in values))
        blocks = range(int(np.prod(grid))) if self._blocks is None else self._blocks
        launch = _Launch(
            (ctypes.c_uint * 3)(*grid),
            (ctypes.c_uint * 3)(*block),
            shared_mem,
            self._order,
            self._seed,
            self._early_copies,
            blocks.start,
            blocks.stop,
        )
        with _ONE_AT_A_TIME:
            error = self._library.emulated_launch(ctypes.byref(launch), pointers)
            if error:
                raise RuntimeError(f"{self.name}: {error.decode()}")

    def _values(self, args: tuple) -> list[np.ndarray]:
        if len(args) != len(self._signature):
            raise TypeError(f"{self.name} takes {len(self._signature)} arguments, got {len(args)}")
        values = []
        for position, (value, letter) in enumerate(zip(args, self._signature, strict=True)):
            if letter == "p" and value is None:
                value = np.uint64(0)
            elif letter == "p" and isinstance(value, np.ndarray) and value.flags.c_contiguous:
                value = np.uint64(value.ctypes.data)
            if type(value) is not _LETTERS[letter]:
                wanted = (
                    "a contiguous NumPy array or None" if letter == "p" else f"an np.{_LETTERS[letter].__name__}"
                )
                raise TypeError(f"argument {position} of {self.name} must be {wanted}, got {type(value).__name__}")
            values.append(np.array(value))
        return values


def order_and_seed(schedule: str | int) -> tuple[int, int]:
    """Return a schedule as ``block.h`` takes it.

    Raises:
        ValueError: if it is no order and no seed.
    """
    if isinstance(schedule, int) and not isinstance(schedule, bool) and 0 <= schedule < 2**32:
        return ORDERS.index("shuffled"), schedule
    if schedule not in ORDERS[:3]:
        raise ValueError(f"schedule must be one of {ORDERS[:3]} or a seed, got {schedule!r}")
    return ORDERS.index(schedule), 0
