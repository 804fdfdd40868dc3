"""Intervals cover, tests keep their level, and what is said to be detectable is detected: by closed forms and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from lenovo_pipeline.measures.statistics.bootstrap import Floats, cluster_bootstrap
from lenovo_pipeline.measures.statistics.multiple import holm
from lenovo_pipeline.measures.statistics.paired import (
    bootstrap_test,
    compare_paired,
    mcnemar_test,
    permutation_test,
    wilcoxon_test,
)
from lenovo_pipeline.measures.statistics.power import (
    design_effect,
    detectable_difference,
    detectable_mean,
    detectable_proportion,
    kish_design_effect,
)
from lenovo_pipeline.measures.statistics.sequential import confidence_sequence, sequential_mean_test, sequential_paired_test

SINGLE = [str(n) for n in range(2_000)]


def clustered_scores(
    generator: np.random.Generator, clusters: int, size: int, mean: float, spread: float
) -> tuple[Floats, list[int]]:
    """Scores of 0 and 1 whose chance differs between clusters (beta with this mean), and the cluster of each."""
    chances = generator.beta(mean * spread, (1 - mean) * spread, size=clusters)
    values = (generator.random((clusters, size)) < chances[:, None]).astype(np.float64).ravel()
    return values, [n for n in range(clusters) for _ in range(size)]


def test_with_clusters_of_one_the_interval_is_that_of_the_normal_approximation() -> None:
    values = np.random.default_rng(1).normal(3, 2, 1_000)
    found = cluster_bootstrap(values, SINGLE[:1_000], seed=5, resamples=8_000, bounds=None)
    half = stats.norm.ppf(0.975) * values.std(ddof=1) / math.sqrt(1_000)
    assert found.estimate == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02 * half * 2)
    assert (found.n, found.clusters) == (1_000, 1_000)


def test_the_interval_agrees_with_scipys_bca_interval() -> None:
    values = np.random.default_rng(2).exponential(1.0, 60)
    found = cluster_bootstrap(values, SINGLE[:60], seed=5, resamples=20_000, bounds=None)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(3)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_intervals_of_clustered_scores_cover_as_often_as_they_say_and_ignoring_clusters_would_not() -> None:
    generator = np.random.default_rng(7)
    covered, naive = 0, 0
    for trial in range(300):
        values, clusters = clustered_scores(generator, 40, 15, mean=0.4, spread=2.0)
        by_cluster = cluster_bootstrap(values, clusters, seed=trial, resamples=500)
        covered += by_cluster.low <= 0.4 <= by_cluster.high
        naive += abs(values.mean() - 0.4) <= stats.norm.ppf(0.975) * values.std() / math.sqrt(len(values))
    assert 0.90 <= covered / 300 <= 0.985
    assert naive / 300 < 0.75


def test_the_same_seed_gives_the_same_interval_and_another_one_nearly_the_same() -> None:
    values, clusters = np.random.default_rng(1).normal(0.5, 0.1, 100), [n // 5 for n in range(100)]
    first, other = cluster_bootstrap(values, clusters, seed=1), cluster_bootstrap(values, clusters, seed=2)
    assert first == cluster_bootstrap(values, clusters, seed=1)
    assert first != other and first.low == pytest.approx(other.low, abs=0.005)


def test_scores_that_are_all_right_still_have_an_interval_with_a_lower_end_below_one() -> None:
    found = cluster_bootstrap([1.0] * 30, [n % 10 for n in range(30)], seed=1)
    assert found.low == pytest.approx(0.025 ** (1 / 10)) and found.high == 1
    none = cluster_bootstrap([0.0] * 30, [n % 10 for n in range(30)], seed=1)
    assert none.low == 0 and none.high == pytest.approx(1 - 0.025 ** (1 / 10))
    exact = stats.binomtest(10, 10).proportion_ci(method="exact")
    assert found.low == pytest.approx(exact.low)


def test_bounds_stay_in_order_however_skewed_a_few_clusters_are() -> None:
    for values in ([0.0, 0.0, 0.0, 1_000.0], [0.0] * 9 + [1.0], [-1e6, 0.0], [1.0] * 30 + [-500.0]):
        found = cluster_bootstrap(values, SINGLE[: len(values)], seed=3, confidence=0.99, bounds=None)
        assert found.low <= found.estimate <= found.high
        within = cluster_bootstrap(values, SINGLE[: len(values)], seed=3, bounds=(min(values), max(values)))
        assert min(values) <= within.low <= within.estimate <= within.high <= max(values)


@pytest.mark.parametrize("clusters", [2, 3, 4, 6, 9])
def test_few_clusters_of_unequal_size_never_claim_more_than_they_show(clusters: int) -> None:
    generator = np.random.default_rng(clusters)
    covered, above = 0, 0
    for trial in range(200):
        sizes = generator.integers(1, 5, clusters)
        names = [place for place, size in enumerate(sizes) for _ in range(size)]
        chances = generator.beta(0.8, 1.2, clusters)
        values = [float(generator.random() < chances[place]) for place in names]
        found = cluster_bootstrap(values, names, seed=trial, resamples=500)
        covered += found.low <= 0.4 <= found.high
        above += found.low > 0.4
    assert covered / 200 >= 0.95 and above / 200 <= 0.025


def test_a_better_answer_never_lowers_the_lower_end() -> None:
    lows = [cluster_bootstrap(values, list("aabc"), seed=1).low for values in ([1, 0, 1, 0], [1, 0, 1, 1], [1, 1, 1, 1])]
    assert lows == sorted(lows) and lows[0] < 0.1
    two_entities = [cluster_bootstrap(values, list("aab"), seed=20_261).low for values in ([1, 0, 1], [1, 1, 1])]
    assert two_entities[0] < two_entities[1] < 0.4


def test_what_every_cluster_shows_alike_still_has_an_interval() -> None:
    halves = cluster_bootstrap([1.0, 0.0] * 20, [place // 2 for place in range(40)], seed=1)
    unseen = 1 - 0.025 ** (1 / 20)
    assert halves.estimate == 0.5
    assert (halves.low, halves.high) == pytest.approx((0.5 - unseen / 2, 0.5 + unseen / 2))
    better = compare_paired([1.0, 1.0], [0.0, 0.0], "ab", seed=1)
    assert better.low < 0 and better.high == 1


def test_values_of_any_range_have_students_interval_where_clusters_are_few() -> None:
    values = [3.0, 5.0, 4.0]
    found = cluster_bootstrap(values, "abc", seed=1, bounds=None)
    half = stats.t.ppf(0.975, 2) * np.std(values, ddof=1) / math.sqrt(3)
    assert (found.low, found.high) == pytest.approx((4 - half, 4 + half))
    with pytest.raises(ValueError, match="between 3 and 5, expected 0 to 1"):
        cluster_bootstrap(values, "abc", seed=1)


@pytest.mark.parametrize(
    ("values", "clusters", "found"),
    [
        ([], [], "0 values"),
        ([1.0], ["a", "b"], "1 values and 2 cluster names"),
        ([1.0, math.nan], ["a", "b"], "1 of 2 values are not finite"),
        ([1.0, 0.0], ["a", "a"], "1 cluster, expected at least 2"),
    ],
)
def test_intervals_of_nothing_or_of_nan_are_refused(values: list[float], clusters: list[str], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        cluster_bootstrap(values, clusters, seed=1)


def test_tests_of_two_equal_candidates_reject_at_their_level() -> None:
    generator = np.random.default_rng(11)
    rejected = {"permutation": 0, "bootstrap": 0}
    trials = 300
    for trial in range(trials):
        first, clusters = clustered_scores(generator, 30, 8, 0.5, 2.0)
        second, _ = clustered_scores(generator, 30, 8, 0.5, 2.0)
        rejected["permutation"] += permutation_test(first, second, clusters, seed=trial, permutations=400) <= 0.05
        rejected["bootstrap"] += bootstrap_test(first, second, clusters, seed=trial, resamples=400) <= 0.05
    assert all(0.01 <= count / trials <= 0.09 for count in rejected.values()), rejected


def test_a_clear_difference_is_found_by_every_test() -> None:
    generator = np.random.default_rng(3)
    first, second = (generator.random(400) < 0.7).astype(float), (generator.random(400) < 0.5).astype(float)
    clusters = [n // 4 for n in range(400)]
    found = compare_paired(first, second, clusters, seed=1)
    assert found.difference == pytest.approx(first.mean() - second.mean())
    assert 0 < found.low < found.difference < found.high
    assert found.p_value < 0.01
    assert bootstrap_test(first, second, clusters, seed=1) < 0.01
    assert mcnemar_test(first, second) < 0.01
    assert wilcoxon_test(first, second) < 0.01


def test_mcnemars_test_is_the_exact_binomial_one() -> None:
    first = [1.0] * 9 + [0.0] * 2 + [1.0] * 5
    second = [0.0] * 9 + [1.0] * 2 + [1.0] * 5
    assert mcnemar_test(first, second) == pytest.approx(2 * sum(math.comb(11, k) for k in range(3)) / 2**11)
    with pytest.raises(ValueError, match="0 and 1 only"):
        mcnemar_test([0.5], [1.0])


def test_equal_candidates_differ_by_nothing_that_so_many_entities_can_show() -> None:
    scores = [1.0, 0.0, 1.0]
    found = compare_paired(scores, scores, "abc", seed=1)
    assert (found.difference, found.p_value) == (0, 1) and found.low < -0.5 and found.high > 0.5
    many = compare_paired([1.0, 0.0] * 500, [1.0, 0.0] * 500, range(1_000), seed=1)
    assert (many.difference, many.p_value) == (0, 1)
    assert -0.005 < many.low < 0 < many.high < 0.005
    assert mcnemar_test(scores, scores) == wilcoxon_test(scores, scores) == bootstrap_test(scores, scores, "abc", seed=1) == 1


def test_the_permutation_test_counts_every_arrangement_of_few_clusters() -> None:
    # Four clusters, all in favour of the first: 2 of 16 arrangements are as extreme.
    p_value = permutation_test([1.0] * 4, [0.0] * 4, "abcd", seed=1, permutations=40_000)
    assert p_value == pytest.approx(2 / 16, abs=0.01)


def test_scores_that_do_not_pair_are_refused() -> None:
    for test in (mcnemar_test, wilcoxon_test):
        with pytest.raises(ValueError, match="2 and 1 scores"):
            test([1.0, 0.0], [1.0])
        with pytest.raises(ValueError, match="not finite"):
            test([1.0, math.nan], [1.0, 0.0])


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert list(adjusted) == ["a", "b", "c", "d"]
    assert holm({"a": 0.4, "b": 0.7, "c": 0.2, "d": 0.7}) == pytest.approx({"a": 1.0, "b": 1.0, "c": 0.8, "d": 1.0})
    assert holm({}) == {}
    with pytest.raises(ValueError, match="b = nan"):
        holm({"a": 0.1, "b": math.nan})


def test_the_detectable_difference_is_detected_with_the_power_it_says() -> None:
    generator = np.random.default_rng(5)
    n, discordant = 300, 0.3
    difference = detectable_difference(n, discordant)
    outcomes = generator.multinomial(
        n, [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant], size=1_500
    )
    better, worse = outcomes[:, 0], outcomes[:, 1]
    found = float((np.abs(better - worse) / np.sqrt(better + worse) > stats.norm.ppf(0.975)).mean())
    assert found == pytest.approx(0.8, abs=0.04)


def test_the_detectable_proportion_is_detected_with_the_power_it_says() -> None:
    n, against = 300, 0.5
    rise = detectable_proportion(n, against)
    rights = np.random.default_rng(6).binomial(n, against + rise, size=4_000)
    z = (rights / n - against) / math.sqrt(against * (1 - against) / n)
    assert float((z > stats.norm.ppf(0.975)).mean()) == pytest.approx(0.8, abs=0.03)


def test_detectable_effects_follow_their_closed_forms_and_grow_with_the_design_effect() -> None:
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert detectable_mean(400, 2.0) == pytest.approx(z * 2 / 20)
    assert detectable_mean(400, 2.0, design_effect=4) == pytest.approx(z * 2 / 10)
    assert detectable_proportion(1_200, 0.3, design_effect=4) == pytest.approx(detectable_proportion(300, 0.3))
    assert detectable_difference(1_200, 0.2, design_effect=4) == pytest.approx(detectable_difference(300, 0.2))
    assert detectable_difference(3, 0.2) == math.inf and detectable_proportion(2, 0.9) == math.inf
    with pytest.raises(ValueError, match="expected"):
        detectable_mean(0, 1)
    with pytest.raises(ValueError, match="expected"):
        detectable_proportion(9, 1.0)
    with pytest.raises(ValueError, match="expected"):
        detectable_difference(9, 0.0)


def test_the_design_effect_is_that_of_kish_for_clusters_of_one_size() -> None:
    values, clusters = clustered_scores(np.random.default_rng(9), 2_000, 10, 0.5, 3.0)
    # The correlation within clusters of beta-binomial scores is 1 / (a + b + 1).
    assert design_effect(values, clusters) == pytest.approx(kish_design_effect([10] * 2_000, 0.25), rel=0.08)
    assert design_effect(values, list(range(len(values)))) == pytest.approx(1, abs=0.01)
    assert design_effect([1.0, 1.0], "ab") == 1
    assert kish_design_effect([5, 15], 0.5) == pytest.approx(1 + (250 / 20 - 1) * 0.5)


@pytest.mark.parametrize("mean", [0.5, 0.1])
def test_the_sequential_test_keeps_its_level_although_it_is_looked_at_after_every_item(mean: float) -> None:
    generator = np.random.default_rng(13)
    runs = (generator.random((500, 400)) < mean).astype(float)
    stopped = sum(sequential_mean_test(run, mean, alpha=0.1).stopped_at is not None for run in runs)
    assert stopped / 500 <= 0.1 + 2 * math.sqrt(0.1 * 0.9 / 500)
    looked_at_naively = np.abs(np.cumsum(runs - mean, axis=1) / np.sqrt(mean * (1 - mean) * np.arange(1, 401)))[:, 20:]
    assert (looked_at_naively.max(axis=1) > stats.norm.ppf(0.95)).mean() > 0.2


def test_the_sequential_test_stops_early_where_the_difference_is_clear() -> None:
    generator = np.random.default_rng(17)
    better, worse = (generator.random(600) < 0.8).astype(float), (generator.random(600) < 0.5).astype(float)
    found = sequential_paired_test(better, worse)
    assert found.stopped_at is not None and found.stopped_at < 300
    assert found.p_value < 0.05
    assert sequential_paired_test(better, better).stopped_at is None


def test_confidence_sequences_hold_at_all_times_at_once_and_close_in() -> None:
    generator = np.random.default_rng(19)
    missed = 0
    for _ in range(100):
        low, high = confidence_sequence((generator.random(300) < 0.3).astype(float), alpha=0.1, grid=200)
        missed += bool(((low > 0.3) | (high < 0.3)).any())
    assert missed / 100 <= 0.16
    assert high[-1] - low[-1] < 0.3 < high[5] - low[5]
    assert (np.diff(low) >= 0).all() and (np.diff(high) <= 0).all()


def test_a_confidence_sequence_narrower_than_its_grid_stays_an_interval() -> None:
    low, high = confidence_sequence(np.full(3_000, 0.55), grid=10)
    assert np.isfinite(low).all() and low[-1] <= 0.55 <= high[-1]


def test_values_that_cannot_be_bet_on_are_refused() -> None:
    for values in ([0.2, 1.2], [math.nan]):
        with pytest.raises(ValueError, match="outside"):
            sequential_mean_test(values, 0.5)
    with pytest.raises(ValueError, match="no values"):
        confidence_sequence([])
    with pytest.raises(ValueError, match="between 0 and 1"):
        sequential_mean_test([0.5], 1.0)
    with pytest.raises(ValueError, match="as many"):
        sequential_paired_test([0.5], [0.5, 1.0])


def test_a_bound_so_far_out_that_few_resamples_reach_it_is_no_nearer_than_the_normal_one() -> None:
    values = np.random.default_rng(3).binomial(1, 0.5, 400).astype(np.float64) - 0.5
    wide = cluster_bootstrap(values, range(400), seed=1, confidence=0.99999, bounds=(-0.5, 0.5))
    narrow = cluster_bootstrap(values, range(400), seed=1, confidence=0.95, bounds=(-0.5, 0.5))
    spread = float(values.std(ddof=1)) / 20
    assert narrow.low == pytest.approx(narrow.estimate - 1.96 * spread, abs=0.005)
    assert wide.low < wide.estimate - 4.2 * spread and wide.high > wide.estimate + 4.2 * spread
