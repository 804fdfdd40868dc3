"""Wording a draft: which pattern of its split, with which words, and whether a paraphrase is one.

Belongs here: the choice among patterns. The patterns themselves stand in patterns.py, patterns_chinese.py and attributes.py.
"""

import hashlib

from lenovo_pipeline.enterprise.anchors import SPLITS, Split
from lenovo_pipeline.gold.drafts import Draft
from lenovo_pipeline.gold.patterns import PATTERNS
from lenovo_pipeline.gold.patterns_chinese import CHINESE, in_script
from lenovo_pipeline.gold.surfaces import sequences
from lenovo_pipeline.gold.world import World


def patterns_of(draft: Draft, split: Split) -> tuple[str, ...]:
    """The patterns that a draft may use in a split, its fixed words filled in. Raises KeyError for a bank without patterns."""
    by_split = draft.patterns or (PATTERNS if draft.language == "en" else CHINESE)[draft.bank]
    patterns = by_split[SPLITS.index(split)]
    filled = []
    for pattern in patterns:
        for name, word in draft.wording.items():
            pattern = pattern.replace("{" + name + "}", word)
        filled.append(pattern)
    return tuple(filled)


def phrased(world: World, draft: Draft, split: Split) -> tuple[str, str] | None:
    """The question and the id of its phrasing family; None where no pattern of the split gives a paraphrase.

    Patterns are tried from a random one on, so that all of them get used.
    """
    patterns = patterns_of(draft, split)
    start = int(world.place("pattern", draft.bank, *sorted(draft.slots.values()))[:8], 16)
    for offset in range(len(patterns)):
        pattern = patterns[(start + offset) % len(patterns)]
        question = _filled(pattern, draft)
        if draft.category != "paraphrased" or not _shares(world, draft, question):
            kind = draft.bank if draft.patterns is None else "paraphrase"
            return question, f"{kind}/{hashlib.sha256(pattern.encode()).hexdigest()[:10]}"
    return None


def _shares(world: World, draft: Draft, question: str) -> bool:
    asked = sequences(question)
    return any(asked & world.sequences(one.record_id) for one in draft.evidence)


def _filled(pattern: str, draft: Draft) -> str:
    if draft.language != "en":
        pattern = in_script(pattern, draft.language)
    for name, value in draft.slots.items():
        pattern = pattern.replace("{" + name + "}", value)
    # A Chinese question may begin with a name, whose first letter stays as it is.
    return pattern[0].upper() + pattern[1:] if draft.language == "en" else pattern
