"""What follows what: a changed data version is followed once, to the end of the line; everything else starts nothing."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetKey,
    AssetSelection,
    DagsterInstance,
    DagsterRunStatus,
    DataVersion,
    Definitions,
    Failure,
    MaterializeResult,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    evaluate_automation_conditions,
    materialize,
)

from lenovo_pipeline.automation.conditions import follow_data_versions, follow_made_partitions

MODELS = StaticPartitionsDefinition(["nano", "phi"])


class World:
    """source and other -> middle -> last, and apart; the data version of `source` and a fault of `middle` are set by the test."""

    def __init__(self, instance: DagsterInstance) -> None:
        self.instance = instance
        self.source_version = "1"
        self.middle_fails = False
        self._cursor: Any = None

        @asset
        def source() -> MaterializeResult[None]:
            return MaterializeResult(data_version=DataVersion(self.source_version))

        @asset
        def apart() -> MaterializeResult[None]:
            return MaterializeResult(data_version=DataVersion("1"))

        @asset(partitions_def=MODELS)
        def builds(context: AssetExecutionContext) -> MaterializeResult[None]:
            return MaterializeResult(data_version=DataVersion(f"{context.partition_key} 1"))

        @asset(deps=[source], automation_condition=follow_data_versions())
        def middle() -> MaterializeResult[None]:
            if self.middle_fails:
                raise Failure("broken", allow_retries=False)
            return MaterializeResult(data_version=DataVersion(f"middle of {self.source_version}"))

        @asset(deps=[middle], automation_condition=follow_data_versions())
        def last() -> MaterializeResult[None]:
            return MaterializeResult(data_version=DataVersion(f"last of {self.source_version}"))

        @asset(deps=[apart], automation_condition=follow_data_versions())
        def other_line() -> MaterializeResult[None]:
            return MaterializeResult(data_version=DataVersion("1"))

        @asset(deps=[source, builds], automation_condition=follow_data_versions())
        def compared() -> MaterializeResult[None]:
            return MaterializeResult(data_version=DataVersion(f"compared {self.source_version}"))

        @asset(deps=[source], partitions_def=MODELS, automation_condition=follow_made_partitions())
        def foundation(context: AssetExecutionContext) -> MaterializeResult[None]:
            return MaterializeResult(data_version=DataVersion(f"{context.partition_key} of {self.source_version}"))

        @asset_check(asset=middle, blocking=True)
        def middle_holds() -> AssetCheckResult:
            return AssetCheckResult(passed=True)

        self.assets = [source, apart, builds, middle, last, other_line, compared, foundation]
        self.defs = Definitions(assets=self.assets, asset_checks=[middle_holds])

    def make(self, *names: str, partition: str | None = None) -> None:
        materialize(
            self.assets,
            selection=AssetSelection.assets(*names),
            instance=self.instance,
            partition_key=partition,
            raise_on_error=False,
        )

    def tick(self) -> set[str]:
        """One evaluation of all conditions; what it requests is not made unless the test says so."""
        result = evaluate_automation_conditions(self.defs, instance=self.instance, cursor=self._cursor)
        self._cursor = result.cursor
        return {
            f"{key.to_user_string()}[{partition}]" if partition else key.to_user_string()
            for key in _keys(self.defs)
            for partition in result.get_requested_partitions(key)
        }


def _keys(defs: Definitions) -> Iterable[AssetKey]:
    return defs.resolve_asset_graph().materializable_asset_keys


@pytest.fixture
def world(instance: DagsterInstance) -> World:
    made = World(instance)
    made.make("source", "apart", "middle", "last", "other_line", "compared")
    made.make("builds", partition="nano")
    for _ in range(2):
        made.make(*sorted(made.tick()))
    assert made.tick() == set()
    return made


def test_nothing_changed_asks_for_nothing(world: World) -> None:
    for _ in range(3):
        assert world.tick() == set()


def test_an_input_made_again_without_a_change_asks_for_nothing(world: World) -> None:
    world.make("source")
    for _ in range(3):
        assert world.tick() == set()


def test_a_changed_input_is_followed_once_to_the_end_of_the_line_and_nowhere_else(world: World) -> None:
    world.source_version = "2"
    world.make("source")
    requested = world.tick()
    assert requested == {"middle", "last", "compared"}
    world.make(*sorted(requested))
    for _ in range(3):
        assert world.tick() == set()


def test_what_was_requested_but_not_yet_made_is_not_requested_again(world: World) -> None:
    world.source_version = "2"
    world.make("source")
    assert world.tick() == {"middle", "last", "compared"}
    for _ in range(3):
        assert world.tick() == set()


def test_a_failing_asset_is_requested_once_for_each_change_and_not_for_ever(world: World) -> None:
    world.middle_fails = True
    world.source_version = "2"
    world.make("source")
    world.make(*sorted(world.tick()))
    for _ in range(5):
        assert "middle" not in world.tick()
    world.middle_fails = False
    world.source_version = "3"
    world.make("source")
    assert {"middle", "last"} <= world.tick()


def test_a_partition_that_nobody_has_made_does_not_hold_up_what_is_not_partitioned(world: World) -> None:
    assert world.instance.get_materialized_partitions(AssetKey("builds")) == {"nano"}
    world.source_version = "2"
    world.make("source")
    assert "compared" in world.tick()
    assert "builds" not in world.tick()


def test_a_partition_follows_a_change_once_it_was_made_and_the_others_stay_as_they_are(world: World) -> None:
    world.source_version = "2"
    world.make("source")
    assert not [name for name in world.tick() if name.startswith("foundation")]
    world.make("foundation", partition="nano")
    assert not [name for name in world.tick() if name.startswith("foundation")]
    world.source_version = "3"
    world.make("source")
    assert [name for name in world.tick() if name.startswith("foundation")] == ["foundation[nano]"]
    assert not [name for name in world.tick() if name.startswith("foundation")]


def test_an_asset_that_was_never_made_follows_when_its_input_changes(instance: DagsterInstance) -> None:
    world = World(instance)
    world.make("source")
    world.tick()
    world.source_version = "2"
    world.make("source")
    assert "middle" in world.tick() | world.tick()


LINE = ("probes", "scores", "headers", "leaderboard", "decisions", "published")
"""Each is made from the one before it, `leaderboard` and `decisions` from `policy`, too; a blocking check stands on each."""


class Line:
    """A line of assets over two roots; their version and failing checks are set by the test. `scores` are of one model each."""

    def __init__(self, instance: DagsterInstance) -> None:
        self.instance, self.version, self.failing = instance, "1", set[str]()
        self._cursor: Any = None
        self.assets: list[Any] = [self._asset("policy"), self._asset("probes")]
        for before, name in pairwise(LINE):
            self.assets.append(self._asset(name, before, *(["policy"] if name in ("leaderboard", "decisions") else [])))
        self.checks: list[Any] = [self._check(name) for name in LINE]
        self.defs = Definitions(assets=self.assets, asset_checks=self.checks)

    def _asset(self, name: str, *deps: str) -> Any:
        scored = name == "scores"
        condition = follow_made_partitions() if scored else follow_data_versions()

        @asset(
            name=name,
            deps=list(deps),
            partitions_def=MODELS if scored else None,
            automation_condition=condition if deps else None,
        )
        def made() -> MaterializeResult[None]:
            return MaterializeResult(data_version=DataVersion(f"{name} {self.version}"))

        return made

    def _check(self, name: str) -> Any:
        @asset_check(asset=name, name=f"{name}_hold", blocking=True)
        def holds() -> AssetCheckResult:
            return AssetCheckResult(passed=name not in self.failing)

        return holds

    def make(self, *names: str, partition: str | None = None) -> None:
        materialize(
            [*self.assets, *self.checks],
            selection=AssetSelection.assets(*names),
            instance=self.instance,
            partition_key=partition,
            raise_on_error=False,
        )

    @contextmanager
    def in_progress(self, name: str) -> Iterator[None]:
        """While a run works on this asset; it ends without making it."""
        job = self.defs.resolve_implicit_global_asset_job_def()
        run = self.instance.create_run_for_job(job, status=DagsterRunStatus.STARTED, asset_selection=frozenset([AssetKey(name)]))
        yield
        self.instance.report_run_canceled(run)

    def tick(self) -> set[str]:
        result = evaluate_automation_conditions(self.defs, instance=self.instance, cursor=self._cursor)
        self._cursor = result.cursor
        return {key.to_user_string() for key in _keys(self.defs) if result.get_requested_partitions(key)}


@pytest.fixture
def line(instance: DagsterInstance) -> Line:
    made = Line(instance)
    made.make("policy", "probes")
    made.make("scores", partition="nano")
    made.make("headers", "leaderboard", "decisions", "published")
    for _ in range(3):
        made.tick()
    assert made.tick() == set()
    return made


def test_nothing_is_made_while_anything_upstream_is_still_being_made_however_far_up(line: Line) -> None:
    line.version = "2"
    with line.in_progress("probes"):
        line.make("policy")
        for _ in range(2):
            assert line.tick() == set(), "leaderboard would be made before the headers that it rests on"
    assert line.tick() == {"leaderboard", "decisions", "published"}
    assert line.tick() == set()


def test_nothing_is_made_from_what_failed_a_blocking_check_until_it_passes(line: Line) -> None:
    line.version, line.failing = "2", {"headers"}
    line.make("headers")
    for _ in range(3):
        assert line.tick() == set()
    line.make("policy")
    assert line.tick() == set(), "decisions would be made on a leaderboard that waits"
    line.failing = set()
    line.make("headers")
    assert line.tick() == {"leaderboard", "decisions", "published"}
    assert line.tick() == set()


def test_what_failed_a_check_and_is_requested_again_brings_with_it_what_waits_for_it(line: Line) -> None:
    line.version, line.failing = "2", {"leaderboard"}
    line.make("leaderboard")
    assert line.tick() == set()
    line.version, line.failing = "3", set()
    line.make("headers")
    assert line.tick() == {"leaderboard", "decisions", "published"}


def test_what_another_run_of_the_same_tick_makes_is_waited_for(line: Line) -> None:
    line.version = "2"
    line.make("probes", "policy")
    assert line.tick() == {"scores"}, "the run of the model is another one than that of the leaderboard"
    line.make("scores", partition="nano")
    assert line.tick() == {"headers", "leaderboard", "decisions", "published"}
    assert line.tick() == set()


def test_an_upstream_that_nobody_follows_holds_nothing_up(line: Line) -> None:
    line.version = "2"
    line.make("policy")
    requested = line.tick()
    assert requested == {"leaderboard", "decisions", "published"}
    line.make(*requested)
    # A run that failed: what it should have made is not requested again, and what lies beside it goes on.
    with line.in_progress("scores"):
        assert line.tick() == set()
    line.version = "3"
    line.make("policy")
    assert line.tick() == {"leaderboard", "decisions", "published"}
