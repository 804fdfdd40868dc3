"""What a dossier says, gathered from the tables of the stages: plain values that JSON holds, and nothing that was not stored.

Belongs here: which facts are in a dossier, and from where. Does not belong here: pages and files (pages.py, writing.py).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.dossier.packages import Package
from lenovo_pipeline.roster.reader import LAST, Snapshot
from lenovo_pipeline.roster.rule_kinds import not_kept, rules_of
from lenovo_pipeline.roster.tracing import trace

PRODUCTION = "production"
_OWN_DATA = "Apache License 2.0"
_DATA_TABLES = (
    "evaluation.items",
    "evaluation.probes",
    "gold.questions",
    "gold.qrels",
    "knowledge.chunks",
    "models.training_sets",
    "prompts.adversarial",
    "prompts.counterfactuals",
    "agents.tasks",
)
"""Tables that entries learn from or are judged with."""

Graph = Mapping[str, Mapping[str, Any]]
Json = dict[str, Any]


def dossiers(warehouse: Warehouse, book: Book, graph: Graph, packages: Sequence[Package]) -> list[Json]:
    """One for each entry in production, in the order of the use cases. Raises PermanentFailure for one whose decision is gone."""
    with warehouse.read() as connection:
        source = Snapshot(connection, "", "")
        running = source.rows(
            "SELECT d.*, e.* EXCLUDE (model) FROM roster.deployments d JOIN roster.entries e USING (entry)"
            " WHERE d.environment = ? ORDER BY d.use_case",
            [PRODUCTION],
        )
        return [_dossier(source, row, book, graph, packages) for row in running]


def not_running(warehouse: Warehouse) -> list[Json]:
    """For each use case in which nothing runs in production: what stands against the entries that break the fewest rules."""
    with warehouse.read() as connection:
        source = Snapshot(connection, "", "")
        runs = {
            row["use_case"] for row in source.rows("SELECT use_case FROM roster.deployments WHERE environment = ?", [PRODUCTION])
        }
        present = {row["entry"] for row in source.rows("SELECT entry FROM roster.entries WHERE runnable")}
        last = [row for row in source.rows(LAST) if row["environment"] == PRODUCTION and row["entry"] in present]
    found = []
    for use_case in sorted({row["use_case"] for row in last} - runs):
        mine = sorted((row for row in last if row["use_case"] == use_case), key=lambda row: (len(not_kept(row)), row["entry"]))
        nearest = [{name: row[name] for name in ("entry", "verdict", "reason")} for row in mine[:3]]
        found.append({"use_case": use_case, "candidates": len(mine), "nearest": nearest})
    return found


def upstream(graph: Graph, start: Iterable[str]) -> list[str]:
    """The assets of `start` and everything that they are made from."""
    found, waiting = set[str](), list(start)
    while waiting:
        asset = waiting.pop()
        if asset not in found and asset in graph:
            found.add(asset)
            waiting.extend(graph[asset]["deps"])
    return sorted(found)


def _dossier(source: Snapshot, row: Mapping[str, Any], book: Book, graph: Graph, packages: Sequence[Package]) -> Json:
    entry, use_case = str(row["entry"]), str(row["use_case"])
    decisions = source.rows(
        "SELECT decision_id, previous, decided_at, verdict, reason, evidence, headers, policy, rules"
        " FROM roster.decisions WHERE decision_id = ?",
        [row["decision_id"]],
    )
    if not decisions:
        raise PermanentFailure(
            f"{entry} runs for {use_case} by the decision {row['decision_id']}, which the log of decisions does not hold",
            remedy="Run: make run",
        )
    decision = decisions[0]
    policy = json.loads(decision["policy"])
    headers = [str(each) for each in decision["headers"]]
    versions = source.rows("SELECT qualified_name AS name, min(digest) AS digest FROM pipeline.tables GROUP BY 1 ORDER BY 1")
    known = {each["name"]: each["digest"] for each in versions}
    asset = f"evaluation/{row['kind']}"
    return {
        "entry": entry,
        "use_case": use_case,
        "environment": PRODUCTION,
        "description": policy["description"],
        "since": row["since"].isoformat(),
        "model": _model_card(source, row, headers),
        "datasets": _dataset_card(source, headers, known),
        "licences": _licences(source, row, packages),
        "decision": {
            **{name: decision[name] for name in ("decision_id", "previous", "verdict", "reason", "evidence", "headers")},
            "decided_at": decision["decided_at"].isoformat(),
            "rules": rules_of(decision),
            "policy": policy,
        },
        "scores": _headers(source, headers),
        "deployments": [
            {
                name: getattr(step, name)
                for name in ("sequence", "at", "kind", "entry", "replaced", "actor", "reason", "decision_id")
            }
            for step in book.history(PRODUCTION, use_case)
        ],
        "lineage": {
            "made_from": [line.strip() for line in trace(source, entry, headers)],
            "assets": {name: graph[name]["code_version"] for name in upstream(graph, [asset, "roster/decisions"])},
        },
        "packages": [[each.name, each.version, each.licence] for each in packages],
    }


def _model_card(source: Snapshot, row: Mapping[str, Any], headers: Sequence[str]) -> Json:
    entry, model = str(row["entry"]), str(row["model"])
    stated = source.rows("SELECT * FROM models.catalogue WHERE name = ?", [model])
    catalogue = stated[0] if stated else {}
    resolved = source.rows("SELECT * FROM models.foundation WHERE model = ?", [model]) if model else []
    foundation = resolved[0] if resolved else {}
    made_by = [json.loads(each["made_by"]) for each in source.rows(_MADE_BY, [list(headers)])]
    described: Json = next((said for each in made_by if "judge" not in (said := each.get("described", {}))), {})
    cost = source.rows("SELECT * FROM roster.cost WHERE entry = ?", [entry])
    elsewhere = source.rows(f"SELECT use_case, environment, verdict, reason FROM ({LAST}) WHERE entry = ? ORDER BY ALL", [entry])
    return {
        "kind": row["kind"],
        "base": model,
        "title": catalogue.get("title") or "this project's own code",
        "provider": catalogue.get("provider") or "this project",
        "family": catalogue.get("family"),
        "made_for": catalogue.get("use_case"),
        "languages": list(catalogue.get("languages") or ()),
        "context_length": foundation.get("context_length") or catalogue.get("context_length"),
        "parameters_billion": row["parameters_billion"],
        "size_mb": row["size_mb"],
        "targets": list(row["targets"]),
        "measured_targets": list(row["measured_targets"]),
        "revision": foundation.get("revision"),
        "tokenizer_hash": foundation.get("tokenizer_hash"),
        "template_hash": foundation.get("template_hash"),
        "artifact": described.get("artifact"),
        "prompt_version": described.get("prompt_version"),
        "generation": described.get("generation"),
        "licence": row["licence"],
        "licence_class": row["licence_class"],
        "licence_reference": catalogue.get("licence_reference") or "",
        "headers": list(headers),
        "figures": _figures(source, entry),
        "cost": {
            name: value for name, value in (cost[0] if cost else {}).items() if name not in ("content_hash", "entry", "kind")
        },
        "not_for": [each for each in elsewhere if each["verdict"] != "promoted"],
        "passport": json.loads(row["passport"]) if isinstance(row["passport"], str) else row["passport"],
    }


_MADE_BY = "SELECT header, made_by FROM evaluation.headers WHERE list_contains(?, header) ORDER BY header"


def _figures(source: Snapshot, entry: str) -> list[Json]:
    """Every figure with its interval, from all evaluations."""
    queries = {
        "leaderboard": "SELECT metric, slice, value, lower, upper, scored FROM evaluation.leaderboard WHERE candidate = ?"
        " ORDER BY metric, slice",
        "robustness": "SELECT 'right under attack' AS metric, scenario_group AS slice, mean AS value, lower, upper, scored"
        " FROM evaluation.robustness WHERE candidate = ? ORDER BY slice",
        "bias": "SELECT 'gap of ' || measure AS metric, characteristic AS slice, gap AS value, lower, upper, pairs AS scored"
        " FROM evaluation.bias WHERE candidate = ? ORDER BY metric, slice",
        "agentic_workflow": "SELECT metric, slice, value, lower, upper, scored FROM evaluation.agentic_workflow"
        " WHERE candidate = ? ORDER BY metric, slice",
    }
    return [
        {"evaluation": table, **row}
        for table, query in queries.items()
        if source.there("evaluation", table)
        for row in source.rows(query, [entry])
    ]


def _dataset_card(source: Snapshot, headers: Sequence[str], known: Mapping[str, str]) -> Json:
    asked = source.rows("SELECT category, language, count(*) AS questions FROM evaluation.items GROUP BY ALL ORDER BY ALL")
    splits = source.rows("SELECT split, count(*) AS questions FROM gold.questions GROUP BY ALL ORDER BY ALL")
    trained = (
        source.rows(
            "SELECT version, domain, split, task, count(*) AS examples FROM models.training_sets GROUP BY ALL ORDER BY ALL"
        )
        if source.there("models", "training_sets")
        else []
    )
    scores = source.rows(
        "SELECT header, items, items_hash FROM evaluation.headers WHERE list_contains(?, header)", [list(headers)]
    )
    return {
        "judged_by": {"split": "test", "headers": scores, "strata": asked},
        "gold_splits": splits,
        "training": trained,
        "versions": {name: known[name] for name in _DATA_TABLES if name in known},
        "origin": "A seeded, simulated enterprise world: no person in it exists. Files in data/uploads are the user's own.",
    }


def _licences(source: Snapshot, row: Mapping[str, Any], packages: Sequence[Package]) -> Json:
    stated = source.rows(
        "SELECT licence, licence_reference, licence_class, commercial_use, redistribution, modification, conditions"
        " FROM models.catalogue WHERE name = ?",
        [row["model"]],
    )
    own = {"licence": row["licence"], "licence_class": row["licence_class"], "conditions": []}
    external = (
        source.rows("SELECT licence, count(*) AS prompts FROM prompts.external GROUP BY ALL ORDER BY ALL")
        if source.there("prompts", "external", "licence")
        else []
    )
    uploads = source.rows("SELECT count(*) AS files FROM uploads.files") if source.there("uploads", "files") else [{"files": 0}]
    counted: dict[str, int] = {}
    for package in packages:
        counted[package.licence] = counted.get(package.licence, 0) + 1
    return {
        "model": stated[0] if stated else own,
        "data": {
            "simulated world, questions and training sets": _OWN_DATA,
            "uploads": f"{uploads[0]['files']} files of the user, whose licences are the user's to know",
            "imported prompts": {str(each["licence"]): each["prompts"] for each in external},
        },
        "packages": dict(sorted(counted.items(), key=lambda each: (-each[1], each[0]))),
    }


def _headers(source: Snapshot, headers: Sequence[str]) -> list[Json]:
    return [{"header": row["header"], **json.loads(row["made_by"])} for row in source.rows(_MADE_BY, [list(headers)])]
