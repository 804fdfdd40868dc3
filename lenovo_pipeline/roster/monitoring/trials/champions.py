"""Champions that go bad in service: each fault turns the outcomes of a good one into those of a bad one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lenovo_pipeline.roster.monitoring.simulator import Outcome

Fault = Callable[[Sequence[Outcome], np.random.Generator], list[Outcome]]


def slow(profile: Sequence[Outcome], generator: np.random.Generator) -> list[Outcome]:
    """Every answer takes 10 to 30 times as long, and at least 4 s."""
    return [replace(each, latency_s=max(4.0, (each.latency_s or 0.1) * float(generator.uniform(10, 30)))) for each in profile]


def failing(profile: Sequence[Outcome], generator: np.random.Generator) -> list[Outcome]:
    """About two in five requests end in an error."""
    return [
        replace(each, error="ModelUnavailable", chars_out=0, latency_s=None, score=None) if generator.random() < 0.4 else each
        for each in profile
    ]


def wrong(profile: Sequence[Outcome], generator: np.random.Generator) -> list[Outcome]:
    """Answers that used to be right are wrong, as after a bad update of the weights."""
    return [replace(each, score=None if each.score is None else 0.0) for each in profile]


def silent(profile: Sequence[Outcome], generator: np.random.Generator) -> list[Outcome]:
    """A third of the answers are empty."""
    return [replace(each, chars_out=0) if generator.random() < 0.33 else each for each in profile]


def stuck(profile: Sequence[Outcome], generator: np.random.Generator) -> list[Outcome]:
    """A few answers never come to an end and run into the time limit."""
    return [
        replace(each, latency_s=60.0, error="TimedOut", chars_out=0, score=None) if generator.random() < 0.25 else each
        for each in profile
    ]


FAULTS: Mapping[str, Fault] = {"slow": slow, "failing": failing, "wrong": wrong, "silent": silent, "stuck": stuck}
