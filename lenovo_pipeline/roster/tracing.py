"""From an entry to what it was made from: scores of its questions, its build, the training examples and the records behind both.

Belongs here: following the columns that say what a row was derived from, through the published snapshot. Does not belong
here: the rules of its decisions (reader.py), and what a change would touch (blast.py).
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lenovo_pipeline.roster.reader import Snapshot

_BUILD_TABLES = """
SELECT table_name FROM duckdb_columns() WHERE schema_name = 'models' AND column_name IN ('build', 'artifact', 'training_set')
GROUP BY table_name HAVING count(*) = 3 AND table_name <> 'adapter_registry' ORDER BY 1
"""
_SHOWN = 5
"""Items, examples and records that are named; the others are counted."""


def trace(snapshot: "Snapshot", entry: str, headers: Sequence[str]) -> list[str]:
    """The lines that say what an entry's figures and the entry itself were made from, each with its version."""
    made = snapshot.rows("SELECT header, kind, made_by FROM evaluation.headers WHERE list_contains(?, header)", [list(headers)])
    lines = [line for row in made for line in _scores(snapshot, row["kind"], row["header"])]
    lines += _attempts(snapshot, headers)
    builds = _builds(snapshot, entry, [json.loads(row["made_by"]) for row in made])
    for build in builds:
        lines += _build(snapshot, build)
    return [*lines, *_versions(snapshot, [build["table_name"] for build in builds])]


def _scores(snapshot: "Snapshot", kind: str, header: str) -> list[str]:
    if not _there(snapshot, "evaluation", kind):
        return []
    if kind == "judgements":
        query = "SELECT count(*) AS n, sum(score) AS right, count(score) AS graded FROM evaluation.judgements WHERE header = ?"
        (found,) = snapshot.rows(query, [header])
        return [
            f"  grades of {header}: {found['n']} in evaluation.judgements; {found['right'] or 0:.0f} correct, "
            f"{found['graded'] - (found['right'] or 0):.0f} wrong, {found['n'] - found['graded']} without a grade"
        ]
    rows = snapshot.rows(
        f'SELECT question_id, correct, said, failure FROM evaluation."{kind}" WHERE header = ? ORDER BY question_id', [header]
    )
    right = [row for row in rows if row["correct"] == 1]
    wrong = [row for row in rows if row["correct"] is not None and row["correct"] < 1]
    lines = [
        f"  items of {header}: {len(rows)} in evaluation.{kind}; {len(right)} right, {len(wrong)} not, "
        f"{len(rows) - len(right) - len(wrong)} without a score"
    ]
    lines += [f"    not right: {row['question_id']} {_cut(row['failure'] or row['said'])}" for row in wrong[:_SHOWN]]
    if _there(snapshot, "gold", "questions"):
        records = snapshot.rows(
            f'SELECT DISTINCT unnest(q.evidence_ids) AS record FROM evaluation."{kind}" s'
            " JOIN gold.questions q USING (question_id) WHERE s.header = ? ORDER BY 1",
            [header],
        )
        lines.append(f"    answered by {_named([row['record'] for row in records], 'record')}")
    return lines


def _attempts(snapshot: "Snapshot", headers: Sequence[str]) -> list[str]:
    """What an agent did, attempt by attempt; nothing for what is none."""
    if not _there(snapshot, "evaluation", "agentic_workflow") or not _there(snapshot, "agents", "attempts"):
        return []
    rows = snapshot.rows(
        "SELECT DISTINCT a.task_id, a.workflow, a.build, a.success, a.shortfall, f.header FROM evaluation.agentic_workflow f"
        " JOIN agents.attempts a USING (model, workflow) WHERE list_contains(?, f.header) ORDER BY a.task_id",
        [list(headers)],
    )
    if not rows:
        return []
    failed = [row for row in rows if not row["success"]]
    builds = ", ".join(sorted({row["build"] for row in rows}))
    lines = [
        f"  attempts of {rows[0]['workflow']} ({rows[0]['header']}), answered by {builds}: {len(rows)} tasks in agents.attempts; "
        f"{len(rows) - len(failed)} succeeded, {len(failed)} did not"
    ]
    lines += [f"    did not succeed: {row['task_id']} {_cut(row['shortfall'])}" for row in failed[:_SHOWN]]
    return lines


