"""The answers of candidates as they are stored, graded by the judge that is configured; nothing is graded twice.

Belongs here: whose answers are graded, and the way between the stores and a judge. What a judge is asked, and what its word
counts for, is the business of judge.py.
"""

import json
import time
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_by, rows_of
from lenovo_pipeline.evaluation.judge import ABSTAINED, FAILED, GENERATION, Judge, Judged, hashed, judge_version
from lenovo_pipeline.evaluation.keeping import BATCH_SIZE, Kept, all_scores
from lenovo_pipeline.evaluation.metrics import JUDGED
from lenovo_pipeline.evaluation.tables import JUDGEMENTS
from lenovo_pipeline.failures import PermanentFailure, PipelineError, SkippedPartition
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.measures.metrics.metric import Score
from lenovo_pipeline.models.candidate import open_foundation
from lenovo_pipeline.models.foundation import resolve
from lenovo_pipeline.models.tables import CATALOGUE
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.asking import Asking
from lenovo_pipeline.resources.store import write_text_aside
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import PROJECT_ROOT

OFF = "Nobody grades answers. To switch a judge on, name a model of data/catalogue/models.yaml: LENOVO_JUDGE=<model> make run"
_IDENTITY = ("model", "source", "revision", "tokenizer_hash", "template_hash", "identity")
_SAY_EVERY_S = 5.0

Say = Callable[[str], None]


def judged_answers(asking: Asking, *, say: Say, warn: Say) -> Kept:
    """A row for each answer of a candidate that has a model (contract JUDGEMENTS); none without a judge that can be reached.

    Answers of the judge's own model are left out. Grades lie in a file by the judge's version and the answer's hash, as soon as
    they are given: what was graded is not asked again, what failed is. Raises PermanentFailure for a judge that the catalogue
    does not have.
    """
    name = asking.settings.judge
    if not name:
        return _nothing(OFF)
    models = rows_by(asking.warehouse.load(CATALOGUE), "name")
    if name not in models:
        raise PermanentFailure(
            f"LENOVO_JUDGE is {name!r}, which is no model of the catalogue",
            remedy=f"Unset it, or name one of {', '.join(models)}.",
        )
    answers, own = _answers(asking.warehouse, name)
    try:
        foundation = resolve(models[name], asking.inference, PROJECT_ROOT, bundled=DEFAULT_MODEL)
        described = {each: foundation[each] for each in _IDENTITY}
        judge = {**described, "version": judge_version(described)}
        grades = Grades(asking.store.artifacts / JUDGEMENTS.name / f"{judge['version']}.jsonl", {each["key"] for each in answers})
        left = {each["key"]: each["judged"] for each in answers if each["key"] not in grades.known}
        say(f"{name} grades {len(left)} answers; {len(grades.known)} others were graded before.")
        if left:
            backend = open_foundation(foundation, models[name], asking.inference)
            try:
                found = grades.known | _ask(Judge(backend, described), left, grades, say)
            finally:
                backend.close()
        else:
            found = grades.known
    except (PipelineError, SkippedPartition) as error:
        warn(f"No answer is graded. {error}")
        return _nothing(f"{name} cannot be asked: {error}")
    rows = [
        {**each, "judge": name, "judge_version": judge["version"], "weight": asking.settings.judge_weight}
        | {"answer": hashed(each["answer"]), "score": found[each["key"]].value, "reason": found[each["key"]].reason or None}
        for each in answers
    ]
    frame = _headed(pd.DataFrame(rows, columns=[*JUDGEMENTS.column_names, "key", "of"]), judge)
    without = frame["reason"].dropna()
    return Kept(
        frame[list(JUDGEMENTS.column_names)],
        {
            "judge": f"{name} (judge {judge['version']}), weight {asking.settings.judge_weight:g}",
            "answers": len(frame),
            "asked": len(left),
            "without_a_grade": len(without),
            **({"most_often_because": str(without.value_counts().index[0])} if len(without) else {}),
            "left_out": f"{own} answers of {name} and its builds: a judge does not grade itself",
            "headline": f"Judge: {name} graded {len(frame) - len(without)} of {len(frame)} answers, {own} of its own left out",
        },
    )


