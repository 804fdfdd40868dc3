"""Each way in which an asset can be a data island is found and named."""

import pytest

from lenovo_pipeline.roster.lineage import islands

FINAL = frozenset({"roster/published"})
CONNECTED: dict[str, set[str]] = {
    "enterprise/devices": set(),
    "knowledge/chunks": {"enterprise/devices"},
    "gold/questions": {"enterprise/devices", "knowledge/chunks"},
    "roster/published": {"gold/questions"},
}


def test_a_connected_graph_whose_every_asset_is_used_has_no_islands() -> None:
    assert islands(CONNECTED, FINAL) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gold/qrels": {"gold/questions"}}, ["gold/qrels is used by no other asset"]),
        (
            {
                "uploads/files": set(),
                "uploads/rows": {"uploads/files"},
                "uploads/files2": {"uploads/rows"},
                "uploads/rows2": {"uploads/files2"},
            },
            [
                "uploads/rows2 is used by no other asset",
                "uploads/files, uploads/files2, uploads/rows, uploads/rows2 are not connected to the rest",
            ],
        ),
        ({"models/alone": set()}, ["models/alone is used by no other asset", "models/alone is not connected to the rest"]),
        ({"gold/questions": {"knowledge/chunks", "prompts/lost"}}, ["prompts/lost is used but is no asset"]),
    ],
)
def test_every_violation_is_named(changes: dict[str, set[str]], expected: list[str]) -> None:
    assert islands({**CONNECTED, **changes}, FINAL) == expected


def test_a_missing_end_is_named_and_what_led_to_it_is_no_longer_used() -> None:
    without = {name: sources for name, sources in CONNECTED.items() if name != "roster/published"}
    assert islands(without, FINAL) == [
        "gold/questions is used by no other asset",
        "roster/published is final, yet it does not exist",
    ]
    assert islands({}, FINAL) == ["roster/published is final, yet it does not exist"]
