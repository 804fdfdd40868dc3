"""How much each profile trains, calibrates and measures. A profile changes sizes and steps, never code paths."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Rows to learn from and to hold out, calibration prompts, rows and answers that a build is measured on, and steps of each
    training; a step sees at most `batch_tokens` tokens.
    """

    rows: int
    held_out: int
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
    "smoke": Sizes(12, 4, 2, 6, 2, 8, 1024, 1, 2, 2, 2),
    "default": Sizes(400, 24, 8, 48, 8, 48, 4096, 4, 14, 14, 30),
    "full": Sizes(20_000, 200, 64, 400, 40, 64, 8192, 100, 400, 1_000, 5_000),
}
SHARE_PRUNED = 0.3
"""Of the weights of the layers' matrices by magnitude, and of the columns of their feed-forward parts by structure."""
RATES = {"aware": 2e-4, "magnitude": 2e-4, "structured": 2e-4, "distilled": 2e-3}
"""Highest learning rates (AdamW)."""
