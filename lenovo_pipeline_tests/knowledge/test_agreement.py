"""What a store lacks, holds in an old form or holds too much is counted by kind, with examples."""

import pandas as pd
import pytest

from lenovo_pipeline.knowledge.agreement import compare_states, disagreements


def state(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["kind", "id", "content_hash"])


EXPECTED = state(("device", "D1", "a"), ("device", "D2", "b"), ("article", "A1", "c"))


def counts(found: pd.DataFrame, kind: str) -> tuple[int, ...]:
    agreement = compare_states("graph", EXPECTED, found)
    (row,) = agreement[agreement["kind"] == kind][["expected", "found", "missing", "stale", "surplus"]].itertuples(index=False)
    return tuple(map(int, row))


@pytest.mark.parametrize(
    ("found", "device"),
    [
        (EXPECTED, (2, 2, 0, 0, 0)),
        (EXPECTED.iloc[::-1], (2, 2, 0, 0, 0)),
        (state(("device", "D1", "a"), ("article", "A1", "c")), (2, 1, 1, 0, 0)),
        (state(("device", "D1", "a"), ("device", "D2", "old"), ("article", "A1", "c")), (2, 2, 0, 1, 0)),
        (pd.concat([EXPECTED, state(("device", "D3", "x"))]), (2, 3, 0, 0, 1)),
        (pd.concat([EXPECTED, state(("device", "D1", "a"))]), (2, 3, 0, 0, 1)),
        (pd.concat([EXPECTED, state(("device", "D1", "old"))]), (2, 3, 0, 1, 1)),
        (pd.concat([state(("device", "D1", "old")), EXPECTED]), (2, 3, 0, 0, 1)),
        (state(), (2, 0, 2, 0, 0)),
    ],
    ids=["equal", "other order", "missing", "stale", "surplus", "twice", "twice, stale last", "twice, stale first", "empty"],
)
def test_each_kind_of_difference_is_counted(found: pd.DataFrame, device: tuple[int, ...]) -> None:
    assert counts(found, "device") == device
    agreement = compare_states("graph", EXPECTED, found)
    assert (disagreements(agreement) == []) == (device == (2, 2, 0, 0, 0))


def test_a_kind_that_only_the_store_knows_is_surplus() -> None:
    found = pd.concat([EXPECTED, state(("ghost", "G1", "z"))])
    assert counts(found, "ghost") == (0, 1, 0, 0, 1)
    (sentence,) = disagreements(compare_states("graph", EXPECTED, found))
    assert sentence == "graph ghost: 0 missing, 0 stale, 1 surplus (for example G1)"


def test_a_record_under_another_kind_is_missing_there_and_surplus_here() -> None:
    found = state(("device", "D1", "a"), ("article", "D2", "b"), ("article", "A1", "c"))
    assert counts(found, "device") == (2, 1, 1, 0, 0)
    assert counts(found, "article") == (1, 2, 0, 0, 1)


def test_examples_are_few_and_the_kinds_in_order() -> None:
    many = state(*(("device", f"D{i}", "a") for i in range(50)))
    agreement = compare_states("vectors", many, state(("article", "A1", "c")))
    assert agreement["kind"].tolist() == ["article", "device"]
    assert [len(examples) for examples in agreement["examples"]] == [1, 5]


def test_two_empty_states_agree() -> None:
    agreement = compare_states("vectors", state(), state())
    assert len(agreement) == 0
    assert disagreements(agreement) == []
