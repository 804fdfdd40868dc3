"""Drift: how much of six injected kinds the detectors find, and how often they cry wolf over quiet windows.

Run: python lenovo_pipeline_tests/benchmarks/bench_drift.py [--trials N] [--quiet-windows N] [--seed N]

Requests are gold questions of a seeded world with real embeddings. A trial draws a reference of its own, then one window from
questions that were changed by lenovo_pipeline/roster/monitoring/trials/drifts.py, which the detectors do not import. Ends with
1 if recall of any kind is below 95 %, or there is more than 1 false alarm in 100 quiet windows.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.gold.make import make_questions
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.roster.monitoring.drift import BLOCK, REFERENCE, Sample, compare, evidence
from lenovo_pipeline.roster.monitoring.judging import DRIFT, Limits
from lenovo_pipeline.roster.monitoring.sketching import sketches
from lenovo_pipeline.roster.monitoring.trials.drifts import DRIFTS, Question

LEAST_RECALL, MOST_FALSE_ALARMS_IN_100 = 0.95, 1


class Sampler:
    """Samples of questions, whose sketches are made once for each text."""

    def __init__(self, questions: list[Question], encoder: OnnxEncoder) -> None:
        self.questions, self._encoder = questions, encoder
        self._known: dict[str, tuple[float, ...]] = {}

    def draw(self, generator: np.random.Generator, size: int) -> list[Question]:
        return [self.questions[place] for place in generator.integers(len(self.questions), size=size)]

    def sample(self, asked: list[Question], generator: np.random.Generator) -> Sample:
        new = sorted({text for text, _ in asked} - self._known.keys())
        self._known |= dict(zip(new, sketches(new, self._encoder), strict=True))
        sizes = np.array([len(text) for text, _ in asked], dtype=np.float64)
        answers = generator.gamma(2.0, 60.0, size=len(asked)).round()
        return Sample(
            sizes, answers, tuple(language for _, language in asked), np.array([self._known[text] for text, _ in asked])
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=20, help="trials of each kind")
    parser.add_argument("--quiet-windows", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    (threshold,) = [each.raise_at for each in Limits().thresholds() if each.signal == DRIFT]
    made = make_questions(build_world(options.seed, 0.3), options.seed, 0.3)
    questions = list(zip(made["question"].astype(str), made["language"].astype(str), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        sampler = Sampler(questions, OnnxEncoder(bundled_encoder(), Path(folder)))
        started = time.perf_counter()

        def alarm(seed: int, kind: str | None) -> tuple[bool, float]:
            generator = np.random.default_rng([options.seed, seed])
            reference = sampler.sample(sampler.draw(generator, REFERENCE), generator)
            asked = sampler.draw(generator, BLOCK)
            block = sampler.sample(DRIFTS[kind](asked, generator) if kind else asked, generator)
            found = evidence(compare(reference, block, seed=seed))
            return found is not None and found >= threshold, found or 0.0

        quiet = [alarm(seed, None) for seed in range(options.quiet_windows)]
        false_alarms = sum(raised for raised, _ in quiet)
        print(f"{len(questions):,} questions; reference {REFERENCE}, window {BLOCK} requests, alarm at evidence {threshold}")
        print(f"quiet: {false_alarms} false alarms in {len(quiet)} windows, highest evidence {max(e for _, e in quiet):.2f}")
        met = false_alarms * 100 <= MOST_FALSE_ALARMS_IN_100 * len(quiet)
        found_all = 0
        for number, kind in enumerate(DRIFTS):
            trials = [alarm(10_000 * (number + 1) + trial, kind) for trial in range(options.trials)]
            found = sum(raised for raised, _ in trials)
            found_all += found
            met = met and found >= LEAST_RECALL * len(trials)
            print(f"{kind:<15} found {found} of {len(trials)}, lowest evidence {min(e for _, e in trials):.2f}")
        print(
            f"recall {found_all / (options.trials * len(DRIFTS)):.1%} of {options.trials * len(DRIFTS)}, "
            f"in {time.perf_counter() - started:.1f} s"
        )
    print("met" if met else "NOT met")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
