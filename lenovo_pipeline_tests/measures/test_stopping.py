"""Stopping early saves items where the case is clear, and asks everything where it is not."""

import numpy as np
import pytest

from lenovo_pipeline.measures.statistics.stopping import shuffled, stop_early


def _case(share: float, seed: int, items: int = 400) -> tuple[list[float], list[int]]:
    values = (np.random.default_rng(seed).random(items) < share).astype(float).tolist()
    return values, [place // 4 for place in range(items)]


@pytest.mark.parametrize(("share", "above"), [(0.95, True), (0.1, False)])
def test_a_clear_case_is_told_from_a_part_of_the_items(share: float, above: bool) -> None:
    for seed in range(5):
        found = stop_early(*_case(share, seed), 0.6, seed=seed)
        assert found.above is above and found.items <= 0.4 * found.whole


def test_a_case_at_the_limit_is_asked_whole() -> None:
    values, clusters = [0.0, 1.0] * 200, [place // 4 for place in range(400)]
    found = stop_early(values, clusters, 0.5, seed=1)
    assert found.above is None and found.items == found.whole == 400


def test_clusters_stay_whole_in_the_order_that_is_asked() -> None:
    clusters = ["a", "b", "a", "c", "b"]
    order = [clusters[place] for place in shuffled(clusters, 3)]
    assert sorted(order) == sorted(clusters)
    assert all(order[n] == order[n + 1] for n in range(4) if order.count(order[n]) == 2 and order.index(order[n]) == n)


def test_what_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        stop_early([1.0], ["a", "b"], 0.5, seed=1)
    with pytest.raises(ValueError, match="outside"):
        stop_early([float("nan")], ["a"], 0.5, seed=1)
