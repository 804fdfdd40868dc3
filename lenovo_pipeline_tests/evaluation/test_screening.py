"""The command `screen`, on a published snapshot: a candidate is asked until it is clear, and nothing is stored."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.__main__ import main
from lenovo_pipeline.evaluation.kinds import baseline_contenders
from lenovo_pipeline.evaluation.scoring import score_all
from lenovo_pipeline.evaluation.screening import Limit, replay_stored
from lenovo_pipeline.evaluation.tables import BASELINES
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.measures.statistics.stopping import shuffled
from lenovo_pipeline.models.builds import build_rows, kept
from lenovo_pipeline.models.catalogue import read_catalogue, require_row
from lenovo_pipeline.models.foundation import resolve
from lenovo_pipeline.models.tables import CATALOGUE, FINE_TUNED, FOUNDATION
from lenovo_pipeline.resources.inference import Inference, ModelIdentity, Reach
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import PROJECT_ROOT, Settings
from lenovo_pipeline_tests.evaluation.conftest import Reader, make_gold, store_agents

NANO = PROJECT_ROOT / "data" / "models" / "lenovo-nano"
ANSWERABLE = 2 * 29
"""Questions with an answer, of 29 series in the test split."""


@dataclass
class Served(Reader):
    """The reader in the place of the bundled model."""

    opened: list[Any] = field(default_factory=list)

    def reach(self, source: Any) -> Reach:
        return Reach(True, "")

    def open(self, source: Any) -> "Served":
        self.opened.append(source)
        return self

    def identity(self) -> ModelIdentity:
        return identify(NANO)


@dataclass
class Published:
    """A store whose snapshot holds questions, the scores of the baselines and the bundled model, which has no scores."""

    settings: Settings
    store: Store
    warehouse: Warehouse
    foundation: dict[str, Any]

    def contents(self) -> dict[str, str]:
        """What lies in the store, by path."""
        return {
            str(path.relative_to(self.store.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.store.root.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def published(
    settings: Settings, store: Store, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Published:
    gold = make_gold(30)
    gold.store(warehouse)
    rows = read_catalogue(settings.catalogue).rows()
    warehouse.replace(CATALOGUE, pd.DataFrame(rows, columns=list(CATALOGUE.column_names)))
    foundation = resolve(require_row(rows, "lenovo-nano"), Inference(settings), PROJECT_ROOT, bundled="lenovo-nano")
    warehouse.replace(FOUNDATION, pd.DataFrame([foundation]), model="lenovo-nano")
    contenders = baseline_contenders(gold.asked()[1], settings.seed)
    scored = score_all(contenders, BASELINES, None, logs=tmp_path / "logs", settings=RunSettings(seed=settings.seed))
    warehouse.replace(BASELINES, scored.frame)
    publish(store, warehouse, made_by={})
    monkeypatch.setattr("lenovo_pipeline.evaluation.__main__.get_settings", lambda: settings)
    return Published(settings, store, warehouse, foundation)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Served]:
    def serve(**changes: Any) -> Served:
        made = Served(**changes)
        monkeypatch.setattr("lenovo_pipeline.evaluation.opening.Inference", lambda settings: made)
        return made

    return serve


def _screen(*arguments: str) -> int:
    return main(["screen", *arguments])


def test_the_bundled_model_is_screened_without_scores_and_nothing_is_stored(
    published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    before = published.contents()
    assert _screen("lenovo-nano/closed-book", "--at-least", "0.6", "--batch", "4") == 0
    out, progress = capsys.readouterr()
    assert "lenovo-nano/closed-book: correct of answerable >= 0.6 is not kept: clear after 8 of 58 questions" in out
    assert "0.000 to 0." in out and "95 %" in out
    assert progress.startswith("  4 of at most 58 questions: correct between 0.000 and ")
    assert published.contents() == before


def test_a_model_that_reads_keeps_the_limit_after_a_part_of_the_questions(
    published: Published, served: Callable[..., Served], capsys: pytest.CaptureFixture[str]
) -> None:
    backend = served()
    assert _screen("lenovo-nano/open-book", "--at-least", "0.5") == 0
    assert "is kept: clear after 16 of 58 questions, the rest was not asked" in capsys.readouterr().out
    assert len(backend.prompts) == 16 and backend.closed == 1
    assert _screen("lenovo-nano/open-book", "--at-least", "0.5", "--metric", "token_f1", "--slice", "chinese") == 0
    assert "token_f1 of chinese >= 0.5 is kept: clear after 16 of 29 questions" in capsys.readouterr().out


def test_who_is_never_clear_is_asked_everything_and_judged_by_the_interval(
    published: Published, served: Callable[..., Served], capsys: pytest.CaptureFixture[str]
) -> None:
    # All answers are right, but 29 series cannot show more than 0.88.
    backend = served()
    for limit, verdict in (("0.95", "not kept"), ("0.87", "kept")):
        assert _screen("lenovo-nano/open-book", "--at-least", limit, "--batch", "30") == 0
        out = capsys.readouterr().out
        assert f">= {limit} is {verdict}: all 58 questions were asked" in out
        assert "it is 1.000, its 95 % interval 0.881 to 1.000" in out
    assert len(backend.prompts) == 2 * ANSWERABLE


def test_what_was_asked_before_an_interruption_is_said(
    published: Published, served: Callable[..., Served], capsys: pytest.CaptureFixture[str]
) -> None:
    served(killed_after=6)
    assert _screen("lenovo-nano/open-book", "--at-least", "0.9", "--batch", "2") == 130
    out, err = capsys.readouterr()
    assert "correct of answerable >= 0.9 is not clear yet: after 6 of 58 questions" in out and "interrupted" in err
    served(killed_after=0)
    assert _screen("lenovo-nano/open-book", "--at-least", "0.9") == 130
    assert "after 0 of 58 questions" in capsys.readouterr().out


def test_an_interrupted_process_says_what_was_asked_and_ends_with_130(published: Published) -> None:
    command = [sys.executable, "-m", "lenovo_pipeline.evaluation", "screen", "lenovo-nano/open-book", "--at-least", "0.01"]
    environment = {**os.environ, "LENOVO_STORE": str(published.store.root), "LENOVO_PROFILE": "smoke"}
    pipe = subprocess.PIPE
    process = subprocess.Popen([*command, "--batch", "1"], env=environment, cwd=PROJECT_ROOT, stdout=pipe, stderr=pipe, text=True)
    assert process.stderr is not None
    assert "of at most 58 questions" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert "correct of answerable >= 0.01 is not clear yet: after " in out and err.endswith("interrupted\n")


def test_failures_are_said_and_a_model_that_never_answers_gives_no_verdict(
    published: Published, served: Callable[..., Served], capsys: pytest.CaptureFixture[str]
) -> None:
    served(dies_after=30)
    assert _screen("lenovo-nano/open-book", "--at-least", "0.95", "--batch", "30") == 0
    out = capsys.readouterr().out
    assert "all 58 questions were asked" in out
    assert "28 have no answer, most often: GenerationFailed: the connection was refused" in out
    served(dies_after=0)
    assert _screen("lenovo-nano/open-book", "--at-least", "0.5") == 2
    assert "none of the 58 answers of lenovo-nano/open-book has a score" in capsys.readouterr().err


def test_a_build_is_screened_before_it_was_evaluated(
    published: Published, build: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def copied(folder: Path) -> dict[str, Any]:
        shutil.copytree(NANO, folder, dirs_exist_ok=True)
        return {}

    artifact = kept(published.store, "trial", {"copy": 1}, copied)
    of_base = {name: published.foundation[name] for name in ("tokenizer_hash", "template_hash")}
    of_base |= {"base": published.foundation["identity"], "base_revision": published.foundation["revision"]}
    made = build("lenovo-nano/full/all", format="transformers", artifact=artifact.content, path=artifact.path, **of_base)
    published.warehouse.replace(FINE_TUNED, build_rows([made], FINE_TUNED), model="lenovo-nano")
    publish(published.store, published.warehouse, made_by={})
    assert _screen("lenovo-nano/full/all", "--at-least", "0.7") == 0
    assert "lenovo-nano/full/all: correct of answerable >= 0.7 is not kept: clear after " in capsys.readouterr().out
    shutil.rmtree(published.store.root / artifact.path)
    assert _screen("lenovo-nano/full/all", "--at-least", "0.7") == 2
    assert "may not be asked: its folder" in capsys.readouterr().err


def test_a_comparison_warns_of_scores_that_are_not_of_what_is_asked_now(
    published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "oracle", "random"]) == 0
    assert "warning" not in capsys.readouterr().out
    published.warehouse.replace(QUESTIONS, published.warehouse.load(QUESTIONS).assign(answer="another"))
    publish(published.store, published.warehouse, made_by={})
    assert main(["compare", "oracle", "random"]) == 0
    said = capsys.readouterr().out
    assert "warning: oracle was asked what has changed since" in said and "warning: random was asked" in said


def test_what_an_agent_has_is_said_where_answers_are_wanted(
    published: Published, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store_agents(published.warehouse)
    publish(published.store, published.warehouse, made_by={})
    place = tmp_path / "exported"
    commands = (
        ("screen", "lenovo-nano/desk", "--at-least", "0.6"),
        ("screen", "lenovo-nano/desk", "--at-least", "0.6", "--stored"),
        ("export", str(place), "--candidate", "lenovo-nano/desk"),
    )
    for command in commands:
        assert main(list(command)) == 2
        assert "lenovo-nano/desk is an agent: it was given tasks, not questions, and has attempts" in capsys.readouterr().err
    assert not place.exists()
    assert main(["export", str(place)]) == 0
    assert "not of lenovo-nano/desk, lenovo-nano/rival, which have attempts" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["export", ""])
    assert main(["compare", "lenovo-nano/desk", "lenovo-nano/rival"]) == 0
    assert "success all +100.0 +47.1 to +100.0" in " ".join(capsys.readouterr().out.split())
    assert main(["compare", "lenovo-nano/desk", "oracle"]) == 2
    assert "lenovo-nano/desk is an agent, which was given tasks, and oracle was asked questions" in capsys.readouterr().err


REFUSED = (
    (("lenovo-nano/openbook", "--at-least", "0.6"), "Did you mean lenovo-nano/open-book"),
    (("phi-4-mini/open-book", "--at-least", "0.6"), "--select 'models/foundation,roster/published' --partition phi-4-mini"),
    (("oracle", "--at-least", "1.5"), "the limit is 1.5, expected one from 0 to 1"),
    (("oracle", "--at-least", "nan"), "the limit is nan, expected one from 0 to 1"),
    (("oracle", "--at-least", "0.6", "--metric", "corect"), "metric 'corect' is unknown (did you mean correct?)"),
    (("oracle", "--at-least", "0.6", "--slice", "chinse"), "slice 'chinse' is unknown (did you mean chinese"),
    (("oracle", "--at-least", "0.6", "--slice", "temporal"), "It is asked those of all, answerable, basic"),
    (("oracle", "--at-least", "0.6", "--at-least", "0.7"), "expected one candidate, one limit"),
    (("--at-least", "0.6"), "expected one candidate, one limit"),
    (("oracle", "--at-least", "0.6", "--batch", "0"), "at least 1 question"),
    (("orakle", "--at-least", "0.6", "--stored"), "there are no scores of orakle (did you mean oracle"),
)


def test_what_cannot_be_screened_is_named_with_the_remedy(published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in REFUSED:
        assert _screen(*arguments) == 2
        assert said in capsys.readouterr().err


def test_without_a_snapshot_it_is_said_what_to_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lenovo_pipeline.evaluation.__main__.get_settings", lambda: settings)
    for arguments in (("oracle", "--at-least", "0.6"), ("--at-least", "0.6", "--stored")):
        assert _screen(*arguments) == 2
        assert "nothing has been published" in capsys.readouterr().err


def test_stored_scores_tell_what_would_have_been_asked(published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    assert _screen("--stored", "--at-least", "0.6", "--at-least", "0.3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * 5 + 1
    assert lines[-1].endswith("10 of 10 verdicts are those of the whole table")
    assert _screen("oracle", "--stored", "--at-least", "0.6") == 0
    assert "kept      asked   19 of 58   the same verdict" in capsys.readouterr().out


def test_a_replay_that_tells_another_verdict_than_the_whole_table_says_so(published: Published) -> None:
    frame = published.warehouse.load(BASELINES)
    mine = frame[frame["candidate"] == "oracle"].reset_index(drop=True)
    answerable = mine.index[mine["answer_type"] != "refusal"]
    (first,) = replay_stored({"baselines": mine}, [Limit(0.3)], seed=1)
    assert first.same and first.whole and first.share < 0.4
    # As if luck had put what is right first: those that would have been asked are right, all the others are not.
    order = shuffled(len(answerable), 1)[: first.stopped.items]
    changed = mine.copy()
    changed.loc[answerable, "correct"] = [1.0 if place in order else 0.0 for place in range(len(answerable))]
    (other,) = replay_stored({"baselines": changed}, [Limit(0.3)], seed=1)
    assert other.stopped == first.stopped and not other.whole and not other.same
