"""Support articles: what was learned from resolved incidents, and how to do things.

Belongs here: which articles exist and what their columns say. Their words stand in the banks `article`, `howto` and `step`.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_by
from lenovo_pipeline.enterprise.anchors import split_of
from lenovo_pipeline.enterprise.seeding import WORLD_END
from lenovo_pipeline.enterprise.tables import ARTICLE_CATEGORIES
from lenovo_pipeline.enterprise.texts.authors import Authors
from lenovo_pipeline.enterprise.texts.rendering import listing, missing, sentence
from lenovo_pipeline.enterprise.texts.values import Record, Slots, device_anchor, device_slots, incident_slots
from lenovo_pipeline.enterprise.texts.voices import families, languages, stream, terms, voice, words

ARTICLES_AT_SCALE_1 = 500
_FEWEST = 24
_SECOND_ARTICLE_SHARE = 0.5
_COLUMNS = (
    "article_id", "title", "category", "incident_id", "symptom", "cause", "resolution_steps", "device_ids", "firmware_ids",
    "severity", "author_id", "published_at", "language", "template", "anchor", "text",
)  # fmt: skip


def make_support_articles(
    incidents: pd.DataFrame,
    devices: pd.DataFrame,
    firmware: pd.DataFrame,
    components: pd.DataFrame,
    users: pd.DataFrame,
    seed: int,
    scale: float,
) -> pd.DataFrame:
    """Articles (500 x `scale`, at least 24), texts included, in the order of publication.

    At most 70 % explain a resolved incident, one to two articles each, published within 30 days after the fix; the
    rest say how to do something. Symptom, cause and steps are written in the article's language; a Chinese article
    quotes the engineers' English words.
    """
    count = max(_FEWEST, round(ARTICLES_AT_SCALE_1 * scale))
    world = _World(incidents, devices, firmware, components, users)
    drafts = _from_incidents(world, seed, count * 7 // 10)
    drafts += _how_to(world, seed, count - len(drafts))
    drafts.sort(key=lambda draft: (draft["published_at"], draft["key"]))
    anchors = [device_anchor(world.devices[draft["device_ids"][0]]) for draft in drafts]
    spoken = languages("article", anchors, [None] * len(drafts), seed)
    rows = []
    for position, (draft, anchor, language) in enumerate(zip(drafts, anchors, spoken, strict=True)):
        row = {**draft, "article_id": f"KB-{200001 + position}", "language": language, "anchor": anchor}
        _write(row, world, seed)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(_COLUMNS))


class _World:
    """The records that articles refer to, by id."""

    def __init__(
        self,
        incidents: pd.DataFrame,
        devices: pd.DataFrame,
        firmware: pd.DataFrame,
        components: pd.DataFrame,
        users: pd.DataFrame,
    ) -> None:
        self.incidents = rows_by(incidents, "incident_id")
        self.devices = rows_by(devices, "device_id")
        self.firmware = rows_by(firmware, "firmware_id")
        self.components = rows_by(components, "component_id")
        self.authors = Authors(users)
        first = self.authors.first_day
        self.first_moment = datetime(first.year, first.month, first.day)
        self.releases: dict[str, list[Record]] = {}
        for release in self.firmware.values():
            self.releases.setdefault(release["device_id"], []).append(release)
        for releases in self.releases.values():
            releases.sort(key=lambda release: release["released_on"])

    def latest_release(self, device_id: str, on: date) -> Record | None:
        """The newest firmware of a device on a day; None before the first."""
        releases = self.releases.get(device_id, [])
        place = bisect_right(releases, on, key=lambda release: release["released_on"])
        return releases[place - 1] if place else None


def _from_incidents(world: _World, seed: int, most: int) -> list[Record]:
    drafts: list[Record] = []
    resolved = [incident for incident in world.incidents.values() if not missing(incident["resolved_at"])]
    resolved.sort(key=lambda incident: (incident["resolved_at"], incident["incident_id"]))
    for part in (1, 2):
        for incident in resolved:
            random = stream(seed, "article_draft", f"{incident['incident_id']}/{part}")
            wait = timedelta(minutes=int(random.random() * 30 * 24 * 60))
            if part == 2 and random.random() >= _SECOND_ARTICLE_SHARE:
                continue
            published = max(min(incident["resolved_at"] + wait, WORLD_END), world.first_moment)
            drafts.append(
                {
                    "key": f"{incident['incident_id']}/{part}",
                    "category": incident["category"],
                    "incident_id": incident["incident_id"],
                    "device_ids": [incident["device_id"]],
                    "firmware_ids": [incident["firmware_id"]],
                    "severity": incident["severity"],
                    "published_at": published,
                }
            )
    # The first articles of all incidents go before second ones, so that as many incidents as possible have one.
    return drafts[:most]


def _how_to(world: _World, seed: int, count: int) -> list[Record]:
    device_ids = list(world.devices)
    drafts: list[Record] = []
    random = stream(seed, "howto_draft", "subjects")
    used: set[tuple[str, str, int]] = set()
    for number in range(count):
        for _ in range(20):
            device_id = device_ids[int(random.random() * len(device_ids))]
            category = ARTICLE_CATEGORIES[number % len(ARTICLE_CATEGORIES)]
            task = int(random.random() * 12)
            released = world.devices[device_id]["release_date"]
            suits = category not in ("battery", "display", "camera", "audio") or world.devices[device_id]["family"] != "Server"
            if suits and released < WORLD_END.date() and (device_id, category, task) not in used:
                break
        used.add((device_id, category, task))
        start = max(datetime(released.year, released.month, released.day), world.first_moment)
        published = start + (WORLD_END - start) * random.random()
        published = published.replace(second=0, microsecond=0)
        release = world.latest_release(device_id, published.date())
        drafts.append(
            {
                "key": f"how-to/{number}",
                "category": category,
                "incident_id": None,
                "device_ids": [device_id],
                "firmware_ids": [release["firmware_id"]] if release else [],
                "severity": "low",
                "published_at": max(published, start),
                "task": task,
            }
        )
    return drafts


def _write(row: Record, world: _World, seed: int) -> None:
    language, anchor = row["language"], row["anchor"]
    random = stream(seed, "article", row["key"])
    noun = terms("lexicon", language)[row["category"]]
    nouns: Slots = {name: words(noun, name)[0] for name in noun.snippets}
    device = world.devices[row["device_ids"][0]]
    row["author_id"] = world.authors.pick(row["published_at"], random, language)
    phrases = families("phrase", language, split_of(anchor))[0]
    if row["incident_id"]:
        incident = world.incidents[row["incident_id"]]
        slots = incident_slots(incident, world.devices, world.components, world.firmware, language) | nouns
        kind = "article"
        if language == "en":
            row["symptom"], row["cause"] = str(slots["symptom"]), str(slots["cause"])
        else:
            row["symptom"], row["cause"] = (phrases.say(name, slots, random) for name in ("symptom", "cause"))
        steps = _steps(slots, ("prepare", "look", "isolate", "setting"), language, anchor, random)
    else:
        slots = device_slots(device, world.devices, language) | nouns
        tasks = words(noun, "task")
        kind = "howto"
        slots |= {"task": tasks[row["task"] % len(tasks)], "incident_id": None, "fixed_firmware": None, "fix": None}
        row["symptom"], row["cause"] = (phrases.say(name, slots, random) for name in ("wish", "default"))
        steps = _steps(slots, ("prepare", "look"), language, anchor, random, then=("open", "change", "confirm"))
    row["resolution_steps"] = steps
    firmware = [world.firmware[i]["version"] for i in row["firmware_ids"]]
    slots |= {
        "symptom": sentence(row["symptom"], language),
        "cause": sentence(row["cause"], language),
        "steps": steps,
        "devices": listing([world.devices[i]["name"] for i in row["device_ids"]], language),
        "firmware": listing(firmware, language),
        "severity": row["severity"],
    }
    family = voice(kind, language, anchor, random)
    row["title"] = family.title(slots, random)
    row["template"] = family.name
    row["text"] = family.write(slots, random, row["title"])


def _steps(
    slots: Mapping[str, str | list[str] | None],
    first: Sequence[str],
    language: str,
    anchor: str,
    random: Random,
    then: Sequence[str] = ("fix", "update", "verify"),
) -> list[str]:
    """Three to eight steps: some of `first`, then what helps, then the proof; an update is not asked for twice."""
    family = voice("step", language, anchor, random)
    kept = [name for name in first if random.random() < 0.6] or [first[0]]
    names = [*kept, *then, *(["document"] if random.random() < 0.5 else [])]
    steps = []
    for name in names:
        if name == "update" and (not slots["fixed_firmware"] or str(slots["fixed_firmware"]) in str(slots["fix"])):
            continue
        steps.append(family.say(name, slots, random))
    return steps
