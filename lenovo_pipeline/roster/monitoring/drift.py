"""Whether requests come from another distribution than before: tests of a block of requests against a reference.

Belongs here: PSI, Kolmogorov-Smirnov and MMD with p-values, and what they say together. Which requests make a block and what
follows from drift is the business of judging.py. Nothing here knows how drift is made for trials (trials/).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import log10
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.measures.statistics.multiple import holm
from lenovo_pipeline.roster.monitoring.requests import SKETCH_WIDTH, Request
from lenovo_pipeline.roster.monitoring.windows import problems_of

Floats: TypeAlias = npt.NDArray[np.float64]

REFERENCE, BLOCK = 400, 100
"""Requests that the reference holds, and those that are held against it at a time."""

LEAST_PSI = 0.1
"""A shift below this index is called small in credit scoring, where the index comes from (Siddiqi 2006), and is not drift."""

_PERMUTATIONS = 250
_LEAST_EXPECTED = 5.0
_SMOOTHING = 0.5
_BINS = 8
_SMALLEST_P = 1e-12


@dataclass(frozen=True)
class Sample:
    """What drift is looked for in, of n requests: sizes in characters [n], languages [n], sketches [m, SKETCH_WIDTH]."""

    chars_in: Floats
    chars_out: Floats
    languages: tuple[str, ...]
    sketches: Floats

    def to_json(self) -> dict[str, Any]:
        return {
            "chars_in": self.chars_in.tolist(),
            "chars_out": self.chars_out.tolist(),
            "languages": list(self.languages),
            "sketches": np.round(self.sketches, 5).tolist(),
        }

    @classmethod
    def from_json(cls, held: dict[str, Any]) -> "Sample":
        """Raises KeyError, TypeError or ValueError if this is no sample."""
        return cls(
            np.asarray(held["chars_in"], dtype=np.float64),
            np.asarray(held["chars_out"], dtype=np.float64),
            tuple(map(str, held["languages"])),
            np.asarray(held["sketches"], dtype=np.float64).reshape(-1, SKETCH_WIDTH),
        )


@dataclass(frozen=True)
class Finding:
    """One test: its statistic, and the chance of one as large if nothing had changed."""

    test: str
    of: str
    statistic: float
    p_value: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def sample_of(requests: Sequence[Request]) -> Sample:
    """The sample of these requests; records that cannot be right count for data quality, not here."""
    sound = [each for each in requests if not problems_of(each)]
    answered = [each for each in sound if each.error is None]
    sketches = [each.sketch for each in sound if each.sketch]
    return Sample(
        np.array([each.chars_in for each in sound], dtype=np.float64),
        np.array([each.chars_out for each in answered if each.chars_out is not None], dtype=np.float64),
        tuple(each.language for each in sound),
        np.array(sketches, dtype=np.float64).reshape(-1, SKETCH_WIDTH),
    )


def compare(reference: Sample, block: Sample, *, seed: int) -> list[Finding]:
    """All tests of a block against the reference; one that has nothing to look at is left out."""
    found = []
    for name in ("chars_in", "chars_out"):
        before, now = getattr(reference, name), getattr(block, name)
        if len(before) and len(now):
            found += [ks(before, now, name), psi(*_binned(before, now), name)]
    if reference.languages and block.languages:
        found.append(psi(reference.languages, block.languages, "language"))
    if len(reference.sketches) > 1 and len(block.sketches) > 1:
        found.append(mmd(reference.sketches, block.sketches, "embedding", seed=seed))
    return found


def evidence(findings: Sequence[Finding]) -> float | None:
    """-log10 of the smallest p-value, adjusted for the number of tests (Holm): 4 is one false alarm in ten thousand blocks.

    None if nothing was tested.
    """
    if not findings:
        return None
    adjusted = holm({f"{each.test} of {each.of}": each.p_value for each in findings})
    return -log10(max(min(adjusted.values()), _SMALLEST_P))


def ks(before: Floats, now: Floats, of: str) -> Finding:
    """The two-sample Kolmogorov-Smirnov test, two-sided (Hodges 1958, as in scipy.stats.ks_2samp)."""
    from scipy.stats import ks_2samp

    found = ks_2samp(before, now, method="asymp")
    return Finding("KS", of, float(found.statistic), float(found.pvalue))


def psi(before: Sequence[str], now: Sequence[str], of: str) -> Finding:
    """The population stability index of categories (Siddiqi 2006), with the p-value of the chi-squared test of homogeneity.

    Categories too rare to be told apart are taken together; an index below LEAST_PSI has p = 1.
    """
    from scipy.stats import chi2_contingency

    counts = _merged(Counter(before), Counter(now))
    if counts.shape[1] < 2:
        return Finding("PSI", of, 0.0, 1.0)
    shares = (counts + _SMOOTHING) / (counts + _SMOOTHING).sum(axis=1, keepdims=True)
    index = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    p_value = float(chi2_contingency(counts, correction=False).pvalue) if index >= LEAST_PSI else 1.0
    return Finding("PSI", of, index, p_value)


def mmd(before: Floats, now: Floats, of: str, *, seed: int) -> Finding:
    """The squared maximum mean discrepancy with a Gaussian kernel (Gretton et al. 2012), its width the median distance.

    The p-value is from permutations, their tail smoothed by a Pearson III curve of the same first three moments (Josse, Pages
    and Husson 2008), since a few hundred permutations show no small one.
    """
    from scipy.spatial.distance import pdist, squareform
    from scipy.stats import pearson3, skew

    both = np.concatenate([before, now])
    distances = squareform(pdist(both, "sqeuclidean"))
    width = float(np.median(distances[np.triu_indices(len(before), 1)])) or 1.0
    kernel = np.exp(-distances / width)
    np.fill_diagonal(kernel, 0.0)
    n, m = len(before), len(now)
    generator = np.random.default_rng(seed)
    labels = np.zeros((_PERMUTATIONS + 1, n + m))
    labels[0, n:] = 1.0
    for row in labels[1:]:
        row[generator.choice(n + m, size=m, replace=False)] = 1.0
    to_now = labels @ kernel
    inside = (to_now * labels).sum(axis=1)
    across = to_now.sum(axis=1) - inside
    outside = kernel.sum() - inside - 2 * across
    found = outside / (n * (n - 1)) + inside / (m * (m - 1)) - 2 * across / (n * m)
    permuted = found[1:]
    spread = float(permuted.std())
    if spread == 0:
        return Finding("MMD", of, float(found[0]), 1.0)
    p_value = pearson3.sf((found[0] - permuted.mean()) / spread, float(skew(permuted)))
    return Finding("MMD", of, float(found[0]), float(np.clip(p_value, 0.0, 1.0)))


def _binned(before: Floats, now: Floats) -> tuple[list[str], list[str]]:
    """Sizes as the quantile of the reference that they fall into."""
    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return [list(map(str, np.searchsorted(edges, values, "right"))) for values in (before, now)]  # type: ignore[return-value]


def _merged(before: Counter[str], now: Counter[str]) -> Floats:
    """Counts [2, categories]; categories expected fewer than five times in the smaller sample are one."""
    total, smaller = before.total() + now.total(), min(before.total(), now.total())
    kept, rest = [], np.zeros(2)
    for name in sorted(before.keys() | now.keys()):
        pair = np.array([before[name], now[name]], dtype=np.float64)
        if pair.sum() * smaller / total < _LEAST_EXPECTED:
            rest += pair
        else:
            kept.append(pair)
    return np.array([*kept, *([rest] if rest.sum() else [])]).T.reshape(2, -1)
