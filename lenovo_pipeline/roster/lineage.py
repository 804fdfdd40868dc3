"""No data islands: what must hold of the graph of assets itself."""

from collections.abc import Mapping, Set

FINAL = frozenset({"roster/published"})
"""Assets that may end a line: what people and other systems read."""


def islands(dependencies: Mapping[str, Set[str]], final: Set[str] = FINAL) -> list[str]:
    """One sentence for each asset that nothing uses and that is not final, and for each part cut off from the rest.

    `dependencies` maps every asset (`stage/name`) to what it is made from.
    """
    used = set().union(*dependencies.values()) if dependencies else set()
    found = [f"{asset} is used by no other asset" for asset in sorted(dependencies) if asset not in used and asset not in final]
    found += [f"{missing} is used but is no asset" for missing in sorted(used - dependencies.keys())]
    found += [f"{asset} is final, yet it does not exist" for asset in sorted(final - dependencies.keys())]
    parts = _parts(dependencies)
    for part in parts[1:]:
        found.append(f"{', '.join(sorted(part))} {'is' if len(part) == 1 else 'are'} not connected to the rest")
    return found


def _parts(dependencies: Mapping[str, Set[str]]) -> list[set[str]]:
    """The connected parts of the graph, the largest first."""
    neighbours: dict[str, set[str]] = {asset: set(sources) for asset, sources in dependencies.items()}
    for asset, sources in dependencies.items():
        for source in sources:
            neighbours.setdefault(source, set()).add(asset)
    parts, seen = [], set[str]()
    for start in sorted(neighbours):
        if start in seen:
            continue
        part, waiting = set[str](), [start]
        while waiting:
            asset = waiting.pop()
            if asset not in part:
                part.add(asset)
                waiting.extend(neighbours[asset] - part)
        seen |= part
        parts.append(part)
    return sorted(parts, key=len, reverse=True)
