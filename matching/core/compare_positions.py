"""Comparator of positions on the earth: how far two places are from each other."""

from typing import Final

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from matching.core.columns import Column
from matching.core.grades import DIFFERENT, SAME, Levels, Operands

EARTH_RADIUS_KM: Final = 6371.0088
"""The mean radius (IUGG)."""
WITHIN_KM: Final = np.array([30.0, 5.0, 0.5, 0.05])
"""One region, one town, close by, and the same place: what maps and address services differ by."""


def distance(pair: Operands) -> Levels:
    """More than 30 km apart, at most 30 km, 5 km, 500 m, 50 m. Field: latitude and longitude in degrees, as the form `position` gives."""
    column, (left, right) = pair.columns[0], pair.codes(0)
    levels = pair.equality(0)
    asked = np.flatnonzero(levels == DIFFERENT)
    levels[levels == SAME] = 1 + len(WITHIN_KM)
    if len(asked):
        points = column.of_each("point", _points)
        chord = np.sqrt(((points[left[asked]] - points[right[asked]]) ** 2).sum(axis=1))
        apart = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1.0))
        levels[asked] = 1 + (apart[:, None] <= WITHIN_KM).sum(axis=1)
    return levels


def _points(column: Column) -> NDArray[np.float64]:
    """Give each position as a point of the unit sphere (values x 3)."""
    degrees = pc.split_pattern(column.values, " ").flatten().cast("float64").to_numpy(zero_copy_only=False).reshape(-1, 2)
    latitude, longitude = np.radians(degrees).T
    return np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1)
