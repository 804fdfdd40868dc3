"""How much each profile trains, calibrates and measures. A profile changes sizes and steps, never code paths."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Rows to learn from, to validate and to calibrate on, rows and answers that a build is measured on, and steps of each
    training; a step sees at most `batch_tokens` tokens.
    """

    rows: int
    validation: int
    calibration: int
    agreement: int
    answers: int
    answer_tokens: int
    batch_tokens: int
    aware_8: int
    aware_4: int
    pruned: int
    distilled: int


SIZES = {
    "smoke": Sizes(
        rows=12,
        validation=4,
        calibration=2,
        agreement=6,
        answers=2,
        answer_tokens=8,
        batch_tokens=1024,
        aware_8=1,
        aware_4=2,
        pruned=2,
        distilled=2,
    ),
    "default": Sizes(
        rows=100,
        validation=8,
        calibration=4,
        agreement=20,
        answers=4,
        answer_tokens=32,
        batch_tokens=1024,
        aware_8=4,
        aware_4=10,
        pruned=8,
        distilled=24,
    ),
    "full": Sizes(
        rows=20_000,
        validation=200,
        calibration=64,
        agreement=400,
        answers=40,
        answer_tokens=64,
        batch_tokens=8192,
        aware_8=100,
        aware_4=400,
        pruned=1_000,
        distilled=5_000,
    ),
}
SHARE_PRUNED = 0.3
"""Of the weights of the layers' matrices by magnitude, and of the columns of their feed-forward parts by structure."""
RATES = {"aware": 2e-4, "magnitude": 2e-4, "structured": 2e-4, "distilled": 2e-3}
"""Highest learning rates (AdamW)."""
