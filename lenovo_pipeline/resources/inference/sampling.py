"""The next token from scores: the best one, or one drawn by temperature and top-p, the same for the same seed."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.resources.inference.messages import GenerationSettings


class Sampler:
    """Draws the tokens of one answer. It has a generator of its own, so a draw does not depend on the rest of a batch."""

    def __init__(self, settings: GenerationSettings) -> None:
        self._settings = settings
        self._random = np.random.default_rng(settings.seed)

    def drawn(self, scores: npt.NDArray[np.floating]) -> Iterator[int]:
        """Tokens by their scores, each once: as if what was drawn before could not be."""
        left = scores.astype(np.float64)
        for _ in range(len(left)):
            token = self.draw(left)
            yield token
            left[token] = -np.inf
            if not np.isfinite(left).any():
                return

    def draw(self, scores: npt.NDArray[np.floating]) -> int:
        """A token by its score (vocabulary,). Top-p keeps the fewest likeliest tokens that together reach it."""
        sharpened = scores.astype(np.float64) / self._settings.temperature
        chances = np.exp(sharpened - sharpened.max())
        chances /= chances.sum()
        if self._settings.top_p < 1:
            order = np.argsort(-chances, kind="stable")
            before = np.cumsum(chances[order]) - chances[order]
            chances[order[before >= self._settings.top_p]] = 0
            chances /= chances.sum()
        return int(self._random.choice(len(chances), p=chances))
