"""Tools for questions on the model factory: what its roster runs, why, and which entry leads; reading only.

Belongs here: the tools, and a toolbox of them over rows that whoever opens it has read (the leaderboard, the decisions). Does not
belong here: reading the roster, and the tools of the support desk (catalogue.py).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lenovo_pipeline.agents.tools.calling import Call, Told, ToolError
from lenovo_pipeline.agents.tools.catalogue import Kind
from lenovo_pipeline.agents.tools.interface import Actor, Budget, Limits, Parameter, ToolSpec
from lenovo_pipeline.agents.tools.sandbox import Sandbox
from lenovo_pipeline.agents.tools.toolbox import StoreToolbox

_MOST_TOLD = 12


@dataclass(frozen=True)
class FactoryStores:
    """What the tools read: for each entry of the roster its name, verdict, reason and figures by name. Nothing is withheld."""

    entries: tuple[Mapping[str, Any], ...]

    def withheld(self, text: str, actor: Actor) -> str:
        """Every actor may see the roster."""
        return text

    def hidden_from(self, actor: Actor) -> re.Pattern[str]:
        """Nothing is hidden."""
        return re.compile(r"(?!)")

    def named(self, said: str) -> Mapping[str, Any]:
        """The entry of that name, or the only one that holds it. Raises ToolError (not_found)."""
        wanted = said.strip().casefold()
        found = [each for each in self.entries if each["entry"].casefold() == wanted]
        found = found or [each for each in self.entries if wanted in each["entry"].casefold()]
        if len(found) != 1:
            several = f"{len(found)} entries are named like {said}" if found else f"there is no entry {said}"
            raise ToolError("not_found", f"missing: {several}")
        return found[0]


def _list_entries(call: Call, given: Mapping[str, Any]) -> Told:
    stores = _stores(call)
    verdict = given.get("verdict")
    found = [each for each in stores.entries if verdict in (None, each["verdict"])]
    told = "; ".join(f"{each['entry']}: {each['verdict']}" for each in found[:_MOST_TOLD])
    more = f" and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    return Told([each["entry"] for each in found], f"{len(found)} entries. {told}{more}")


def _explain_entry(call: Call, given: Mapping[str, Any]) -> Told:
    entry = _stores(call).named(given["entry"])
    figures = ", ".join(f"{name} {value:.3g}" for name, value in sorted(entry["figures"].items()))
    text = f"{entry['entry']} is {entry['verdict']}: {entry['reason']}. Figures: {figures or 'none'}"
    return Told({"verdict": entry["verdict"], "reason": entry["reason"], "figures": dict(entry["figures"])}, text)


def _best_entry(call: Call, given: Mapping[str, Any]) -> Told:
    stores = _stores(call)
    figure = given["figure"].strip().casefold().replace(" ", "_")
    known = [(float(each["figures"][figure]), each["entry"]) for each in stores.entries if figure in each["figures"]]
    if not known:
        names = sorted({name for each in stores.entries for name in each["figures"]})
        raise ToolError("not_found", f"missing: no entry has the figure {given['figure']}; there are {', '.join(names)}")
    value, entry = max(known, key=lambda each: (each[0], each[1]))
    return Told({"entry": entry, "value": value}, f"{entry} has the highest {figure}: {value:.3g}")


def _stores(call: Call) -> FactoryStores:
    assert isinstance(call.stores, FactoryStores)
    return call.stores


_VERDICT = Parameter("verdict", "string", "which", required=False, choices=("promoted", "held", "rejected"))
_KINDS = (
    Kind(ToolSpec("list_entries", "list the entries of the roster", (_VERDICT,), writes=False), _list_entries),
    Kind(
        ToolSpec("explain_entry", "why an entry runs or not", (Parameter("entry", "string", "name"),), writes=False),
        _explain_entry,
    ),
    Kind(
        ToolSpec("best_entry", "entry with the highest figure", (Parameter("figure", "string", "name"),), writes=False),
        _best_entry,
    ),
)
FACTORY_SPECS = tuple(kind.spec for kind in _KINDS)
"""What a model is told of them."""


def open_factory(entries: Sequence[Mapping[str, Any]], limits: Limits) -> StoreToolbox:
    """A toolbox over these entries, each with `entry`, `verdict`, `reason` and `figures` (numbers by name)."""
    return StoreToolbox(
        FactoryStores(tuple(entries)),  # type: ignore[arg-type]
        Sandbox(),
        Actor("factory"),
        today=date(2026, 1, 1),
        budget=Budget(limits),
        kinds=_KINDS,
    )
