"""Which rules of a stored decision bar an entry, and which only say how it stands against what runs.

Belongs here: what both the decisions (record.py) and the command line (reader.py) go by; so neither pandas nor Dagster.
"""

import json
from collections.abc import Mapping
from typing import Any

CHALLENGE, CHAMPION = "challenge", "champion"
"""Rules about the entry that runs: whether a challenger is shown to be better, and whether the champion stands."""


def broken_rules(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules that a decision found not kept, be it that another entry is better. `rules`: JSON text or its value."""
    rules = json.loads(decision["rules"]) if isinstance(decision["rules"], str) else decision["rules"]
    return [rule for rule in rules if rule["verdict"] != "passed" and rule["rule"] not in (CHALLENGE, CHAMPION)]
