"""Call a kernel of the emulator as one of CuPy's: ``kernel(grid, block, arguments, shared_mem=bytes)``."""

import ctypes
from pathlib import Path
from threading import Lock

import numpy as np

ORDERS = ("forward", "reversed", "interleaved", "shuffled")

_ONE_AT_A_TIME = Lock()  # a library has one set of threads
# As in call.h. Large letters are pointers that the kernel writes to.
_NUMBERS = {"i": np.int32, "f": np.float32}
_POINTERS = {"p": "float32", "b": "bfloat16", "h": "float16"}


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
            args: for the kernel: np.int32 for int, np.float32 for float, and for a pointer a NumPy array of
                what it points to, None, or an address as np.uint64, of which
                nothing can be checked.
            shared_mem: bytes of dynamic shared memory.

        Raises:
            TypeError: if an argument is of another type than the kernel's; for an array that means another dtype
                or byte order, a view that is not contiguous, a masked array, or a read-only one that the kernel
                writes. CuPy would pass it on, and the kernel would read garbage.
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
            dtype = _POINTERS.get(letter.lower())
            if dtype and value is None:
                value = np.uint64(0)
            if type(value) is not _NUMBERS.get(letter, np.uint64):
                fault = _fault(value, dtype, written=letter.isupper()) if dtype else type(value).__name__
                if fault:
                    wanted = (
                        f"a contiguous NumPy array of {dtype} or None"
                        if dtype
                        else f"an np.{_NUMBERS[letter].__name__}"
                    )
                    raise TypeError(f"argument {position} of {self.name} must be {wanted}, got {fault}")
                value = np.uint64(value.ctypes.data)
            values.append(np.array(value))
        return values


def _fault(array: object, dtype: str, *, written: bool) -> str | None:
    """Return what keeps an array from standing for a pointer to numbers of such a type, or None."""
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        return type(array).__name__
    if str(array.dtype) != dtype:  # the other byte order is another dtype
        return f"an array of {array.dtype}"
    if not (array.flags.c_contiguous and array.flags.aligned):
        return "a view that is not contiguous, or not aligned"
    return "a read-only array, which it writes" if written and not array.flags.writeable else None


def order_and_seed(schedule: str | int) -> tuple[int, int]:
    """Return a schedule as ``block.h`` takes it.

    Raises:
        ValueError: if it is neither an order nor a seed.
    """
    if isinstance(schedule, int) and not isinstance(schedule, bool) and 0 <= schedule < 2**32:
        return ORDERS.index("shuffled"), schedule
    if schedule not in ORDERS[:3]:
        raise ValueError(f"schedule must be one of {ORDERS[:3]} or a seed, got {schedule!r}")
    return ORDERS.index(schedule), 0