class Grades:
    """What one judge said, in a file that grows with each batch: a line [hash of the answer, grade or null] for each answer."""

    def __init__(self, path: Path, wanted: Set[str]) -> None:
        """Open or start the file. What is not `wanted` any more, or was cut, is dropped."""
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
        self.path = path
        self.known = {key: score for key, score in filter(None, map(_read, lines)) if key in wanted}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text_aside(path, _lines(self.known))

    def add(self, grades: Mapping[str, Score]) -> None:
        """Add grades, which are in the file when this returns; an answer that the judge failed at is left to be asked again."""
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write(_lines({key: score for key, score in grades.items() if not score.reason.startswith(FAILED)}))


def _read(line: str) -> tuple[str, Score] | None:
    try:
        key, value = json.loads(line)
    except (ValueError, TypeError):
        return None
    return key, Score(None, ABSTAINED) if value is None else Score(float(value))


def _lines(grades: Mapping[str, Score]) -> str:
    return "".join(json.dumps([key, score.value]) + "\n" for key, score in grades.items())


def _answers(warehouse: Warehouse, judge: str) -> tuple[list[dict[str, Any]], int]:
    """Every answer to be graded: its columns, `of` (the header of its scores), what is asked (`judged`) and the hash of that
    (`key`); and how many there are of the judge's own model.
    """
    questions = rows_by(warehouse.load(QUESTIONS), "question_id")
    frames = all_scores(warehouse).values()
    given = [frame[(frame["model"] != "") & frame["failure"].isna()] for frame in frames]
    names = {"model": "model", "candidate": "candidate", "question_id": "question_id", "answer": "answer", "header": "of"}
    rows = [row for frame in given for row in rows_of(frame[list(names)].rename(columns=names))]
    found = []
    for row in rows:
        # Scores of a question that there is no more count for nothing.
        if row["model"] != judge and (asked := questions.get(row["question_id"])) is not None:
            unit = f" {asked['unit']}" if isinstance(asked["unit"], str) else ""
            right = " or ".join([f"{asked['answer']}{unit}", *asked["aliases"]])
            key = hashed(asked["question"], right, row["answer"])
            found.append({**row, "judged": Judged(asked["question"], right, row["answer"]), "key": key})
    return found, sum(row["model"] == judge for row in rows)


def _ask(judge: Judge, left: Mapping[str, Judged], grades: Grades, say: Say) -> dict[str, Score]:
    """What the judge says of each; after a batch in which it failed at everything, the rest is not asked."""
    found: dict[str, Score] = {}
    keys, said = list(left), time.monotonic()
    for start in range(0, len(keys), BATCH_SIZE):
        batch = keys[start : start + BATCH_SIZE]
        new = dict(zip(batch, judge.scores([left[key] for key in batch]), strict=True))
        grades.add(new)
        found |= new
        if all(score.reason.startswith(FAILED) for score in new.values()):
            rest = keys[start + len(batch) :]
            return found | dict.fromkeys(rest, Score(None, f"{FAILED}it was not asked, after failing at {len(batch)} in a row"))
        if len(found) == len(keys) or time.monotonic() - said >= _SAY_EVERY_S:
            said = time.monotonic()
            say(f"{len(found)} of {len(keys)} answers graded.")
    return found


def _headed(frame: pd.DataFrame, judge: Mapping[str, Any]) -> pd.DataFrame:
    """The rows with the header of each candidate's grades: who graded which of its scores, and for how much that counts."""
    headers = {
        # Packages and machine are left out as in the judge's version: what is graded is not graded again for another one.
        candidate: Header(
            candidate=str(candidate),
            described={"judge": dict(judge), "weight": float(mine["weight"].iloc[0]), "of": str(mine["of"].iloc[0])},
            items=len(mine),
            items_hash=hashed(sorted(mine["key"])),
            data_version="",
            metrics=(JUDGED,),
            batch_size=BATCH_SIZE,
            timeout_s=GENERATION.timeout_s,
            seed=GENERATION.seed or 0,
            measures="",
            packages={},
            hardware={},
        )
        for candidate, mine in frame.groupby("candidate")
    }
    of = [headers[candidate] for candidate in frame["candidate"]]
    return frame.assign(header=[each.hash for each in of], made_by=[each.to_json() for each in of])


def _nothing(why: str) -> Kept:
    return Kept(pd.DataFrame(columns=list(JUDGEMENTS.column_names)), {"judge": why, "answers": 0})
