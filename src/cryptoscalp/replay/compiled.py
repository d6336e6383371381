"""How the replay subject's inner loops are compiled, and memory laid out for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: Bytes of a cache line on x86-64; where it is 128, two of ours share one.
_LINE: Final = 64


def kernel(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile with numba, kept on disk between processes; it runs without the GIL.

    No `fastmath`: sums must be made in the order that is written, or a tree that was built leaf by
    leaf would not equal a rebuilt one. What a kernel calls must be in its own file: numba makes
    what it keeps anew when the kernel's file has changed, and looks at no other.
    """
    return cast(Callable[_P, _R], numba.njit(cache=True, nogil=True)(function))


def aligned(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An uninitialized array that begins at a cache line.

    numpy asks the system for huge pages where an array is large, so a random row costs no walk
    through page tables.
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    raw = np.empty(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size].view(dtype).reshape(shape)
