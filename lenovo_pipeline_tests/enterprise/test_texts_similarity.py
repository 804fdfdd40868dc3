"""The measure of similarity: exact, and by MinHash, against comparing every pair."""

from itertools import combinations
from random import Random

import pytest

from lenovo_pipeline.enterprise.texts.similarity import jaccard, near_duplicate_share, shingles


def share_by_brute_force(texts: list[str]) -> float:
    sets = [shingles(text) for text in texts]
    pairs = list(combinations(sets, 2))
    return sum(jaccard(a, b) > 0.5 for a, b in pairs) / len(pairs)


def edited(words: list[str], edits: int, random: Random) -> str:
    copy = list(words)
    for _ in range(edits):
        copy[random.randrange(len(copy))] = f"w{random.randrange(10**6)}"
    return " ".join(copy)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    random = Random(5)
    found = []
    for _ in range(20):
        words = [f"w{random.randrange(400)}" for _ in range(120)]
        found += [edited(words, edits, random) for edits in (0, 0, 1, 3, 6, 9, 15, 60)]
    return found


def test_the_exact_share_is_that_of_comparing_every_pair(texts: list[str]) -> None:
    assert near_duplicate_share(texts) == pytest.approx(share_by_brute_force(texts))
    assert near_duplicate_share(texts) > 0.01


def test_minhash_finds_nearly_all_pairs_and_never_one_too_many(texts: list[str]) -> None:
    exact = share_by_brute_force(texts)
    assert 0.95 * exact <= near_duplicate_share(texts, exact_up_to=0) <= exact


def test_texts_that_are_all_the_same_have_a_share_of_one() -> None:
    assert near_duplicate_share(["one and the same text, again and again"] * 50) == 1
    assert near_duplicate_share(["short"] * 3, exact_up_to=0) == 1


def test_unrelated_texts_and_single_texts_have_a_share_of_zero() -> None:
    assert near_duplicate_share(["a b c d e f", "g h i j k l"]) == 0
    assert near_duplicate_share(["alone"]) == 0
    assert near_duplicate_share([]) == 0


def test_chinese_counts_by_character() -> None:
    assert len(shingles("电池续航不正常")) == 3
    assert jaccard(shingles("电池续航不正常"), shingles("电池续航不正常了")) == 0.75
