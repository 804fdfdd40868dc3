"""Chats between users and the support assistant.

Belongs here: who asks what, when, with which outcome. Words stand in the bank `chat`, one family a chat.
"""

from bisect import bisect_left
from datetime import date, datetime, timedelta
from random import Random

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_by
from lenovo_pipeline.enterprise.anchors import Split, split_of
from lenovo_pipeline.enterprise.seeding import WORLD_END
from lenovo_pipeline.enterprise.texts.rendering import missing, moment, quantity, sentence
from lenovo_pipeline.enterprise.texts.values import Record, Slots, device_anchor, device_slots
from lenovo_pipeline.enterprise.texts.voices import CHINESE, families, languages, stream, terms, voice, words

CHATS_AT_SCALE_1 = 300
_FEWEST = 24
_INTENTS = ("troubleshoot", "troubleshoot", "troubleshoot", "how_to", "how_to", "order", "warranty", "complaint", "status")
_SOLVED = {"troubleshoot": 0.72, "how_to": 0.9, "order": 0.95, "warranty": 0.95, "complaint": 0.4, "status": 0.75}
_LONGEST = timedelta(hours=2)
"""Longer than any chat: none begins that late."""
_INCIDENT_INTENTS = ("troubleshoot", "status")
_COLUMNS = (
    "message_id", "chat_id", "user_id", "position", "role", "language", "text", "intent", "device_id", "incident_id",
    "article_id", "rating", "resolved", "sent_at",
)  # fmt: skip


def make_chat_messages(
    incidents: pd.DataFrame, support_articles: pd.DataFrame, users: pd.DataFrame, devices: pd.DataFrame, seed: int, scale: float
) -> pd.DataFrame:
    """Messages of 300 x `scale` chats (at least 24), two to eight each, user and assistant in turn, in the order of chats.

    The user was hired and the device released before the chat; an incident was noticed before it, and an article was
    published before the message that points to it. `rating` stands on a chat's last message, in about two of three.
    """
    world = _World(incidents, support_articles, users, devices)
    drafts = [_draft(world, number, seed) for number in range(max(_FEWEST, round(CHATS_AT_SCALE_1 * scale)))]
    drafts.sort(key=lambda draft: (draft["at"], draft["number"]))
    anchors = [device_anchor(world.devices[draft["device_id"]]) for draft in drafts]
    spoken = languages("chat", anchors, [world.users[draft["user_id"]]["locale"] for draft in drafts], seed)
    rows: list[Record] = []
    for position, (draft, language, anchor) in enumerate(zip(drafts, spoken, anchors, strict=True)):
        if language != CHINESE.get(world.users[draft["user_id"]]["locale"], "en"):
            draft["user_id"] = world.speaker(language, draft["at"].date(), draft["user_id"], draft["number"])
        rows += _messages(f"CHAT-{500001 + position}", draft, language, anchor, world, seed)
    return pd.DataFrame(rows, columns=list(_COLUMNS))


class _World:
    def __init__(
        self, incidents: pd.DataFrame, support_articles: pd.DataFrame, users: pd.DataFrame, devices: pd.DataFrame
    ) -> None:
        self.devices = rows_by(devices, "device_id")
        self.users = rows_by(users, "user_id")
        latest = WORLD_END - _LONGEST
        self.incidents = [i for i in rows_by(incidents, "incident_id").values() if i["detected_at"] < latest]
        self.released = [key for key, device in self.devices.items() if device["release_date"] < latest.date()]
        self.articles_of: dict[str, list[Record]] = {}
        self.how_tos: list[Record] = []
        columns = ["article_id", "title", "category", "incident_id", "device_ids", "published_at", "language"]
        for article in rows_by(support_articles[columns], "article_id").values():
            if missing(article["incident_id"]) and article["published_at"] < latest:
                self.how_tos.append(article)
            elif not missing(article["incident_id"]):
                self.articles_of.setdefault(article["incident_id"], []).append(article)
        self.hired = sorted((user["hired_on"], user["user_id"]) for user in self.users.values())
        self.speakers: dict[str, list[tuple[date, str]]] = {}
        for hired_on, user_id in self.hired:
            self.speakers.setdefault(CHINESE.get(self.users[user_id]["locale"], "en"), []).append((hired_on, user_id))

    def user(self, on: date, random: Random) -> str:
        """Somebody hired before that day; the first employee when nobody was."""
        place = bisect_left(self.hired, (on, ""))
        return str(self.hired[int(random.random() * place)][1])

    def speaker(self, language: str, on: date, otherwise: str, number: int) -> str:
        """Somebody hired before that day who writes that language; `otherwise` when nobody does."""
        known = self.speakers.get(language, [])
        place = bisect_left(known, (on, ""))
        return known[number % place][1] if place else otherwise