def _builds(snapshot: "Snapshot", entry: str, made_by: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of build tables that the entry is, or whose files its scores were made with."""
    described = [each.get("described", {}) for each in made_by]
    artifacts = sorted({str(each[name]) for each in described for name in ("artifact", "adapter") if each.get(name)})
    found, seen = [], set[str]()
    for each in snapshot.rows(_BUILD_TABLES):
        rows = snapshot.rows(
            f"SELECT '{each['table_name']}' AS table_name, build, method, domain, artifact, path, base_revision, training_set,"
            " made_by"
            f' FROM models."{each["table_name"]}" WHERE build = ? OR list_contains(?, artifact) ORDER BY build <> ?, build',
            [entry, artifacts, entry],
        )
        for row in rows:
            # Builds for several targets may be one and the same files.
            if row["artifact"] not in seen:
                seen.add(row["artifact"])
                found.append(row)
    return found


def _build(snapshot: "Snapshot", row: Mapping[str, Any]) -> list[str]:
    made_by = json.loads(row["made_by"])
    lines = [
        f"  build {row['build']} ({row['method']}), artifact {row['artifact'][:16]} in {row['path']}, "
        f"base revision {row['base_revision']}, code {made_by.get('versions', {}).get('code', 'unknown')}"
    ]
    parents = [made_by[name] for name in ("adapter", "parent", "teacher", "source") if isinstance(made_by.get(name), str)]
    lines += [f"    made from {parent}" for parent in parents]
    if made_by.get("start"):
        lines.append(f"    went on from the weights {made_by['start'][:16]}, which a longer training left")
    if not row["training_set"] or not _there(snapshot, "models", "training_sets"):
        return lines
    # Who learns from all domains is given every one of them, and the rehearsals besides.
    domains = [row["domain"], "all"]
    examples = snapshot.rows(
        "SELECT example_id, record_ids FROM models.training_sets WHERE version = ? AND split = 'train'"
        " AND (list_contains(?, domain) OR ? = 'all') ORDER BY example_id",
        [row["training_set"], domains, row["domain"]],
    )
    if not examples:
        return [*lines, f"    trained on {row['training_set']}, of which this snapshot holds no examples any more"]
    records = sorted({record for example in examples for record in example["record_ids"] or ()})
    named = _named([example["example_id"] for example in examples], "example")
    lines.append(f"    chosen from training set {row['training_set']}: {named}")
    lines.append(f"    made from {_named(records, 'record')}")
    return lines


def _versions(snapshot: "Snapshot", tables: Sequence[str]) -> list[str]:
    wanted = ["gold.questions", "models.training_sets", "evaluation.items", *(f"models.{table}" for table in tables)]
    rows = snapshot.rows(
        "SELECT qualified_name AS name, min(digest) AS digest FROM pipeline.tables WHERE list_contains(?, qualified_name)"
        " GROUP BY 1 ORDER BY 1",
        [wanted],
    )
    said = ", ".join(f"{row['name']} {row['digest'][:12]}" for row in rows)
    return [f"  data versions: {said}"] if rows else []


def _there(snapshot: "Snapshot", schema: str, table: str) -> bool:
    found = snapshot.rows("SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?", [schema, table])
    return bool(found)


def _named(ids: Sequence[str], what: str) -> str:
    rest = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"{len(ids)} {what}{'' if len(ids) == 1 else 's'}{': ' if ids else ''}{', '.join(ids[:_SHOWN])}{rest}"


def _cut(text: str | None) -> str:
    flat = " ".join((text or "").split())
    return f"“{flat[:60]}…”" if len(flat) > 60 else f"“{flat}”"
