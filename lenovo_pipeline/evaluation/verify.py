"""What must hold of items, scores, the leaderboard and builds, as sentences about what does not. No Dagster here."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.evaluation.builds import Built, refusals
from lenovo_pipeline.evaluation.items import asked_of
from lenovo_pipeline.evaluation.judge import hashed
from lenovo_pipeline.evaluation.lift import LEVEL_MAY_FALL, beyond_limit
from lenovo_pipeline.evaluation.scoring import SAID_LENGTH
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.retrieval.passages import SOURCES_MARK

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


def unknown_sources(scores: pd.DataFrame, records: Collection[str]) -> list[str]:
    """Answers of workflows that name a source which is no record; one that was cut for storing is read as far as it goes."""
    found = []
    for candidate, question_id, said in zip(scores["candidate"], scores["question_id"], scores["said"], strict=True):
        _, mark, named = str(said).rpartition(SOURCES_MARK)
        sources = [each.strip() for each in named.split(",")] if mark else []
        if len(said) >= SAID_LENGTH:
            sources = sources[:-1]
        found += [f"{candidate} names {each!r} as a source of {question_id}" for each in sources if each not in records]
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


def unfit_judgements(judgements: pd.DataFrame, scores: Mapping[str, pd.DataFrame]) -> list[str]:
    """Models that graded themselves, grades of other answers than those that stand, and missing grades without a reason."""
    answers = {
        (str(candidate), str(question)): hashed(answer)
        for frame in scores.values()
        for candidate, question, answer in zip(frame["candidate"], frame["question_id"], frame["answer"], strict=True)
    }
    found = []
    for row in judgements.to_dict("records"):
        where = f"{row['candidate']}, {row['question_id']}"
        if row["judge"] == row["model"]:
            found.append(f"{where}: {row['judge']} graded itself")
        if answers.get((row["candidate"], row["question_id"])) != row["answer"]:
            found.append(f"{where}: what was graded is not what was answered")
        if row["score"] != row["score"] and not row["reason"]:
            found.append(f"{where}: there is no grade, and nothing says why")
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
    """Candidates that were asked other questions than those that evaluation.items has for their kind."""
    found = []
    for kind, frame in scores.items():
        wanted = asked_of(kind, items)
        for candidate, mine in frame.groupby("candidate"):
            asked = set(mine["question_id"])
            if asked != wanted:
                found.append(
                    f"{kind}: {candidate} was asked {len(asked & wanted)} of the {len(wanted)} questions and "
                    f"{len(asked - wanted)} others; run its partition again"
                )
    return found


def unevaluated_builds(
    builds: Sequence[Built], kind: str, scores: pd.DataFrame, foundations: pd.DataFrame, store: Store
) -> list[str]:
    """Builds of one kind that have no scores, each with the reason and what to run."""
    scored = set(scores["candidate"])
    reasons: dict[str, str] = {}
    for foundation in rows_of(foundations):
        mine = [built for built in builds if built.model == foundation["model"]]
        reasons |= refusals(mine, foundation, store)
    return [
        f"{built.name}: {reasons.get(built.name, f'it could not be opened, or was made since. {built.remedy}')}"
        for built in builds
        if built.kind == kind and (built.name not in scored or built.name in reasons)
    ]


def fallen_builds(lift: pd.DataFrame) -> list[str]:
    """Edge builds whose quality fell further than their level may."""
    return [
        f"{row['candidate']} is {row['level']}, which may fall by {100 * LEVEL_MAY_FALL[row['level']]:g} points: {row['note']}"
        for row in rows_of(lift)
        if beyond_limit(row)
    ]


def unfounded_lift(lift: pd.DataFrame) -> list[str]:
    """Rows that claim more than they show: a requirement met by too few items, or by an interval that does not lie above zero."""
    found = []
    for row in lift[lift["met"].map(lambda met: met is True or met == 1)].to_dict("records"):
        where = f"{row['candidate']}, {row['measure']} against {row['against']}"
        if row["items"] < row["needed"]:
            found.append(f"{where} is met with {row['items']} of {row['needed']:.0f} items")
        if row["measure"] == "token_f1" and not row["lower"] > 0:
            found.append(f"{where} is met, though its interval begins at {row['lower']}")
    return found
