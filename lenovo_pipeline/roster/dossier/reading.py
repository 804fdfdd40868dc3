"""A dossier for a person at a terminal. Neither pandas nor Dagster is imported, so that the command answers at once."""

import json
from collections.abc import Mapping
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.dossier.names import DOSSIER, FOLDER, PAGE, SBOM


def tell(store: Store, entry: str) -> str:
    """What the dossiers of an entry hold, and where they lie. Raises PermanentFailure if it has none."""
    found = {use_case: said for use_case, said in _all(store).items() if said.get("entry") == entry}
    if not found:
        known = sorted({str(said.get("entry")) for said in _all(store).values()})
        raise PermanentFailure(
            f"{entry} has no dossier, since it does not run in production",
            remedy=f"There are those of {', '.join(known)}." if known else "Nothing runs in production: roster status says why.",
        )
    return "\n\n".join(_told(store, use_case, said) for use_case, said in sorted(found.items()))


def place_of(store: Store, entry: str) -> list[str]:
    """Where the dossiers of an entry lie, relative to data/store; none if it has none."""
    return [
        f"{store.relative(store.artifacts / FOLDER)}/{use_case}/{PAGE}"
        for use_case, said in sorted(_all(store).items())
        if said.get("entry") == entry
    ]


def _all(store: Store) -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted((store.artifacts / FOLDER).glob(f"*/{DOSSIER}")):
        try:
            found[path.parent.name] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PermanentFailure(f"the dossier {path} cannot be read ({error})", remedy="Run: make run") from error
    return found


def _told(store: Store, use_case: str, said: Mapping[str, Any]) -> str:
    place = store.artifacts / FOLDER / use_case
    model, decision, datasets = said["model"], said["decision"], said["datasets"]
    asked = sum(each["questions"] for each in datasets["judged_by"]["strata"])
    licences = said["licences"]["packages"]
    return "\n".join(
        [
            f"{said['entry']}, in production for {use_case} since {said['since'][:16].replace('T', ' ')}",
            f"  page       {place / PAGE}",
            f"  data       {place / DOSSIER}",
            f"  materials  {place / SBOM} (CycloneDX, {len(said['packages'])} packages)",
            f"  model      {model['title']} by {model['provider']}; {model['licence']} ({model['licence_class']})",
            f"  judged by  {asked} questions of the test split; {len(model['figures'])} figures",
            f"  decision   {decision['decision_id']}: {decision['verdict']}, {decision['reason']}",
            f"  licences   {', '.join(f'{count} {name}' for name, count in list(licences.items())[:4])}, …",
            f"  lineage    {len(said['lineage']['assets'])} assets upstream, {len(datasets['versions'])} data versions",
        ]
    )
