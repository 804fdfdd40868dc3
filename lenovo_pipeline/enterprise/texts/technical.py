"""Technical documentation: sections of parameters with values and limits, by device and category.

Belongs here: which documents exist, what they state and refer to. Words stand in the banks `technical` (voices) and
`technical_terms` (nouns); numbers in technical_limits.py.
"""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import orjson
import pandas as pd

from lenovo_pipeline.contracts.frames import rows_by
from lenovo_pipeline.enterprise.anchors import split_of
from lenovo_pipeline.enterprise.seeding import WORLD_END
from lenovo_pipeline.enterprise.tables import TECHNICAL_CATEGORIES
from lenovo_pipeline.enterprise.texts.authors import Authors
from lenovo_pipeline.enterprise.texts.documents import table
from lenovo_pipeline.enterprise.texts.grammar import Family, paragraph, shuffle
from lenovo_pipeline.enterprise.texts.rendering import day, listing, quantity
from lenovo_pipeline.enterprise.texts.technical_limits import LIMITS, draw
from lenovo_pipeline.enterprise.texts.values import Record, Slots, device_anchor
from lenovo_pipeline.enterprise.texts.voices import languages, stream, terms, voice, words

TECHNICAL_DOCS_AT_SCALE_1 = 150
_FEWEST = 20
_MOST_RELATED = 3
_COLUMNS = (
    "technical_doc_id", "title", "category", "device_ids", "section_titles", "parameters", "related_doc_ids", "author_id",
    "published_at", "language", "template", "anchor", "text",
)  # fmt: skip


def make_technical_docs(
    devices: pd.DataFrame, firmware: pd.DataFrame, users: pd.DataFrame, seed: int, scale: float
) -> pd.DataFrame:
    """Technical documents (150 x `scale`, at least 20), texts included, in the order of publication.

    `parameters` is a JSON list of {name, value, unit, minimum, maximum, section}, names and sections in the document's
    language, all stated in the text. A document appears after the device's first firmware and refers to earlier ones:
    of the same device or series, or of the same category and split. Device and category occur together once while such
    pairs last; beyond that the title carries an edition number.
    """
    by_device, authors = rows_by(devices, "device_id"), Authors(users)
    user_names = dict(zip(users["user_id"], users["name"], strict=True))
    drafts = _drafts(by_device, firmware, authors, seed, max(_FEWEST, round(TECHNICAL_DOCS_AT_SCALE_1 * scale)))
    spoken = languages("technical", [draft["anchor"] for draft in drafts], [None] * len(drafts), seed)
    shelf = _Shelf()
    rows: list[Record] = []
    for position, (draft, language) in enumerate(zip(drafts, spoken, strict=True)):
        device = by_device[draft["device_ids"][0]]
        random = stream(seed, "technical", draft["key"])
        related = shelf.related(draft, device, random)
        row = {
            **draft,
            "technical_doc_id": f"TEC-{400001 + position}",
            "language": language,
            "related_doc_ids": [r["technical_doc_id"] for r in related],
            "author_id": authors.pick(draft["published_at"], random, language),
        }
        _write(row, device, [r["title"] for r in related], user_names[row["author_id"]], random)
        shelf.add(row, device)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _drafts(by_device: dict[str, Record], firmware: pd.DataFrame, authors: Authors, seed: int, count: int) -> list[Record]:
    first_release: dict[str, date] = {device_id: device["release_date"] for device_id, device in by_device.items()}
    dated: set[str] = set()
    for device_id, released in zip(firmware["device_id"].tolist(), firmware["released_on"].tolist(), strict=True):
        if device_id in first_release and (device_id not in dated or released < first_release[device_id]):
            first_release[device_id] = released
            dated.add(device_id)
    pairs = [
        (device_id, category)
        for device_id in by_device
        if first_release[device_id] < WORLD_END.date()
        for category in TECHNICAL_CATEGORIES
    ]
    if not pairs:
        raise ValueError("no device is out before the end of the world; technical documents need one: make devices")
    Random(f"{seed}/texts/technical_subjects").shuffle(pairs)
    drafts: list[Record] = []
    for number in range(count):
        device_id, category = pairs[number % len(pairs)]
        edition = number // len(pairs) + 1
        random = stream(seed, "technical_draft", f"{device_id}/{category}/{edition}")
        first = max(first_release[device_id], authors.first_day)
        start = datetime(first.year, first.month, first.day)
        minutes = int((WORLD_END - start) / timedelta(minutes=1) * random.random())
        drafts.append(
            {
                "key": f"{device_id}/{category}/{edition}",
                "category": category,
                "device_ids": [device_id],
                "edition": edition,
                "published_at": start + timedelta(minutes=minutes),
                "anchor": device_anchor(by_device[device_id]),
            }
        )
    drafts.sort(key=lambda draft: (draft["published_at"], draft["key"]))
    return drafts


