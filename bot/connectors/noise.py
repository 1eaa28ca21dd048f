"""Random numbers by address: the n-th number of a named stream, with nothing remembered.

A generator has a position, and to know its millionth number one draws a million. Here a number is
a hash of (stream, n), so a simulated market can begin anywhere, look back anywhere and still be
the same market after a restart and with another version of numpy. The hash is the finaliser of
SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
"""

from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Whole: TypeAlias = NDArray[np.int64]
Real: TypeAlias = NDArray[np.float64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = (np.uint64(bits) for bits in (30, 27, 31, 11))
_UNIT = 2.0**-53


def stream(*names: object) -> int:
    """The stream of these names: 64 bits that depend on each."""
    text = "\0".join(str(name) for name in names)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def uniform(which: int, index: Whole) -> Real:
    """Numbers in [0, 1), one for each index."""
    x = index.astype(np.uint64) * _STEP + np.uint64(which)
    x = (x ^ (x >> _S30)) * _MIX_1
    x = (x ^ (x >> _S27)) * _MIX_2
    x ^= x >> _S31
    return (x >> _S11).astype(np.float64) * _UNIT


def normal(which: int, index: Whole) -> Real:
    """Standard normal numbers, one for each index (Box and Muller's method)."""
    size = np.sqrt(-2.0 * np.log1p(-uniform(which, index)))
    return np.asarray(size * np.cos(2.0 * np.pi * uniform(which ^ 0x5555, index)))


def smooth(which: int, at: Real, spacing: float) -> Real:
    """Standard normal numbers at every multiple of `spacing`, and soft curves between them."""
    place = at / spacing
    node = np.floor(place).astype(np.int64)
    part = place - node
    blend = part * part * (3.0 - 2.0 * part)
    first = int(node.min())
    knots = normal(which, np.arange(first, int(node.max()) + 2, dtype=np.int64))
    return np.asarray(knots[node - first] * (1.0 - blend) + knots[node - first + 1] * blend)


def chance(which: int, index: int) -> float:
    """One number in [0, 1)."""
    return float(uniform(which, np.array([index], dtype=np.int64))[0])
