"""How alike texts are: the share of pairs with more than half of their 5-word shingles in common.

Belongs here: the measure, exact for small sets and by MinHash (Broder 1997) with banded LSH for large ones.
Does not belong here: what share is acceptable, which the checks say.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import combinations

SHINGLE_WORDS = 5
THRESHOLD = 0.5
EXACT_UP_TO = 5_000
"""Texts up to which pairs are compared exactly (about a scale of 1); above it candidates come from MinHash."""

_PERMUTATIONS = 128
_LSH_THRESHOLD = 0.4
"""Below the real threshold, so that few pairs just above it are missed; every candidate is then compared exactly."""

# A Chinese character counts as a word: Chinese is written without spaces.
_WORD = re.compile(r"[㐀-鿿豈-﫿]|[^\W_㐀-鿿豈-﫿]+")


def shingles(text: str, words: int = SHINGLE_WORDS) -> frozenset[int]:
    """The text's runs of that many words (Chinese: characters), lower case, as 64-bit hashes; a shorter text is one run."""
    tokens = _WORD.findall(text.lower())
    runs = {" ".join(tokens[i : i + words]) for i in range(max(len(tokens) - words + 1, 1))}
    return frozenset(int.from_bytes(blake2b(run.encode(), digest_size=8).digest(), "big") for run in runs)


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """Share of common elements, 0 to 1; two empty sets are alike (1)."""
    common = len(one & other)
    union = len(one) + len(other) - common
    return common / union if union else 1.0


def near_duplicate_share(
    texts: Sequence[str], *, threshold: float = THRESHOLD, words: int = SHINGLE_WORDS, exact_up_to: int = EXACT_UP_TO
) -> float:
    """Share (0 to 1) of all pairs of texts whose shingles have a Jaccard similarity above `threshold`; 0 below two texts.

    Exact up to `exact_up_to` texts, by prefix filtering (Bayardo et al. 2007); above it MinHash LSH finds the candidates.
    """
    count = len(texts)
    if count < 2:
        return 0.0
    # Texts that say exactly the same are compared once, whatever their number.
    groups = Counter(shingles(text, words) for text in texts)
    sets = list(groups)
    candidates = _prefix_candidates(sets, threshold) if count <= exact_up_to else _minhash_candidates(sets)
    alike = sum(n * (n - 1) // 2 for n in groups.values()) if threshold < 1 else 0
    alike += sum(groups[sets[i]] * groups[sets[j]] for i, j in candidates if jaccard(sets[i], sets[j]) > threshold)
    return alike / (count * (count - 1) / 2)


def _prefix_candidates(sets: Sequence[frozenset[int]], threshold: float) -> Iterable[tuple[int, int]]:
    """Pairs that can exceed the threshold: they share one of the rarest elements of either set.

    If two sets are more alike than t, they have more than t * |A| elements in common, so that at least one of the
    first |A| - ceil(t * |A|) + 1 elements of A in any common order is among them.
    """
    frequency = Counter(element for one in sets for element in one)
    posting: dict[int, list[int]] = {}
    for i, one in enumerate(sets):
        ordered = sorted(one, key=lambda element: (frequency[element], element))
        seen: set[int] = set()
        for element in ordered[: len(ordered) - int(threshold * len(ordered))]:
            earlier = posting.setdefault(element, [])
            seen.update(earlier)
            earlier.append(i)
        yield from ((j, i) for j in seen)


def _minhash_candidates(sets: Sequence[frozenset[int]]) -> Iterable[tuple[int, int]]:
    import numpy as np
    from datasketch import MinHash

    bands, rows = _bands()
    buckets: dict[tuple[int, bytes], list[int]] = {}
    base = MinHash(num_perm=_PERMUTATIONS, seed=1, hashfunc=lambda element: element & 0xFFFFFFFF)
    for i, one in enumerate(sets):
        sketch = base.copy()
        sketch.update_batch(sorted(one))
        values = np.ascontiguousarray(sketch.hashvalues)
        for band in range(bands):
            buckets.setdefault((band, values[band * rows : (band + 1) * rows].tobytes()), []).append(i)
    seen: set[tuple[int, int]] = set()
    for members in buckets.values():
        for pair in combinations(members, 2):
            if pair not in seen:
                seen.add(pair)
                yield pair


def _bands() -> tuple[int, int]:
    """Bands and rows whose collision curve rises at the LSH threshold: (1/bands)^(1/rows) next below it."""
    options = [(_PERMUTATIONS // rows, rows) for rows in range(2, 9)]
    return min(
        (option for option in options if (1 / option[0]) ** (1 / option[1]) <= _LSH_THRESHOLD),
        key=lambda option: _LSH_THRESHOLD - (1 / option[0]) ** (1 / option[1]),
    )
