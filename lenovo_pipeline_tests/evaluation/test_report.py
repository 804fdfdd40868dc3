"""The report is one page that runs nothing, whatever candidates say; comparisons correct for many looks; logs fit Inspect."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.agentic.figures import Attempted
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.comparing import compare_best, compare_candidates, shown
from lenovo_pipeline.evaluation.figures import make_leaderboard
from lenovo_pipeline.evaluation.kinds import baseline_contenders
from lenovo_pipeline.evaluation.pressure.tables import BIAS, ROBUSTNESS, STRESS
from lenovo_pipeline.evaluation.report.inspect_log import write_logs
from lenovo_pipeline.evaluation.report.pages import Evidence, candidate_page, leaderboard_page
from lenovo_pipeline.evaluation.report.parts import page_name
from lenovo_pipeline.evaluation.report.writing import AGENTS_CSV, CSV, INDEX, JSON, write_report
from lenovo_pipeline.evaluation.scoring import Contender, score_all
from lenovo_pipeline.evaluation.screening import Limit, replay_stored
from lenovo_pipeline.evaluation.tables import BASELINES, COMPARISONS, LIFT, RAW_FOUNDATION
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.resources.warehouse import Warehouse

SETTINGS = RunSettings(batch_size=8, timeout_s=5.0)
EVIL = 'Answer: <script>alert(1)</script> <img src=x onerror="alert(2)"> {{ 7 * 7 }} </pre>'


@pytest.fixture
def evidence(gold: Any, reader: Any, model: Callable[..., Any], tmp_path: Path) -> Evidence:
    opened = gold.asked()[1]
    good = Contender(model(reader()), opened, "lenovo-nano")
    evil = Contender(model(reader(says=EVIL), name='lenovo-nano/<b onclick="x">'), opened, "lenovo-nano")
    raw = score_all([good, evil], RAW_FOUNDATION, None, logs=tmp_path / "logs", settings=SETTINGS).frame
    floors = score_all(baseline_contenders(opened, 1), BASELINES, None, logs=tmp_path / "logs", settings=SETTINGS).frame
    scores = {"raw_foundation": raw, "baselines": floors}
    board = make_leaderboard(scores, gold.hashes(), seed=1)
    lift, robustness, bias, stress, comparisons, agentic = (
        pd.DataFrame(columns=list(table.column_names))
        for table in (LIFT, ROBUSTNESS, BIAS, STRESS, COMPARISONS, AGENTIC_WORKFLOW)
    )
    texts = dict(zip(gold.questions["question_id"], gold.questions["question"], strict=True))
    sizes = dict.fromkeys(board["candidate"], 19.0)
    return Evidence(board, lift, robustness, bias, stress, comparisons, agentic, scores, texts, _targets(gold), sizes)


def _targets(gold: Any) -> dict[str, str]:
    return dict(zip(gold.questions["question_id"], gold.questions["answer"], strict=True))


def test_a_page_holds_everything_and_runs_nothing_whatever_a_candidate_says(
    evidence: Evidence, gold: Any, tmp_path: Path
) -> None:
    written = write_report(evidence, tmp_path / "report", code="1", seed=1)
    assert written.changed and written.pages == 8
    pages = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "report").glob("*.html")}
    evil = pages[page_name('lenovo-nano/<b onclick="x">')]
    assert "&lt;script&gt;alert(1)" in evil and "{{ 7 * 7 }}" in evil
    for page in pages.values():
        assert "<script" not in page and "onclick=" not in page.replace("&lt;b onclick=", "") and "<img src=x" not in page
        assert "Content-Security-Policy" in page
        assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
            "http://creativecommons.org", ""
        )
    index = pages[INDEX]
    assert index.count("<svg") == 3
    assert all(page_name(name) in index for name in evidence.leaderboard["candidate"].unique())


def test_the_report_is_also_there_as_csv_and_json_and_is_written_once(evidence: Evidence, gold: Any, tmp_path: Path) -> None:
    place = tmp_path / "report"
    first = write_report(evidence, place, code="1", seed=1)
    assert len(pd.read_csv(place / CSV)) == len(evidence.leaderboard)
    assert len(json.loads((place / JSON).read_text(encoding="utf-8"))["leaderboard"]) == len(evidence.leaderboard)
    stamp = (place / INDEX).stat().st_mtime_ns
    again = write_report(evidence, place, code="1", seed=1)
    assert not again.changed and again.version == first.version and (place / INDEX).stat().st_mtime_ns == stamp
    other = replace(evidence, sizes={**evidence.sizes, "oracle": 1.0})
    assert write_report(other, place, code="1", seed=1).changed


def test_a_leaderboard_without_any_figure_still_makes_a_page(evidence: Evidence) -> None:
    unscored = evidence.leaderboard.assign(value=float("nan"), lower=float("nan"), upper=float("nan"))
    assert "Nothing was measured" in leaderboard_page(replace(evidence, leaderboard=unscored))


def test_agents_have_a_section_a_page_each_and_data(evidence: Evidence, tmp_path: Path) -> None:
    row = dict.fromkeys(AGENTIC_WORKFLOW.column_names) | {"model": "lenovo-nano", "workflow": "desk", "metric": "success"}
    row |= {"slice": "feasible", "value": 0.75, "lower": 0.6, "upper": 0.9, "scored": 40, "attempts": 46, "clusters": 30}
    row |= {"unit": "1", "header": "a" * 16, "made_by": {"kind": "model"}}
    slow = {**row, "metric": "latency", "slice": "all", "value": 2.5, "unit": "s", "lower": None, "upper": None}
    agent = {"candidate": "lenovo-nano/desk", "kind": "model"}
    floor = {"candidate": "no-op/desk", "kind": "no-op", "value": 0.0}
    made = replace(evidence, agentic=pd.DataFrame([{**row, **floor}, {**row, **agent}, {**slow, **agent}]))
    place = tmp_path / "report"
    written = write_report(made, place, code="1", seed=1)
    assert written.pages == write_report(evidence, tmp_path / "without", code="1", seed=1).pages + 1
    index = (place / INDEX).read_text(encoding="utf-8")
    assert f'<a href="{page_name("lenovo-nano/desk")}">lenovo-nano/desk</a>' in index and "0.75\n(0.60–0.90)" in index
    assert index.index("lenovo-nano/desk") < index.index("no-op/desk") and page_name("no-op/desk") not in index
    page = (place / page_name("lenovo-nano/desk")).read_text(encoding="utf-8")
    assert "agent, model lenovo-nano, workflow desk" in page and "0.75 (0.60–0.90)" in page and "2.50" in page
    assert len(json.loads((place / JSON).read_text(encoding="utf-8"))["agentic"]) == 3
    assert len(pd.read_csv(place / AGENTS_CSV)) == 3


def test_pages_say_how_many_questions_each_was_asked_and_what_would_have_been_right(evidence: Evidence) -> None:
    board = evidence.leaderboard.copy()
    whole = (board["candidate"] == "oracle") & (board["metric"] == "correct") & (board["slice"] == "all")
    board.loc[whole, ["scored", "unscored"]] = [20, 2]
    index = leaderboard_page(replace(evidence, leaderboard=board))
    assert "All were asked the same" not in index
    rows = {row.partition(">")[2].partition("<")[0]: row for row in index.split("<td class=name><a")}
    assert "<td class=n>22</td>" in rows["oracle"] and "<td class=n>21</td>" in rows["random"]
    assert "1.00\n(" in rows["oracle"], "an interval stands below its figure"
    page = candidate_page(evidence, "always-refuse")
    assert "<th>right answer</th>" in page and "<td>tone1</td>" in page


def test_pages_say_whose_scores_are_not_current(evidence: Evidence) -> None:
    assert "not current" not in leaderboard_page(evidence)
    board = evidence.leaderboard.assign(current=evidence.leaderboard["candidate"] != "oracle")
    index = leaderboard_page(replace(evidence, leaderboard=board))
    assert "oracle (not current)" in index and "(1 not current" in index
    assert "not current: what it was asked has changed since" in candidate_page(replace(evidence, leaderboard=board), "oracle")


def test_a_build_that_does_not_show_its_lift_is_named_as_not_eligible_with_the_reason(evidence: Evidence) -> None:
    assert "Not eligible" not in leaderboard_page(evidence)
    row = dict.fromkeys(LIFT.column_names) | {"candidate": "lenovo-nano/lora/x", "against": "lenovo-nano/open-book"}
    row |= {"measure": "token_f1", "difference": 0.001, "met": False, "note": "+0.1 points (-0.2 to +0.4) on 1,700 items"}
    shown = {**row, "candidate": "lenovo-nano/lora/y", "met": True}
    page = leaderboard_page(replace(evidence, lift=pd.DataFrame([row, shown])))
    assert "Not eligible" in page and "lenovo-nano/lora/y" not in page
    assert "token_f1 against lenovo-nano/open-book: +0.1 points (-0.2 to +0.4) on 1,700 items" in page


def test_two_candidates_are_compared_with_intervals_and_holms_correction(
    evidence: Evidence, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Seven entities cannot show much: 2 of 128 permutations are as far as the one observed.
    monkeypatch.setattr("lenovo_pipeline.evaluation.comparing.ALPHA", 0.2)
    made = compare_candidates(evidence.scores, "oracle", "always-refuse", seed=1)
    warehouse.replace(COMPARISONS, made)
    whole = made[(made["metric"] == "correct") & (made["slice"] == "all")].iloc[0]
    assert whole["difference"] == pytest.approx(14 / 21) and whole["verdict"] == "first is better"
    assert whole["lower"] < 0 < whole["difference"] < whole["upper"]
    assert (made["adjusted"] >= made["p_value"]).all()
    assert "first is better" in shown(made)
    back = compare_candidates(evidence.scores, "always-refuse", "oracle", seed=1)
    assert back[(back["metric"] == "correct") & (back["slice"] == "all")].iloc[0]["verdict"] == "second is better"
    best, skipped = compare_best(evidence.scores, evidence.leaderboard, seed=1)
    assert set(best["first"]) == {"lenovo-nano/open-book"} and not skipped


def test_a_rival_that_shares_no_question_with_the_best_is_left_out_of_the_comparisons_and_named(
    evidence: Evidence, warehouse: Warehouse
) -> None:
    raw = evidence.scores["raw_foundation"].copy()
    apart = raw["candidate"] != "lenovo-nano/open-book"
    raw.loc[apart, "question_id"] = raw.loc[apart, "question_id"].map(lambda each: f"{each}-other")
    third = raw[~apart].assign(candidate="lenovo-nano/third")
    board = evidence.leaderboard
    more = board[board["candidate"] == "lenovo-nano/open-book"].assign(candidate="lenovo-nano/third")
    scores = {"raw_foundation": pd.concat([raw, third], ignore_index=True)}
    made, skipped = compare_best(scores, pd.concat([board, more], ignore_index=True), seed=1)
    warehouse.replace(COMPARISONS, made)
    assert set(made["second"]) == {"lenovo-nano/third"}
    assert len(skipped) == 1 and "lenovo-nano/open-book and lenovo-nano/<b" in skipped[0] and "share no question" in skipped[0]


def test_nan_scores_leave_a_comparison_of_what_both_have(evidence: Evidence) -> None:
    frame = evidence.scores["baselines"].copy()
    frame.loc[frame.index[frame["candidate"] == "oracle"][:3], "correct"] = float("nan")
    made = compare_candidates({"baselines": frame}, "oracle", "always-refuse", seed=1)
    assert made[(made["metric"] == "correct") & (made["slice"] == "all")].iloc[0]["items"] == 21 - 3


def damaged(frame: pd.DataFrame, how: str) -> pd.DataFrame:
    """Scores of the oracle as nobody writes them."""
    frame = frame.copy()
    mine = frame.index[frame["candidate"] == "oracle"]
    if how == "headers":
        frame.loc[mine[0], "header"] = "f" * 16
    if how == "range":
        frame.loc[mine[0], "correct"] = 2.0
    return {"missing": frame.drop(mine[-2:]), "doubled": pd.concat([frame, frame.loc[mine[:1]]])}.get(how, frame)


DAMAGE = [
    ("missing", "evaluation.baselines holds oracle in 19 rows of 19 questions, expected one for each of the 21"),
    ("doubled", "evaluation.baselines holds oracle in 22 rows of 21 questions, expected one for each of the 21"),
    ("headers", "evaluation.baselines holds oracle under 2 headers, expected one.*--select evaluation/baselines"),
    ("range", "evaluation.baselines holds oracle at GQ-[0-9a-f]* with correct 2, expected 0 to 1"),
]


@pytest.mark.parametrize(("how", "message"), DAMAGE)
def test_scores_that_are_not_whole_are_neither_compared_nor_screened(evidence: Evidence, how: str, message: str) -> None:
    scores = {"baselines": damaged(evidence.scores["baselines"], how)}
    with pytest.raises(PermanentFailure, match=message):
        compare_candidates(scores, "oracle", "always-refuse", seed=1)
    with pytest.raises(PermanentFailure, match=message):
        replay_stored(scores, [Limit(0.6)], seed=1, only="oracle")


def test_agents_are_compared_by_their_success_at_the_same_tasks_and_with_no_model(evidence: Evidence) -> None:
    def agent(name: str, wrong: int, last: int = 40) -> Attempted:
        rows = [
            {"task_id": f"T-{n}", "success": n >= wrong, "cluster": f"c{n // 2}", "category": ("simple", "hard")[n % 2]}
            for n in range(last)
        ]
        return Attempted(name, "model", name.partition("/")[2], rows, {})

    agents = {each.candidate: each for each in (agent("nano/good", 4), agent("nano/poor", 24), agent("nano/none", 0, 0))}
    made = compare_candidates(evidence.scores, "nano/good", "nano/poor", seed=1, agents=agents)
    whole = made.iloc[0].to_dict()
    assert (whole["metric"], whole["slice"], whole["items"], whole["clusters"]) == ("success", "all", 40, 20)
    assert whole["difference"] == pytest.approx(0.5) and whole["lower"] > 0 and whole["verdict"] == "first is better"
    assert set(made["slice"]) == {"all", "simple", "hard"} and "success" in shown(made)
    for other, message in (("oracle", "is an agent, which was given tasks, and oracle was"), ("nano/none", "share no task")):
        with pytest.raises(PermanentFailure, match=message):
            compare_candidates(evidence.scores, other, "nano/good", seed=1, agents=agents)
    with pytest.raises(PermanentFailure, match="Did you mean nano/good"):
        compare_candidates(evidence.scores, "nano/god", "oracle", seed=1, agents=agents)


@pytest.mark.parametrize(
    ("second", "message"), [("oracel", "Did you mean oracle"), ("oracle", "one candidate"), ("zzz", "There are: ")]
)
def test_a_comparison_that_cannot_be_made_says_why(evidence: Evidence, second: str, message: str) -> None:
    with pytest.raises(PermanentFailure, match=message):
        compare_candidates(evidence.scores, "oracle", second, seed=1)


def test_logs_have_what_inspect_needs_and_no_nan(evidence: Evidence, gold: Any, tmp_path: Path) -> None:
    made = write_logs(evidence.scores, tmp_path / "logs", evidence.questions, _targets(gold), created=datetime.now(UTC), seed=1)
    assert made == 7
    for path in (tmp_path / "logs").glob("*.json"):
        log = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
        assert log["version"] == 2 and log["status"] == "success"
        assert {"eval_id", "run_id", "created", "task", "dataset", "model", "config"} <= log["eval"].keys()
        assert log["results"]["total_samples"] == len(log["samples"]) == 21
        assert all(
            {"id", "epoch", "input", "target", "messages", "output", "scores"} <= sample.keys() for sample in log["samples"]
        )
    with pytest.raises(PermanentFailure, match=r"no scores of 'oracel'\. Did you mean oracle"):
        write_logs(evidence.scores, tmp_path / "x", {}, {}, created=datetime.now(UTC), seed=1, only="oracel")
    assert not (tmp_path / "x").exists(), "nothing is left of what could not be written"
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(PermanentFailure, match=r"logs cannot be written into .*file.* Name a folder"):
            write_logs(evidence.scores, place, {}, {}, created=datetime.now(UTC), seed=1, only="oracle")
