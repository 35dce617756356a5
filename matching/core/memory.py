"""Where the large arrays of pairs are kept: in memory up to a limit, beyond it in files that vanish with them."""

import tempfile
from collections.abc import Sequence
from math import prod
from typing import Final, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

Number = TypeVar("Number", bound=np.generic)

MIB: Final = 1 << 20
DEFAULT_MIB: Final = 2_048


class Memory:
    """Gives arrays, and counts what they take. A file has no name from the start: a killed process leaves none behind."""

    def __init__(self, most_mib: float = DEFAULT_MIB) -> None:
        """Keep up to so many MiB of arrays in memory; `spilled` counts the bytes that went to files."""
        self._most = most_mib * MIB
        self._taken = 0
        self.spilled = 0

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[np.generic]:
        """Give an array of zeros, columns one after the other."""
        size = prod(shape) * np.dtype(dtype).itemsize
        if self._taken + size <= self._most:
            self._taken += size
            return np.zeros(shape, dtype, order="F")
        if not size:
            return np.zeros(shape, dtype, order="F")
        self.spilled += size
        with tempfile.TemporaryFile(prefix="mdm-pairs-") as file:
            # The mapping outlives the file's handle; the operating system writes what does not fit.
            return np.asarray(np.memmap(file, dtype, "w+", shape=shape, order="F"))

    def join(self, arrays: Sequence[NDArray[Number]]) -> NDArray[Number]:
        """Give one array of several of one kind, one after the other."""
        whole = self.zeros((sum(len(array) for array in arrays),), arrays[0].dtype)
        np.concatenate(arrays, out=whole)
        return whole  # type: ignore[return-value]

    def keep(self, array: NDArray[Number]) -> NDArray[Number]:
        """Give the array, or a copy of it in a file where there is no room."""
        if self._taken + array.nbytes <= self._most:
            self._taken += array.nbytes
            return array
        kept = self.zeros(array.shape, array.dtype)
        kept[...] = array
        return kept  # type: ignore[return-value]
