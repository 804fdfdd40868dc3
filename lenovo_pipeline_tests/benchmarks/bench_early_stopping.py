"""How many items early stopping asks, and how often its verdict is that of the whole table.

Twice: for candidates that are drawn with a known share of right answers, in clusters of one luck each, and for all score tables
of a store (LENOVO_STORE), against the limits that the roster's policy sets to what screening can tell. The verdict of the whole
is the roster's: the lower bound of the 95 % interval against the limit. Clear: 20 points or more away. Tables of fewer than
100 questions are told apart: what so few questions cannot show, no order of them shows.
"""

from dataclasses import dataclass, field

import numpy as np

from lenovo_pipeline.evaluation.keeping import all_scores
from lenovo_pipeline.evaluation.screening import METRICS, Limit, replay_stored
from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.statistics.bootstrap import cluster_bootstrap
from lenovo_pipeline.measures.statistics.stopping import Stopped, stop_early
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.policy import read_policy
from lenovo_pipeline.settings import get_settings

LIMIT, RUNS, ORDERS = 0.6, 60, 5
SHARES = (0.05, 0.2, 0.4, 0.55, 0.6, 0.65, 0.8, 0.9, 0.97)
SHAPES = {"1000 items in clusters of 4": [4] * 250, "300 items in clusters of 1 to 20": [1, 2, 3, 4, 5, 6, 9, 20] * 6}
CLEAR, MANY = 0.2, 100


@dataclass
class Tally:
    """What was asked and said of the cases of one kind: the mean of their shares, and of all their items together."""

    asked: list[int] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    same: list[bool] = field(default_factory=list)

    def add(self, stopped: Stopped, same: bool) -> None:
        self.asked.append(stopped.items)
        self.whole.append(stopped.whole)
        self.same.append(same)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.asked + other.asked, self.whole + other.whole, self.same + other.same)

    def __str__(self) -> str:
        if not self.same:
            return "no case"
        shares, items = np.divide(self.asked, self.whole), sum(self.asked) / sum(self.whole)
        asked = f"asked {np.mean(shares):6.1%} on average ({items:.1%} of all items)"
        return f"{asked}, {np.mean(self.same):6.1%} same verdicts, {len(self.same)} cases"


def main() -> None:
    for name, sizes in SHAPES.items():
        _drawn(name, sizes)
    settings = get_settings()
    try:
        with snapshot_warehouse(Store(settings.store)) as warehouse:
            scores = all_scores(warehouse)
    except PermanentFailure as error:
        print(f"no stored tables: {error}")
        return
    limits = _limits()
    print(f"tables of {settings.store}, {len(limits)} limits of the policy, {ORDERS} orders each")
    found = {(many, clear): Tally() for many in (True, False) for clear in (True, False)}
    for seed in range(ORDERS):
        for each in replay_stored(scores, limits, seed=settings.seed + seed):
            assert each.figure.value is not None
            clear = abs(each.figure.value - each.limit.at_least) >= CLEAR
            found[each.stopped.whole >= MANY, clear].add(each.stopped, each.same)
    for (many, clear), tally in found.items():
        print(f"{f'at least {MANY}' if many else f'under {MANY}':<12} questions, {'clear' if clear else 'not clear':<9}  {tally}")
    print(f"clear cases: {found[True, True] + found[False, True]}")
    print(f"all cases:   {sum(found.values(), Tally())}")


def _drawn(name: str, sizes: list[int]) -> None:
    generator = np.random.default_rng(20_261)
    print(f"{name}, limit {LIMIT:g}, {RUNS} candidates of each share")
    clusters = np.repeat(np.arange(len(sizes)), sizes).tolist()
    found = {True: Tally(), False: Tally()}
    for share in SHARES:
        clear = abs(share - LIMIT) >= CLEAR - 1e-9
        mine = Tally()
        for run in range(RUNS):
            luck = np.repeat(generator.beta(share * 8, (1 - share) * 8, len(sizes)), sizes)
            values = (generator.random(len(luck)) < luck).astype(float)
            whole = cluster_bootstrap(values, clusters, seed=run, resamples=500).low >= LIMIT
            early = stop_early(values, clusters, LIMIT, seed=run)
            mine.add(early, early.kept in (None, bool(whole)))
        found[clear] += mine
        print(f"  share {share:4.2f}  {'clear' if clear else '     '}  {mine}")
    print(f"  clear cases: {found[True]} (at most 40 %, at least 98 %)")
    print(f"  all cases:   {found[True] + found[False]}")


def _limits() -> list[Limit]:
    """The limits of the policy on a mean over questions, each once."""
    found = {
        Limit(floor.at_least, floor.metric, floor.slice)
        for use_case in read_policy(get_settings().policy).use_cases.values()
        for _, asked in use_case.asked
        for floor in asked.floors
        if floor.metric in METRICS and floor.at_least is not None
    }
    return sorted(found, key=str)


if __name__ == "__main__":
    main()
