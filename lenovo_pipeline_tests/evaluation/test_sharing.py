"""Questions in shares: the table is that of one process, nothing is asked twice, and an interruption loses no share."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation import scoring
from lenovo_pipeline.evaluation.kinds import raw_contenders
from lenovo_pipeline.evaluation.scoring import Contender, Scored, score_all
from lenovo_pipeline.evaluation.tables import RAW_FOUNDATION
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.candidate import Answer, Question
from lenovo_pipeline.measures.runner import Interrupted, RunSettings
from lenovo_pipeline.models.catalogue import read_catalogue, require_row
from lenovo_pipeline.models.foundation import resolve
from lenovo_pipeline.resources.beside import Beside
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

SETTINGS = RunSettings(batch_size=3, timeout_s=60.0)
_TOOK = ["latency_s", "first_token_s"]


@dataclass
class Echo:
    """Answers with the question, and writes down which process was asked what."""

    name: str
    place: Path
    slow_in: int = 0
    """The process whose first answer takes seconds, until the other one has started."""

    opens: bool = True
    interrupted_after: int | None = None

    def describe(self) -> dict[str, Any]:
        return {"name": self.name}

    def prepare(self) -> None:
        if not self.opens:
            raise PermanentFailure(f"{self.name} is damaged", remedy="Make it anew.")

    def close(self) -> None:
        pass

    def answer(self, question: Question) -> Answer:
        return self.answer_batch([question])[0]

    def answer_batch(self, questions: Sequence[Question]) -> list[Answer]:
        if os.getpid() == self.slow_in:
            if not _asked(self.place):
                time.sleep(6)
            if self.interrupted_after is not None and len(_asked(self.place)) >= self.interrupted_after:
                raise KeyboardInterrupt
        with (self.place / f"{os.getpid()}.asked").open("a", encoding="utf-8") as handle:
            handle.writelines(f"{self.name} {question.question_id}\n" for question in questions)
        return [Answer(f"Answer: {question.text}") for question in questions]


@dataclass
class Grounded(Echo):
    """One whose answers rest on what only the process at `home` can look up."""

    home: int = 0
    found: dict[str, str] = field(default_factory=dict)

    def grounds(self, questions: Sequence[Question]) -> list[str]:
        for question in questions:
            if question.text not in self.found:
                assert os.getpid() == self.home
                self.found[question.text] = question.text[::-1]
        return [self.found[question.text] for question in questions]


def _asked(place: Path) -> list[str]:
    return [line for path in sorted(place.glob("*.asked")) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    monkeypatch.setattr(scoring, "_WORTH_SHARING", 10)
    opened = Beside(2)
    yield opened
    opened.close()


def score(contenders: Sequence[Contender], logs: Path, beside: Beside | None, stored: pd.DataFrame | None = None) -> Scored:
    return score_all(contenders, RAW_FOUNDATION, stored, logs=logs, settings=SETTINGS, beside=beside)


def test_two_processes_make_the_table_of_one(tmp_path: Path, gold: Any, beside: Beside) -> None:
    items = gold.asked()[1]

    def contenders(place: Path, slow_in: int) -> list[Contender]:
        place.mkdir()
        named = [Echo("a", place, slow_in), Echo("b", place, opens=False), Echo("c", place), Echo("d", place)]
        # The last one is no value that could be sent.
        return [Contender(each, items, "lenovo-nano", alone=True, shareable=each.name != "d") for each in named]

    alone = score(contenders(tmp_path / "one", 0), tmp_path / "logs of one", None)
    both = score(contenders(tmp_path / "two", os.getpid()), tmp_path / "logs of two", beside)
    pd.testing.assert_frame_equal(both.frame.drop(columns=_TOOK), alone.frame.drop(columns=_TOOK))
    assert (both.asked, both.taken_over, both.anew) == (alone.asked, 0, alone.anew)
    assert both.refused == alone.refused == {"b": "b is damaged. Make it anew."}
    assert sorted(_asked(tmp_path / "two")) == sorted(_asked(tmp_path / "one"))
    assert len(list((tmp_path / "two").glob("*.asked"))) == 2, "the other process had a share"
    again = score(contenders(tmp_path / "three", 0), tmp_path / "logs of two", beside, both.frame)
    assert (again.asked, _asked(tmp_path / "three")) == (0, [])


def test_what_answers_rest_on_is_looked_up_here_before_the_other_process_has_its_share(
    tmp_path: Path, gold: Any, beside: Beside
) -> None:
    items = gold.asked()[1]

    def contender(name: str, slow_in: int) -> Contender:
        (tmp_path / name).mkdir()
        return Contender(Grounded("a", tmp_path / name, slow_in, home=os.getpid()), items, "lenovo-nano", shareable=True)

    alone = score([contender("one", 0)], tmp_path / "logs of one", None)
    both = score([contender("two", os.getpid())], tmp_path / "logs of two", beside)
    pd.testing.assert_frame_equal(both.frame.drop(columns=_TOOK), alone.frame.drop(columns=_TOOK))
    assert both.failed == 0 and len(list((tmp_path / "two").glob("*.asked"))) == 2


def test_what_both_processes_had_when_they_were_interrupted_is_not_asked_again(tmp_path: Path, gold: Any, beside: Beside) -> None:
    items = gold.asked()[1]
    first = Echo("a", tmp_path, os.getpid(), interrupted_after=15)
    with pytest.raises(Interrupted):
        score([Contender(first, items, "lenovo-nano", shareable=True)], tmp_path / "logs", beside)
    known = set(_asked(tmp_path))
    assert 0 < len(known) < len(items)
    rest = score(
        [Contender(replace(first, interrupted_after=None), items, "lenovo-nano", shareable=True)], tmp_path / "logs", None
    )
    assert (len(rest.frame), rest.asked) == (len(items), len(items) - len(known))
    assert sorted(_asked(tmp_path)) == sorted(f"a {item.question_id}" for item in items)


def test_few_questions_and_candidates_that_cannot_be_sent_are_asked_here(tmp_path: Path, gold: Any, beside: Beside) -> None:
    items = gold.asked()[1]
    few = [Contender(Echo("few", tmp_path, os.getpid()), items[:9], "lenovo-nano", shareable=True)]
    unsendable = Echo("unsendable", tmp_path)
    unsendable.describe = lambda: {"name": "unsendable"}  # type: ignore[method-assign]
    for contenders in (few, [Contender(unsendable, items, "lenovo-nano", shareable=True)]):
        assert score(contenders, tmp_path / "logs", beside).failed == 0
    assert [path.stem for path in tmp_path.glob("*.asked")] == [str(os.getpid())]


def test_the_bundled_model_says_the_same_in_either_process(tmp_path: Path, settings: Settings, gold: Any, beside: Beside) -> None:
    row = require_row(read_catalogue(settings.catalogue).rows(), "lenovo-nano")
    inference = Inference(settings)
    foundation = resolve(row, inference, PROJECT_ROOT, bundled="lenovo-nano")
    found = []
    for helpers in (None, beside):
        with raw_contenders(foundation, row, inference, *gold.asked()) as contenders:
            found.append(score(contenders, tmp_path / f"logs {helpers is None}", helpers).frame.drop(columns=_TOOK))
    pd.testing.assert_frame_equal(found[0], found[1])
