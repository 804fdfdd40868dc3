"""What the report is made of, fetched from the stores. Belongs here: reading only."""

import pandas as pd

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.builds import stored_builds
from lenovo_pipeline.evaluation.keeping import all_scores, stored_rows
from lenovo_pipeline.evaluation.pressure.tables import BIAS, ROBUSTNESS, STRESS
from lenovo_pipeline.evaluation.report.pages import Evidence, embedded
from lenovo_pipeline.models.tables import FOUNDATION
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

_MB = 1e6


def gathered(
    leaderboard: pd.DataFrame,
    lift: pd.DataFrame,
    comparisons: pd.DataFrame,
    questions: pd.DataFrame,
    warehouse: Warehouse,
    store: Store,
) -> Evidence:
    """The evidence of a report. A table that was never made counts as empty: the page says that nothing was measured."""
    scores = all_scores(warehouse)
    known = {kind: frame for kind, frame in scores.items() if len(frame)}
    asked = {str(each) for frame in known.values() for each in frame["question_id"]}
    chosen = questions[questions["question_id"].isin(asked)].astype(dict.fromkeys(("question", "answer"), str))
    texts, answers = (dict(zip(chosen["question_id"], chosen[name], strict=True)) for name in ("question", "answer"))
    return Evidence(
        leaderboard,
        lift,
        _rows(warehouse, ROBUSTNESS),
        _rows(warehouse, BIAS),
        _rows(warehouse, STRESS),
        comparisons,
        _rows(warehouse, AGENTIC_WORKFLOW),
        known,
        texts,
        answers,
        sizes(leaderboard, warehouse),
        _drawn(store),
    )


def sizes(leaderboard: pd.DataFrame, warehouse: Warehouse) -> dict[str, float | None]:
    """Size in MB by candidate: of a build its files, of an adapter those of its base too, of anything else its base model."""
    foundation = stored_rows(warehouse, FOUNDATION)
    base = {} if foundation is None else dict(zip(foundation["model"], foundation["size_bytes"], strict=True))
    built = {each.name: each for each in stored_builds(warehouse)}
    found: dict[str, float | None] = {}
    for row in leaderboard.drop_duplicates("candidate").to_dict("records"):
        each = built.get(row["candidate"])
        whole = base.get(row["model"])
        whole = None if whole is None or whole != whole else float(whole)
        if each is None:
            size = whole
        elif each.row["format"] == "adapter":
            size = None if whole is None else whole + float(each.row["size_bytes"])
        else:
            size = float(each.row["size_bytes"])
        found[row["candidate"]] = None if size is None else size / _MB
    return found


def _rows(warehouse: Warehouse, table: Table) -> pd.DataFrame:
    found = stored_rows(warehouse, table)
    return pd.DataFrame(columns=list(table.column_names)) if found is None else found


def _drawn(store: Store) -> dict[str, str]:
    found = {}
    for name, title in (("correct", "Right answers"), ("by_category", "By category")):
        path = store.artifacts / "leaderboard" / f"{name}.png"
        if path.is_file():
            found[title] = embedded(path)
    for name in ("robustness", "bias", "stress"):
        for path in sorted((store.artifacts / name).glob(f"*/{name}.png")):
            found[f"{name.title()}: {path.parent.name}"] = embedded(path)
    return found
