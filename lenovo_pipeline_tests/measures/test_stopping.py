"""Stopping early saves items where the case is clear, and asks everything where it is not."""

import numpy as np
import pytest

from lenovo_pipeline.measures.statistics.bootstrap import cluster_bootstrap
from lenovo_pipeline.measures.statistics.finite import table_bounds
from lenovo_pipeline.measures.statistics.stopping import first_clear, shuffled, stop_early


def _case(share: float, seed: int, items: int = 400) -> tuple[list[float], list[int]]:
    values = (np.random.default_rng(seed).random(items) < share).astype(float).tolist()
    return values, [place // 4 for place in range(items)]


@pytest.mark.parametrize(("share", "kept"), [(0.95, True), (0.1, False)])
def test_a_clear_case_is_told_from_a_part_of_the_items(share: float, kept: bool) -> None:
    for seed in range(5):
        found = stop_early(*_case(share, seed), 0.6, seed=seed)
        assert found.kept is kept and found.items <= 0.4 * found.whole
        assert found.low > 0.6 if kept else found.high < 0.6


def test_a_case_at_the_limit_is_asked_whole() -> None:
    found = stop_early([0.0, 1.0] * 200, [place // 4 for place in range(400)], 0.5, seed=1)
    assert found.kept is None and found.items == found.whole == 400
    assert found.low <= 0.5 <= found.high


def test_the_verdict_is_that_of_the_whole_table_also_where_clusters_are_of_one_mind() -> None:
    sizes = [1, 2, 3, 6] * 15
    clusters = np.repeat(np.arange(len(sizes)), sizes).tolist()
    generator = np.random.default_rng(7)
    told = 0
    for run in range(60):
        values = np.repeat(generator.random(len(sizes)) < (0.2, 0.6, 0.97)[run % 3], sizes).astype(float)
        found = stop_early(values, clusters, 0.5, seed=run)
        whole = cluster_bootstrap(values, clusters, seed=run, resamples=500).low >= 0.5
        assert found.kept in (None, whole)
        told += found.kept is not None
    assert told >= 20


def test_few_clusters_never_show_more_than_a_table_of_ones_would() -> None:
    assert stop_early([1.0] * 100, [place // 25 for place in range(100)], 0.5, seed=1).kept is None
    assert stop_early([1.0] * 100, list(range(100)), 0.5, seed=1).kept is True


def test_what_was_looked_at_first_is_told_as_it_would_be_in_the_end() -> None:
    values, clusters = _case(0.2, 3)
    order = shuffled(len(values), 5)
    asked = [values[place] for place in order]
    whole = first_clear(asked, clusters, 0.6)
    assert first_clear(asked[: whole.items], clusters, 0.6) == whole
    before = first_clear(asked[: whole.items - 1], clusters, 0.6)
    assert before.kept is None and before.items == whole.items - 1
    assert first_clear([], clusters, 0.6).items == 0
    assert sorted(order) == list(range(400)) and order != shuffled(400, 6)


def test_bounds_of_a_table_hold_at_all_times_at_once_and_end_at_its_mean() -> None:
    generator = np.random.default_rng(11)
    missed = 0
    for _ in range(200):
        table = (generator.random(60) < 0.4).astype(float)
        low, high = table_bounds(generator.permutation(table), len(table), alpha=0.1, grid=200)
        missed += bool(((low > table.mean()) | (high < table.mean())).any())
        assert high[-1] - low[-1] <= 0.05
        assert (np.diff(low) >= 0).all() and (np.diff(high) <= 0).all()
    assert missed / 200 <= 0.1


def test_a_place_without_a_score_counts_for_neither_side() -> None:
    generator = np.random.default_rng(12)
    missed = 0
    for _ in range(200):
        table = [None if generator.random() < 0.3 else float(generator.random() < 0.4) for _ in range(60)]
        mean = np.mean([value for value in table if value is not None])
        low, high = table_bounds([table[place] for place in generator.permutation(60)], 60, alpha=0.1, grid=200)
        missed += bool(((low > mean) | (high < mean)).any())
        assert high[-1] - low[-1] <= 0.05
    assert missed / 200 <= 0.1
    low, high = table_bounds([None] * 10, 20)
    assert low[-1] == 0 and high[-1] == 1


def test_what_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        stop_early([1.0], ["a", "b"], 0.5, seed=1)
    with pytest.raises(ValueError, match="outside"):
        stop_early([1.5], ["a"], 0.5, seed=1)
    with pytest.raises(ValueError, match="limit is nan"):
        stop_early([1.0], ["a"], float("nan"), seed=1)
    with pytest.raises(ValueError, match="2 values of 1"):
        table_bounds([1.0, 0.0], 1)