def _draft(world: _World, number: int, seed: int) -> Record:
    random = stream(seed, "chat_draft", str(number))
    intent = _INTENTS[int(random.random() * len(_INTENTS))]
    incident: Record | None = None
    article: Record | None = None
    first_hired = world.hired[0][0]
    if intent in _INCIDENT_INTENTS and world.incidents:
        incident = world.incidents[int(random.random() * len(world.incidents))]
        device_id = incident["device_id"]
        begin = incident["detected_at"]
    elif intent == "how_to" and world.how_tos and random.random() < 0.6:
        guide = article = world.how_tos[int(random.random() * len(world.how_tos))]
        device_id = guide["device_ids"][0]
        begin = guide["published_at"]
    else:
        intent = "warranty" if intent in _INCIDENT_INTENTS else intent
        device_id = world.released[int(random.random() * len(world.released))]
        begin = _midnight(world.devices[device_id]["release_date"])
    begin = max(begin, _midnight(first_hired) + timedelta(days=1))
    # Most questions about a fault come in the weeks after it; others at any time.
    weeks = 8 if incident is not None else 200
    latest = min(WORLD_END - _LONGEST, begin + timedelta(weeks=weeks))
    at = begin + timedelta(minutes=int(random.random() * max((latest - begin) / timedelta(minutes=1), 1)))
    return {
        "number": number,
        "intent": intent,
        "device_id": device_id,
        "incident": incident,
        "article": article,
        "at": at.replace(second=0, microsecond=0) + timedelta(minutes=1),
        "user_id": world.user(at.date(), random),
    }


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _messages(chat_id: str, draft: Record, language: str, anchor: str, world: _World, seed: int) -> list[Record]:
    random = stream(seed, "chat", str(draft["number"]))
    family = voice("chat", language, anchor, random)
    device = world.devices[draft["device_id"]]
    article = draft["article"] or _published_article(world, draft)
    slots = _slots(world, draft, device, article, language, random, split_of(anchor))
    intent = draft["intent"]
    # Nobody can explain a fault that is still being looked for: then the assistant says how far things are.
    answer = "status.answer" if intent == "troubleshoot" and not slots["resolved"] else f"{intent}.answer"
    solved = random.random() < _SOLVED[intent]
    script: list[tuple[str, str]] = [("user", f"{intent}.ask")]
    points = article is not None and intent in ("troubleshoot", "how_to") and random.random() < 0.75
    script.append(("assistant", f"{intent}.article" if points else answer))
    if random.random() < 0.7:
        script += [("user", f"{intent}.more"), ("assistant", f"{intent}.detail")]
    if points and random.random() < 0.4:
        script += [("user", "bad"), ("assistant", answer)]
    if random.random() < 0.75:
        script.append(("user", "good" if solved else "bad"))
        if random.random() < 0.6:
            script.append(("assistant", "farewell" if solved else "sorry"))
    rating = None
    if random.random() < 0.66:
        rating = min(5, 3 + int(random.random() * 3)) if solved else 1 + int(random.random() * 3)
    rows: list[Record] = []
    at = draft["at"]
    for position, (role, snippet) in enumerate(script, start=1):
        rows.append(
            {
                "message_id": f"MSG-{chat_id[5:]}-{position}",
                "chat_id": chat_id,
                "user_id": draft["user_id"],
                "position": position,
                "role": role,
                "language": language,
                "text": family.say(snippet, slots, random),
                "intent": intent,
                "device_id": draft["device_id"],
                "incident_id": draft["incident"]["incident_id"] if draft["incident"] else None,
                "article_id": article["article_id"] if article and snippet.endswith(".article") else None,
                "rating": rating if position == len(script) else None,
                "resolved": solved,
                "sent_at": at,
            }
        )
        at += timedelta(seconds=20 + int(random.random() * 240))
    return rows


def _published_article(world: _World, draft: Record) -> Record | None:
    if not draft["incident"]:
        return None
    known = world.articles_of.get(draft["incident"]["incident_id"], [])
    return next((article for article in known if article["published_at"] < draft["at"]), None)


def _slots(
    world: _World, draft: Record, device: Record, article: Record | None, language: str, random: Random, split: Split
) -> Slots:
    categories = list(terms("lexicon", language))
    about = draft["incident"] or article
    category = about["category"] if about else categories[int(random.random() * len(categories))]
    noun = terms("lexicon", language)[category]
    tasks = words(noun, "task")
    slots = device_slots(device, world.devices, language)
    slots |= {
        "setting": words(noun, "setting")[0],
        "task": tasks[int(random.random() * len(tasks))],
        "article_id": article["article_id"] if article else None,
        "article_title": article["title"] if article else None,
    }
    incident = draft["incident"]
    if incident:
        # Whoever writes before the fix cannot know of it.
        fixed = not missing(incident["resolved_at"]) and incident["resolved_at"] <= draft["at"]
        slots |= {
            "incident_id": incident["incident_id"],
            "component": words(noun, "part")[0],
            "error_code": incident["error_code"],
            "symptom": sentence(incident["symptom"]),
            "cause": sentence(incident["cause"]),
            "severity": incident["severity"],
            "affected": quantity(incident["affected_users"], "user", language),
            "started": moment(incident["started_at"]),
            "resolved": moment(incident["resolved_at"]) if fixed else None,
        }
        slots["state_text"] = families("phrase", language, split)[0].say("resolved" if fixed else "unresolved", slots, random)
    return slots
