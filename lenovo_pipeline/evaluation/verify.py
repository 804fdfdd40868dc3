"""What must hold of items, scores and the leaderboard, as sentences about what does not. No Dagster here."""

from collections.abc import Mapping

import pandas as pd

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.header import Header

MOST_FAILURES = 0.1


def unfit_items(items: pd.DataFrame, questions: pd.DataFrame) -> list[str]:
    """Items that are no test questions, and items with an answer but without evidence."""
    joined = items.merge(questions[["question_id", "split", "answer_type"]], on="question_id", how="left")
    other = joined[joined["split"] != "test"]
    found = [f"{row.question_id} is of split {row.split}, expected test" for row in other.itertuples()]
    bare = joined[(joined["answer_type"] != "refusal") & (joined["passage_ids"].map(len) == 0)]
    return found + [f"{question_id} has an answer, but no evidence is shown with it" for question_id in bare["question_id"]]


def failing_candidates(scores: pd.DataFrame, most: float = MOST_FAILURES) -> list[str]:
    """Candidates with more than this share of failures, each with its most frequent one."""
    found = []
    for candidate, mine in scores.groupby("candidate"):
        failures = mine["failure"].dropna()
        if len(failures) > most * len(mine):
            found.append(
                f"{candidate} failed on {len(failures)} of {len(mine)} questions, most often: {failures.value_counts().index[0]}"
            )
    return found


def headerless_scores(scores: Mapping[str, pd.DataFrame], headers: pd.DataFrame) -> list[str]:
    """Headers that scores name and that are not kept, and headers whose content is not what their name says."""
    kept = set(headers["header"])
    cited = {
        (kind, str(candidate), str(header))
        for kind, frame in scores.items()
        for candidate, header in zip(frame["candidate"], frame["header"], strict=True)
    }
    found = [
        f"{kind}: {candidate} names the header {header}, which is not kept"
        for kind, candidate, header in sorted(cited)
        if header not in kept
    ]
    for name, made_by in zip(headers["header"], headers["made_by"], strict=True):
        try:
            actual = Header.from_json(str(made_by)).hash
        except PermanentFailure as error:
            found.append(f"{name}: {error}")
            continue
        if actual != name:
            found.append(f"the header {name} was changed: its content hashes to {actual}")
    return found


def disorder(leaderboard: pd.DataFrame) -> list[str]:
    """Where the references are not where they must be by definition."""
    answerable = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")]
    correct = dict(zip(answerable["candidate"], answerable["value"], strict=True))
    expected = {"oracle": 1.0, "always-refuse": 0.0}
    found = [
        f"{candidate} has no figure"
        if correct.get(candidate) is None
        else f"{candidate} is right on {correct[candidate]:.3f} of the answerable questions, expected {value:g}"
        for candidate, value in expected.items()
        if correct.get(candidate) != value
    ]
    ceiling = correct.get("oracle")
    if ceiling is not None:
        found += [
            f"{candidate} ({value:.3f}) is better than the oracle ({ceiling:.3f})"
            for candidate, value in sorted(correct.items())
            if value == value and value > ceiling
        ]
    return found


def other_items(scores: Mapping[str, pd.DataFrame], items: pd.DataFrame) -> list[str]:
    """Candidates that were asked other questions than those of evaluation.items."""
    wanted = set(items["question_id"])
    found = []
    for kind, frame in scores.items():
        for candidate, mine in frame.groupby("candidate"):
            asked = set(mine["question_id"])
            if asked != wanted:
                found.append(
                    f"{kind}: {candidate} was asked {len(asked & wanted)} of the {len(wanted)} questions and "
                    f"{len(asked - wanted)} others; run its partition again"
                )
    return found
