"""Rules about texts: documents, support articles, technical documents and chats."""

from typing import Any

import pandas as pd

from lenovo_pipeline.enterprise.rules import Rule, World, in_circles, lookup, pairs, times, times_of, together, when
from lenovo_pipeline.enterprise.seeding import WORLD_END

_END = pd.Timestamp(WORLD_END)


def _published(world: World, table: str, key: str) -> list[pd.DataFrame]:
    """What holds for every published text: written by somebody at work, about devices that exist, not in the future."""
    texts = world[table]
    ids, published = texts[key], times(texts["published_at"])
    hired = times_of(texts["author_id"], lookup(world, "users", "user_id", "hired_on"))
    about = pairs(texts, key, "device_ids")
    released = times_of(about["device_ids"], lookup(world, "devices", "device_id", "release_date"))
    return [
        when(table, ids, published > _END, "published in the future"),
        when(table, ids, published < hired, "published before its author was hired"),
        when(table, about[key], times(about["published_at"]) < released, "published before a device that it is about"),
    ]


def _documents(world: World) -> pd.DataFrame:
    documents = world["documents"]
    ids, published, earlier = documents["document_id"], times(documents["published_at"]), documents["supersedes_id"]
    previous = times_of(earlier, lookup(world, "documents", "document_id", "published_at"))
    version = lookup(world, "documents", "document_id", "version")
    kind = lookup(world, "documents", "document_id", "document_type")
    columns = (earlier.tolist(), documents["version"].tolist(), documents["document_type"].tolist())
    numbered = [v == 1 if not isinstance(e, str) else version.get(e, v - 1) == v - 1 for e, v, _ in zip(*columns, strict=True)]
    other_kind = [isinstance(e, str) and kind.get(e, k) != k for e, _, k in zip(*columns, strict=True)]
    follows = {i: [e] for i, e in zip(ids.tolist(), earlier.tolist(), strict=True) if isinstance(e, str)}
    twice = earlier[earlier.notna()].duplicated(keep=False).reindex(documents.index, fill_value=False)
    return together(
        [
            *_published(world, "documents", "document_id"),
            when("documents", ids, previous >= published, "published before the version that it supersedes"),
            when("documents", ids, [not right for right in numbered], "version is not one more than the version before"),
            when("documents", ids, other_kind, "supersedes a document of another type"),
            when("documents", ids, twice, "supersedes a version that another document supersedes too"),
            when("documents", ids, ids.isin(in_circles(follows)), "supersedes, in the end, itself"),
        ]
    )


def _support_articles(world: World) -> pd.DataFrame:
    articles = world["support_articles"]
    ids, published, incident = articles["article_id"], times(articles["published_at"]), articles["incident_id"]
    resolved = times_of(incident, lookup(world, "incidents", "incident_id", "resolved_at"))
    detected = times_of(incident, lookup(world, "incidents", "incident_id", "detected_at"))
    affected = pairs(articles, "article_id", "firmware_ids")
    released = times_of(affected["firmware_ids"], lookup(world, "firmware", "firmware_id", "released_on"))
    early = times(affected["published_at"]) < released
    broken = lookup(world, "incidents", "incident_id", "device_id")
    elsewhere = [
        isinstance(i, str) and broken.get(i) not in own
        for i, own in zip(incident.tolist(), articles["device_ids"].tolist(), strict=True)
    ]
    return together(
        [
            *_published(world, "support_articles", "article_id"),
            when("support_articles", ids, detected.notna() & resolved.isna(), "explains an incident that is still open"),
            when("support_articles", ids, published < resolved, "published before its incident was fixed"),
            when("support_articles", affected["article_id"], early, "published before firmware that it names"),
            when("support_articles", ids, elsewhere, "does not name the device of its incident"),
        ]
    )


def _technical_docs(world: World) -> pd.DataFrame:
    return together(_published(world, "technical_docs", "technical_doc_id"))


def _chat_messages(world: World) -> pd.DataFrame:
    chats = world["chat_messages"]
    ids, sent, chat = chats["message_id"], times(chats["sent_at"]), chats["chat_id"]
    began = times_of(chats["incident_id"], lookup(world, "incidents", "incident_id", "started_at"))
    published = times_of(chats["article_id"], lookup(world, "support_articles", "article_id", "published_at"))
    released = times_of(chats["device_id"], lookup(world, "devices", "device_id", "release_date"))
    hired = times_of(chats["user_id"], lookup(world, "users", "user_id", "hired_on"))
    position = chats["position"].astype(int)
    in_order = pd.DataFrame({"chat": chat, "position": position, "sent": sent}).sort_values(["chat", "position"], kind="stable")
    within = in_order.groupby("chat")
    expected = (within.cumcount() + 1).reindex(chats.index)
    backwards = within["sent"].diff().lt(pd.Timedelta(0)).reindex(chats.index)
    last = position.eq(chat.map(position.groupby(chat).max()))
    rated: Any = chats["rating"].notna()
    checks = (
        (position != expected, "positions of its chat are not 1, 2, 3 …"),
        (backwards, "sent before the message in front of it"),
        (sent > _END, "sent in the future"),
        (sent < began, "about an incident that had not begun"),
        (sent < published, "points to an article that was not published"),
        (sent < released, "about a device before its release"),
        (sent < hired, "sent by a user before being hired"),
        (rated & ~last, "rated before the chat was over"),
    )
    return together([when("chat_messages", ids, wrong, problem) for wrong, problem in checks])


_ABOUT = ("devices", "users")

TEXT_RULES = (
    Rule("documents_supersede_earlier_ones", "documents", ("documents", *_ABOUT), _documents),
    Rule(
        "articles_explain_what_was_fixed_before",
        "support_articles",
        ("support_articles", "incidents", "firmware", *_ABOUT),
        _support_articles,
    ),
    Rule("technical_docs_describe_released_devices", "technical_docs", ("technical_docs", *_ABOUT), _technical_docs),
    Rule(
        "messages_come_in_order_and_point_back",
        "chat_messages",
        ("chat_messages", "incidents", "support_articles", *_ABOUT),
        _chat_messages,
    ),
)