class _Shelf:
    """The documents so far, by what a later one may have in common with them."""

    def __init__(self) -> None:
        self._by_key: dict[str, list[Record]] = {}

    def add(self, row: Record, device: Record) -> None:
        for key in self._keys(row, device):
            self._by_key.setdefault(key, []).append(row)

    def related(self, draft: Record, device: Record, random: Random) -> list[Record]:
        """Up to three earlier documents; device and series before category."""
        wanted = int(random.random() * (_MOST_RELATED + 1))
        found: list[Record] = []
        for key in self._keys(draft, device):
            for candidate in reversed(self._by_key.get(key, [])[-_MOST_RELATED:]):
                if len(found) < wanted and candidate not in found:
                    found.append(candidate)
        return found

    @staticmethod
    def _keys(row: Record, device: Record) -> tuple[str, str, str]:
        # A title is a phrase of its family, so that documents of other splits may not be named.
        split = split_of(row["anchor"])
        return f"device {device['device_id']}", f"series {device['series']}", f"{split} {row['category']}"


def _write(row: Record, device: Record, related: list[str], author: str, random: Random) -> None:
    language = row["language"]
    family = voice("technical", language, row["anchor"], random)
    noun = terms("technical_terms", language)[row["category"]]
    slots: Slots = {
        "device": device["name"],
        "machine_type": device["machine_type"],
        "topic_category": words(noun, "noun")[0],
        "related": listing([f"“{title}”" for title in related], language) or None,
        "author": author,
        "published": day(row["published_at"]),
    }
    row["title"] = family.say("title", slots, random)
    if row["edition"] > 1:
        row["title"] += f" ({row['edition']})"
    blocks = [f"# {row['title']}", family.say("opening", slots, random)]
    titles: list[str] = []
    parameters: list[dict[str, Any]] = []
    topics = list(enumerate(words(noun, "topic")))
    topics.sort(key=lambda _: random.random())
    for place, topic in topics[: 2 + int(random.random() * 2)]:
        heading = family.say("heading", {"topic": topic}, random)
        names = words(noun, f"parameters{place + 1}")
        stated = []
        for name, limit in zip(names, LIMITS[row["category"]][place], strict=True):
            minimum, value, maximum = draw(limit, random)
            stated.append(
                {"name": name, "value": value, "unit": limit[0], "minimum": minimum, "maximum": maximum, "section": heading}
            )
        titles.append(heading)
        parameters += stated
        blocks += [f"## {heading}", *_section(family, topic, stated, language, random)]
    if related:
        heading = family.say("related_heading", slots, random)
        titles.append(heading)
        blocks += [f"## {heading}", family.say("related", slots, random)]
    heading = family.say("closing_heading", slots, random)
    titles.append(heading)
    blocks += [f"## {heading}", family.say("closing", slots, random)]
    row["section_titles"] = titles
    row["parameters"] = orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS).decode()
    row["template"] = family.name
    row["text"] = "\n\n".join(blocks)


def _section(family: Family, topic: str, stated: list[dict[str, Any]], language: str, random: Random) -> list[str]:
    rows: list[Slots] = [
        {
            "parameter": p["name"],
            "value": quantity(p["value"], p["unit"], language),
            "minimum": quantity(p["minimum"], p["unit"], language),
            "maximum": quantity(p["maximum"], p["unit"], language),
        }
        for p in stated
    ]
    lead = family.say("lead", {"topic": topic}, random)
    if "row" in family.snippets:
        return [lead, table(family, rows, random)]
    said = [family.say("parameter", row, random) for row in rows]
    if said[0].startswith("- "):
        shuffle(said, random)
        return [lead, "\n".join(said)]
    return [paragraph([lead, *said], language)]
