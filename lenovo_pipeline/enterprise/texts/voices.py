"""Which voice writes which record: the language, the template family and the random stream of each text.

Belongs here: the choice. What the families say stands in the phrase banks (banks/<language>/<kind>.txt).
"""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from random import Random

from lenovo_pipeline.enterprise.anchors import SPLITS, split_of
from lenovo_pipeline.enterprise.seeding import generator
from lenovo_pipeline.enterprise.tables import LANGUAGES
from lenovo_pipeline.enterprise.texts.grammar import Family, parse_bank
from lenovo_pipeline.enterprise.texts.rendering import fact_label

CHINESE_SHARE = 0.08
CHINESE = {"zh-CN": "zh-Hans", "zh-SG": "zh-Hans", "zh-HK": "zh-Hant", "zh-TW": "zh-Hant"}
"""Script that people of each Chinese locale write."""

KINDS = (
    "device",
    "incident",
    "process",
    "customer",
    "journey",
    "document",
    "document_type",
    "article",
    "howto",
    "step",
    "technical",
    "chat",
    "phrase",
)


@cache
def families(kind: str, language: str, split: str) -> tuple[Family, ...]:
    """The template families of one kind of text. Raises LookupError when the banks hold none."""
    bank = resources.files(__package__).joinpath("banks", language, f"{kind}.txt").read_text(encoding="utf-8")
    found = tuple(f for f in parse_bank(bank, kind, language) if f.name.split("/")[1] == split)
    if not found:
        raise LookupError(f"no template family for {kind} in {language}, split {split}: add one to banks/{language}/{kind}.txt")
    return found


def all_families() -> list[Family]:
    """Every template family of every kind, language and split."""
    return [f for kind in KINDS for language in LANGUAGES for split in SPLITS for f in families(kind, language, split)]


def stream(seed: int, kind: str, key: str) -> Random:
    """The random stream of one text. It hangs on the record alone, so that other records leave a text as it is."""
    return Random(f"{seed}/texts/{kind}/{key}")


def voice(kind: str, language: str, anchor: str, random: Random) -> Family:
    """The family that writes a text of this kind about this anchor."""
    options = families(kind, language, split_of(anchor))
    return options[int(random.random() * len(options))]


def languages(kind: str, anchors: Sequence[str], locales: Sequence[str | None], seed: int) -> list[str]:
    """A language for each text: 8 % Chinese in every split, first where the locale is Chinese.

    `anchors` and `locales` (None where nobody's locale matters) run in step with the texts.
    """
    chosen = ["en"] * len(anchors)
    random = generator(seed, "texts", kind, "languages")
    # One random offset rounds all splits together, so that the share is right even where every split is small.
    offset = random.random()
    seen = 0
    for split in SPLITS:
        members = [i for i, anchor in enumerate(anchors) if split_of(anchor) == split]
        order = random.random(len(members))
        ranked = sorted(range(len(members)), key=lambda j: (locales[members[j]] not in CHINESE, order[j]))
        wanted = int(CHINESE_SHARE * (seen + len(members)) + offset) - int(CHINESE_SHARE * seen + offset)
        seen += len(members)
        for rank, j in enumerate(ranked[:wanted]):
            chosen[members[j]] = CHINESE.get(locales[members[j]] or "", LANGUAGES[1 + rank % 2])
    return chosen


@cache
def terms(kind: str, language: str) -> dict[str, Family]:
    """The nouns of a subject (`lexicon`, `technical_terms`, `fact_terms`): names, which all splits share, by category."""
    bank = resources.files(__package__).joinpath("banks", language, f"{kind}.txt").read_text(encoding="utf-8")
    return {family.name.split("/")[2]: family for family in parse_bank(bank, kind, language)}


def fact_term(name: str, language: str) -> str:
    """A document fact as a noun in that language: approval_limit_usd -> "approval limit", "审批限额". Raises KeyError."""
    return fact_label(name) if language == "en" else words(terms("fact_terms", language)["facts"], name)[0]


def words(family: Family, snippet: str) -> list[str]:
    """All alternatives of a noun without slots, in the order of the bank."""
    return [frame.source for frame in family.snippets[snippet]]
