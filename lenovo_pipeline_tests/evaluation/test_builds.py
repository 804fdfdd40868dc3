"""Which builds are candidates: identical files are one, and what is gone, damaged or of another base is refused with a remedy."""

import shutil
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from lenovo_pipeline.evaluation.builds import Built, estimated, grouped, origin, refusals, stored_builds
from lenovo_pipeline.models.builds import Build, build_rows
from lenovo_pipeline.models.tables import ADAPTERS, EDGE_BUILDS, QUANTISED
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

Make = Callable[..., Build]
MEASURED = {"figures": {"first_token_s": {"value": 0.1, "unit": "s", "measured": True, "method": "here"}}}
ESTIMATED = {"figures": {"first_token_s": {"value": 0.1, "unit": "s", "measured": False, "method": "times 0.5"}}}


def built(*builds: Build, table: str = "adapters") -> list[Built]:
    return grouped([(table, asdict(each)) for each in builds])


def edge(build: Make, target: str, files: str = "light", measures: Any = MEASURED, **changes: Any) -> Build:
    changes = {"method": "edge", "format": "onnx", "level": "light", "domain": "all", **changes}
    return build(f"lenovo-nano/edge/light-{target}", files=files, target=target, measures=measures, **changes)


def test_builds_with_the_same_files_are_one_candidate_named_by_the_one_that_was_measured(build: Make) -> None:
    same = [edge(build, "android-arm64-v8a", measures=ESTIMATED), edge(build, "edge-x86_64")]
    (one, other) = built(*same, edge(build, "embedded-armv7", files="plain", measures=ESTIMATED), table="edge_builds")
    assert (one.name, one.targets) == ("lenovo-nano/edge/light-edge-x86_64", ("android-arm64-v8a", "edge-x86_64"))
    assert (other.name, other.kind) == ("lenovo-nano/edge/light-embedded-armv7", "mobile_model")
    assert [estimated(row) for row in one.rows] == [[], ["first_token_s"]]


def test_a_copy_of_a_build_that_somebody_dropped_leaves_it_its_name(build: Make) -> None:
    made = build("lenovo-nano/lora/device_support", files="same")
    copy = build("lenovo-nano/dropped/mine", files="same", method="dropped")
    assert copy.artifact == made.artifact
    (one,) = grouped([("dropped_adapters", asdict(copy)), ("adapters", asdict(made))])
    assert (one.name, one.table, len(one.rows)) == ("lenovo-nano/lora/device_support", "adapters", 2)


def test_all_build_tables_are_read_and_those_never_made_hold_none(build: Make, warehouse: Warehouse) -> None:
    assert stored_builds(warehouse) == []
    quantised = build("lenovo-nano/int8/all", method="int8_dynamic", format="onnx")
    for table, made in ((ADAPTERS, build()), (QUANTISED, quantised), (EDGE_BUILDS, edge(build, "edge-x86_64"))):
        warehouse.replace(table, build_rows([made], table), model="lenovo-nano")
    found = stored_builds(warehouse, "lenovo-nano")
    assert [(each.kind, each.name, each.table) for each in found] == [
        ("adapter", "lenovo-nano/lora/device_support", "adapters"),
        ("mobile_model", "lenovo-nano/edge/light-edge-x86_64", "edge_builds"),
        ("mobile_model", "lenovo-nano/int8/all", "quantised"),
    ]
    assert estimated(found[1].row) == [], "what was measured is read back from its JSON"


def test_a_build_of_a_build_is_traced_to_the_base(build: Make, store: Store, foundation: dict[str, Any]) -> None:
    merged = build("lenovo-nano/merged/device_support", method="merged", format="transformers")
    small = edge(build, "edge-x86_64", base=merged.artifact)
    found = built(merged, small)
    assert refusals(found, foundation, store) == {}
    assert origin(found[1], found) is found[0]
    assert origin(found[0], found) is None
    assert "lenovo-nano/merged/device_support" not in refusals(built(small), foundation, store)
    assert "nor a build of it" in refusals(built(small), foundation, store)[small.build]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"base": "another"}, r"made from another, which is neither lenovo-nano as it is now (i1) nor a build of it"),
        ({"base_revision": "r0"}, "it was made for revision r0, the base has r1"),
        ({"tokenizer_hash": "t0", "template_hash": "c0"}, "tokenizer t0, the base has t1; it was made for chat template c0"),
        ({"path": "../elsewhere"}, "its folder ../elsewhere lies outside the store"),
        ({"path": "artifacts/trial/none"}, "its folder artifacts/trial/none is gone"),
        ({"artifact": "f" * 32}, "are not those that were built"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_run_and_the_others_are_not(
    build: Make, store: Store, foundation: dict[str, Any], changes: dict[str, Any], expected: str
) -> None:
    good, bad = build(), build("lenovo-nano/lora/customer_service", **changes)
    found = refusals(built(good, bad), foundation, store)
    assert list(found) == [bad.build]
    assert expected in found[bad.build]
    assert "--select 'models/adapters*' --partition lenovo-nano" in found[bad.build]


def test_damaged_and_vanished_files_are_told_apart(build: Make, store: Store, foundation: dict[str, Any]) -> None:
    damaged, gone = build("a"), build("b")
    (store.root / damaged.path / "weights").write_text("cut")
    shutil.rmtree(store.root / gone.path)
    found = refusals(built(damaged, gone), foundation, store)
    assert "not those that were built" in found["a"]
    assert "is gone" in found["b"]


def test_builds_that_name_each_other_as_their_base_end_in_a_refusal(
    build: Make, store: Store, foundation: dict[str, Any]
) -> None:
    first, second = build("a"), build("b")
    circle = [build("a", base=second.artifact), build("b", base=first.artifact)]
    assert set(refusals(built(*circle), foundation, store)) == {"a", "b"}
