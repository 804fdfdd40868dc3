"""Business documents of twelve types; a later version supersedes an earlier one and changes at least one fact.

Belongs here: which documents exist, what they state and when. Their words stand in the banks `document` (layouts) and
`document_type` (titles and prose by type); the ranges of their facts in document_facts.py.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import orjson
import pandas as pd

from lenovo_pipeline.contracts.frames import rows_by
from lenovo_pipeline.enterprise.anchors import customer_anchor, process_anchor, split_of
from lenovo_pipeline.enterprise.seeding import WORLD_END
from lenovo_pipeline.enterprise.tables import DOCUMENT_TYPES
from lenovo_pipeline.enterprise.texts.authors import Authors
from lenovo_pipeline.enterprise.texts.document_facts import DOCUMENT_KINDS, DocumentKind, Subject
from lenovo_pipeline.enterprise.texts.grammar import Family, paragraph, shuffle
from lenovo_pipeline.enterprise.texts.rendering import day, fact_value
from lenovo_pipeline.enterprise.texts.values import Record, Slots, device_anchor
from lenovo_pipeline.enterprise.texts.voices import fact_term, families, languages, stream, voice

DOCUMENTS_AT_SCALE_1 = 200
_FEWEST = 36
_MOST_VERSIONS = 4
_OLDEST_DAYS = 1500
"""How long before the end of the world a first version appears at most."""


def make_documents(
    departments: pd.DataFrame,
    users: pd.DataFrame,
    devices: pd.DataFrame,
    customers: pd.DataFrame,
    processes: pd.DataFrame,
    seed: int,
    scale: float,
) -> pd.DataFrame:
    """Documents (200 x `scale`, at least 36), texts included, in the order of publication.

    About 40 % are later versions. No two chains of versions share type and subject while subjects last; beyond that the
    title carries a part number. A document about a device appears after its release, one about a process after its
    start, one about a customer after the first contract. Raises ValueError when there is no subject for a type.
    """
    world = _World(departments, users, devices, customers, processes)
    drafts = _drafts(world, seed, max(_FEWEST, round(DOCUMENTS_AT_SCALE_1 * scale)))
    chains = [draft for draft in drafts if draft["version"] == 1]
    language_of = dict(
        zip(
            [draft["chain"] for draft in chains],
            languages("document", [draft["anchor"] for draft in chains], [None] * len(chains), seed),
            strict=True,
        )
    )
    drafts.sort(key=lambda draft: (draft["published_at"], draft["chain"], draft["version"]))
    ids = {(draft["chain"], draft["version"]): f"DOC-{300001 + i}" for i, draft in enumerate(drafts)}
    earlier = {(draft["chain"], draft["version"]): draft for draft in drafts}
    rows = []
    for draft in drafts:
        before = earlier.get((draft["chain"], draft["version"] - 1))
        row = {
            **draft,
            "document_id": ids[draft["chain"], draft["version"]],
            "supersedes_id": ids.get((draft["chain"], draft["version"] - 1)),
            "language": language_of[draft["chain"]],
        }
        _write(row, before, world, seed)
        row["facts"] = orjson.dumps(draft["facts"], option=orjson.OPT_SORT_KEYS).decode()
        rows.append(row)
    return pd.DataFrame(rows, columns=list(_COLUMNS))


_COLUMNS = (
    "document_id", "title", "document_type", "department_id", "author_id", "device_ids", "customer_id", "process_id",
    "facts", "version", "supersedes_id", "published_at", "language", "template", "anchor", "text",
)  # fmt: skip

_START: dict[Subject, str] = {"device": "release_date", "customer": "customer_since", "process": "established_on"}
"""Since when a subject of each kind can be written about."""


class _World:
    """Subjects by kind, and the people who write."""

    def __init__(
        self,
        departments: pd.DataFrame,
        users: pd.DataFrame,
        devices: pd.DataFrame,
        customers: pd.DataFrame,
        processes: pd.DataFrame,
    ) -> None:
        self.departments = rows_by(departments, "department_id")
        self.users = rows_by(users, "user_id")
        self.authors = Authors(users)
        latest = (WORLD_END - timedelta(days=90)).date()
        known: dict[Subject, list[Record]] = {
            "device": list(rows_by(devices, "device_id").values()),
            "customer": list(rows_by(customers, "customer_id").values()),
            "process": list(rows_by(processes, "process_id").values()),
        }
        self.subjects = {kind: [r for r in records if r[_START[kind]] < latest] for kind, records in known.items()}

    def department(self, kind: DocumentKind, subject: Record, random: Random) -> str:
        known = [department for department in kind.departments if department in self.departments]
        if known:
            return known[int(random.random() * len(known))]
        return str(subject["department_id"]) if "department_id" in subject else next(iter(self.departments))


def _drafts(world: _World, seed: int, count: int) -> list[Record]:
    """Chains of versions, one type after the other, until `count` documents are there."""
    drafts: list[Record] = []
    taken: dict[str, int] = {}
    order: dict[str, list[int]] = {}
    chain = 0
    while len(drafts) < count:
        name = DOCUMENT_TYPES[chain % len(DOCUMENT_TYPES)]
        kind = DOCUMENT_KINDS[name]
        subjects = world.subjects[kind.subject]
        if not subjects:
            raise ValueError(f"no {kind.subject} for a document of type {name}: make the {kind.subject} records first")
        if name not in order:
            ranks = list(range(len(subjects)))
            Random(f"{seed}/texts/document_subjects/{name}").shuffle(ranks)
            order[name] = ranks
        place = taken.get(name, 0)
        taken[name] = place + 1
        subject = subjects[order[name][place % len(subjects)]]
        part = place // len(subjects) + 1
        drafts += _chain(world, kind, name, subject, f"{chain}", part, seed)[: count - len(drafts)]
        chain += 1
    return drafts


def _chain(world: _World, kind: DocumentKind, name: str, subject: Record, chain: str, part: int, seed: int) -> list[Record]:
    """The versions of one document; each changes one or two facts of the one before."""
    random = stream(seed, "document_draft", chain)
    versions = 1
    while versions < _MOST_VERSIONS and random.random() < 0.42:
        versions += 1
    first: date = max(subject[_START[kind.subject]], (WORLD_END - timedelta(days=_OLDEST_DAYS)).date(), world.authors.first_day)
    start = datetime(first.year, first.month, first.day, 8)
    span = (WORLD_END - start) / timedelta(minutes=1)
    times = sorted(int(random.random() * (span - versions)) + i for i in range(versions))
    times = [moment + i for i, moment in enumerate(times)]
    facts: dict[str, float | int] = {fact.name: fact.draw(random) for fact in kind.facts}
    department = world.department(kind, subject, random)
    anchor = {
        "device": lambda: device_anchor(subject),
        "customer": lambda: customer_anchor(subject["customer_id"]),
        "process": lambda: process_anchor(subject["process_family"]),
    }[kind.subject]()
    drafts = []
    for version in range(1, versions + 1):
        changed = ""
        if version > 1:
            facts = dict(facts)
            for position in {int(random.random() * len(kind.facts)) for _ in range(2)}:
                fact = kind.facts[position]
                facts[fact.name] = fact.draw(random, unlike=facts[fact.name])
                changed = fact.name
        drafts.append(
            {
                "chain": chain,
                "part": part,
                "subject": subject["name"],
                "document_type": name,
                "department_id": department,
                "device_ids": [subject["device_id"]] if kind.subject == "device" else [],
                "customer_id": subject["customer_id"] if kind.subject == "customer" else None,
                "process_id": subject["process_id"] if kind.subject == "process" else None,
                "facts": facts,
                "changed": changed,
                "version": version,
                "published_at": start + timedelta(minutes=times[version - 1]),
                "anchor": anchor,
            }
        )
    return drafts


def _write(row: Record, before: Record | None, world: _World, seed: int) -> None:
    language, anchor = row["language"], row["anchor"]
    random = stream(seed, "document", f"{row['chain']}/{row['version']}")
    row["author_id"] = world.authors.pick(row["published_at"], random, language)
    slots: Slots = {
        "subject": row["subject"],
        "department": world.departments[row["department_id"]]["name"],
        "author": world.users[row["author_id"]]["name"],
        "published": day(row["published_at"]),
        "version": str(row["version"]),
        "version_note": None,
        "closing": None,
    }
    # One phrase bank by type for all layouts; a chain of versions keeps its title.
    kind = families("document_type", language, split_of(anchor))[0]
    name = row["document_type"]
    row["title"] = kind.say(f"{name}.title", slots, stream(seed, "document_title", row["chain"]))
    if row["part"] > 1:
        row["title"] += f" ({row['part']})"
    for snippet in ("opening", "context", "closing"):
        if f"{name}.{snippet}" in kind.snippets:
            slots[snippet] = kind.say(f"{name}.{snippet}", slots, random)
    if before is not None:
        revision: Slots = {
            "version": str(row["version"]),
            "old_version": str(before["version"]),
            "old_published": day(before["published_at"]),
            "label": fact_term(row["changed"], language),
        }
        slots["version_note"] = families("phrase", language, split_of(anchor))[0].say("revision", revision, random)
    family = voice("document", language, anchor, random)
    slots |= _fact_slots(row["facts"], family, language, random)
    row["template"] = family.name
    row["text"] = family.write(slots, random, row["title"])


def _fact_slots(facts: dict[str, Any], family: Family, language: str, random: Random) -> Slots:
    """All facts as prose, as bullets and as a table, in one random order; None where the family has no phrases for it."""
    names: list[str] = list(facts)
    shuffle(names, random)
    rows: list[Slots] = [{"label": fact_term(n, language), "value": fact_value(n, facts[n], language)} for n in names]
    if "row" in family.snippets:
        return {"fact_table": table(family, rows, random), "fact_list": None, "fact_prose": None}
    said = [family.say("fact", row, random) for row in rows]
    return {"fact_table": None, "fact_list": list(said), "fact_prose": paragraph(said, language)}


def table(family: Family, rows: Sequence[Slots], random: Random) -> str:
    """A Markdown table from the family's `columns` and `row` phrases."""
    header = family.say("columns", {}, random)
    rule = "|" + "---|" * (header.count("|") - 1)
    return "\n".join([header, rule, *(family.say("row", row, random) for row in rows)])
