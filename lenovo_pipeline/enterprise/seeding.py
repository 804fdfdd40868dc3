"""Seeds and the clock of the simulated world.

The world has its own time: it never looks at the machine's clock, so the same seed gives the same world for ever.
"""

import hashlib
from datetime import datetime, timedelta

import numpy as np

WORLD_END = datetime(2026, 10, 31)
"""The present moment of the world: nothing in it happens later (a planned end of support may lie later)."""

INTERACTION_DAYS = 30
INTERACTIONS_START = WORLD_END - timedelta(days=INTERACTION_DAYS)


def generator(seed: int, *names: object) -> np.random.Generator:
    """An independent random generator for one named purpose, so that adding a table never changes another one."""
    material = "/".join([str(seed), *map(str, names)])
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(material.encode()).digest()[:16])))
