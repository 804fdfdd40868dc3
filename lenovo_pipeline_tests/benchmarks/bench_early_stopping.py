"""How many items early stopping asks, and how often its verdict is that of the whole table.

Candidates are resampled from per-item scores with a known share of right answers, in clusters of an entity each; the verdict
of the whole is that of the roster: the lower bound of the 95 % interval against the limit. Clear: 20 points or more away.
"""

import numpy as np

from lenovo_pipeline.measures.statistics.bootstrap import cluster_bootstrap
from lenovo_pipeline.measures.statistics.stopping import stop_early

ITEMS, PER_CLUSTER, LIMIT, RUNS = 1_000, 4, 0.6, 60
SHARES = (0.05, 0.2, 0.4, 0.55, 0.6, 0.65, 0.8, 0.9, 0.97)
CLEAR = 0.2


def main() -> None:
    generator = np.random.default_rng(20_261)
    print(f"{ITEMS} items in clusters of {PER_CLUSTER}, limit {LIMIT:g}, {RUNS} candidates of each share")
    asked: dict[bool, list[float]] = {True: [], False: []}
    agreed: dict[bool, list[bool]] = {True: [], False: []}
    for share in SHARES:
        mine: list[float] = []
        same: list[bool] = []
        for run in range(RUNS):
            luck = np.repeat(generator.beta(share * 8, (1 - share) * 8, ITEMS // PER_CLUSTER), PER_CLUSTER)
            values = (generator.random(ITEMS) < luck).astype(float)
            clusters = np.repeat(np.arange(ITEMS // PER_CLUSTER), PER_CLUSTER).tolist()
            whole = cluster_bootstrap(values, clusters, seed=run, resamples=500).low >= LIMIT
            early = stop_early(values, clusters, LIMIT, seed=run)
            mine.append(early.items / early.whole)
            same.append(early.above is None or early.above == bool(whole))
        clear = abs(share - LIMIT) >= CLEAR - 1e-9
        asked[clear] += mine
        agreed[clear] += same
        print(
            f"share {share:4.2f}  {'clear' if clear else '     '}  asked {np.mean(mine):6.1%}  same verdict {np.mean(same):6.1%}"
        )
    every = [*agreed[True], *agreed[False]]
    print(f"clear cases: {np.mean(asked[True]):.1%} of the items asked (at most 40 %)")
    print(f"same verdicts: {np.mean(agreed[True]):.1%} of clear cases, {np.mean(every):.1%} of all (at least 98 %)")


if __name__ == "__main__":
    main()
