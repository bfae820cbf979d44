"""How much the tests with random input try: little by default, more with `TAWNY_SOAK`."""

import os

SOAK = int(os.environ.get("TAWNY_SOAK") or 0)
"""How many hundred random examples each test tries; 0 is an ordinary run."""


def examples(quick: int) -> int:
    """How many random examples a test tries."""
    return max(quick, 100 * SOAK)
