"""Which name was meant where one is unknown.

Belongs here: near names, for errors of this stage's commands.
"""

import difflib
from collections.abc import Collection


def near(given: str, known: Collection[str]) -> str:
    """The names, at most three, that a given one may have meant: `a or b`; empty if none comes near."""
    return " or ".join(difflib.get_close_matches(given, known, n=3, cutoff=0.4))


def meant(given: str, known: Collection[str]) -> str:
    """The remedy for a name that is unknown: those that come near it, or else all that there are."""
    found = near(given, known)
    return f"Did you mean {found}?" if found else f"There are: {', '.join(known) or 'none'}."
