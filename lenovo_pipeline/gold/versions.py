"""Questions about order in time and about versions: temporal and conflicting.

Belongs here: first, last, between, latest version, and facts that a superseded document states differently.
"""

from collections.abc import Iterator
from typing import Any

from lenovo_pipeline.gold.choosing import family_of, order_of, round_robin
from lenovo_pipeline.gold.describe import named, relative
from lenovo_pipeline.gold.drafts import Draft, Evidence, date_answer, number_answer, proof, proofs, text_answer, yes_no_answer
from lenovo_pipeline.gold.groups import LARGEST_SET, name_of
from lenovo_pipeline.gold.single import fact_answer, fact_noun, loaded
from lenovo_pipeline.gold.surfaces import date_forms
from lenovo_pipeline.gold.world import World


def chains(world: World, purpose: str) -> Iterator[tuple[str, str, list[str]]]:
    """Documents with several versions, in random order: subject phrase, title of the latest, ids from first to latest.

    The latest version's title must not be that of a document outside the chain, or the question would be ambiguous.
    """
    following = {row["supersedes_id"]: i for i, row in world.rows["documents"].items() if row["supersedes_id"] is not None}
    for first in order_of(world, "documents", purpose):
        if world.row("documents", first)["supersedes_id"] is not None or first not in following:
            continue
        ids = [first]
        while ids[-1] in following:
            ids.append(following[ids[-1]])
        title = world.row("documents", ids[-1])["title"]
        if world.count("documents", title=title) == sum(world.row("documents", i)["title"] == title for i in ids):
            yield title, title, ids


def conflicting(world: World) -> Iterator[Draft]:
    """Facts of the version in force that an earlier version states differently."""
    return round_robin([_conflicts(world, asked) for asked in ("current", "still", "change", "since")])


def _conflicts(world: World, asked: str) -> Iterator[Draft]:
    for place, (title, _, ids) in enumerate(chains(world, f"conflicting/{asked}")):
        latest, earlier = ids[-1], ids[-2]
        new, old = (loaded(world.row("documents", i)["facts"]) for i in (latest, earlier))
        for offset, name in enumerate(sorted(set(new) & set(old))):
            if new[name] == old[name]:
                continue
            draft = _conflict(world, asked, title, latest, earlier, name, old[name], new[name], (place + offset) % 2 == 0)
            if draft is not None:
                yield draft


def _conflict(
    world: World, asked: str, title: str, latest: str, earlier: str, name: str, old: Any, new: Any, suggest_old: bool
) -> Draft | None:
    new_answer, old_answer = fact_answer(name, new), fact_answer(name, old)
    new_proof = proof(world, latest, new_answer.forms)
    old_proof = proof(world, earlier, old_answer.forms, "support")
    slots = {"e": title}
    if asked == "current":
        answer, evidence = new_answer, proofs(new_proof)
        slots["old"] = old_answer.forms[0]
        if old_proof is None:
            return None
    elif asked == "still":
        answer, evidence = yes_no_answer(not suggest_old), proofs(new_proof)
        slots["old"] = (old_answer if suggest_old else new_answer).forms[0]
    elif asked == "change":
        if not isinstance(new, int | float) or not isinstance(old, int | float):
            return None
        answer = number_answer(round(abs(new - old), 6), new_answer.unit, extractive=False)
        evidence = proofs(new_proof, old_proof and Evidence(old_proof.record_id, "answer", old_proof.surfaces))
    else:
        answer = date_answer(world.row("documents", latest)["published_at"])
        evidence = proofs(new_proof, proof(world, latest, answer.forms))
        slots["old"] = old_answer.forms[0]
        slots["new"] = new_answer.forms[0]
    if evidence is None:
        return None
    return Draft(
        bank=f"conflict_{asked}",
        category="conflicting",
        anchor=world.anchors[latest],
        answer=answer,
        evidence=evidence,
        slots=slots,
        wording={"noun": fact_noun(name)},
        program={
            "op": f"conflict_{asked}",
            "title": title,
            "fact": name,
            **({"suggested": old if suggest_old else new} if asked == "still" else {}),
        },
        family=family_of(world, latest),
    )


def temporal(world: World, language: str = "en", category: str = "temporal") -> Iterator[Draft]:
    """The newest and oldest of a set, the latest version, what came first, and the time between two days."""
    return round_robin(
        [
            _extremes(world, category, "devices", "series", "release_date", "{n} series"),
            _extremes(world, category, "devices", "series", "end_of_support", "{n} series"),
            _extremes(world, category, "incidents", "device_id", "started_at", "{n}"),
            _extremes(world, category, "processes", "process_family", "established_on", "{n} family"),
            _latest_versions(world, category),
            _latest_facts(world, category),
            _between(world, category),
            _first_of_two(world, category, "incidents", "started_at"),
            _first_of_two(world, category, "devices", "end_of_support"),
            _first_of_two(world, category, "customers", "customer_since"),
            _latest_journey(world, category),
        ]
    )


def _extremes(world: World, category: str, table: str, by: str, column: str, phrase: str) -> Iterator[Draft]:
    groups = world.group(table, by)
    for value in sorted(groups, key=lambda v: world.place(category, table, column, v)):
        ids = groups[value]
        days = [world.row(table, i)[column] for i in ids]
        if not 2 <= len(ids) <= LARGEST_SET or None in days or len({world.anchors[i] for i in ids}) > 1:
            continue
        for last in (True, False):
            extreme = max(days) if last else min(days)
            if days.count(extreme) > 1:
                continue
            winner = ids[days.index(extreme)]
            name = name_of(world, table, winner)
            if [name_of(world, table, i) for i in ids].count(name) > 1:
                continue
            owner = world.row("devices", value)["name"] if by == "device_id" else value
            evidence = proofs(
                *(proof(world, i, date_forms(d)) for i, d in zip(ids, days, strict=True)), proof(world, winner, [name])
            )
            if evidence is not None:
                yield Draft(
                    bank=f"{'last' if last else 'first'}_{table}_{column}",
                    category=category,
                    anchor=world.anchors[winner],
                    answer=text_answer(name),
                    evidence=evidence,
                    slots={"s": phrase.format(n=owner)},
                    program={
                        "op": "extreme",
                        "table": table,
                        "where": {by: value},
                        "by": column,
                        "last": last,
                        "column": "error_code" if table == "incidents" else "name",
                    },
                    family=family_of(world, winner),
                )


def _latest_versions(world: World, category: str) -> Iterator[Draft]:
    for place, (title, _, ids) in enumerate(chains(world, f"{category}/versions")):
        row = world.row("documents", ids[-1])
        answer = number_answer(row["version"], None, extractive=True) if place % 2 else date_answer(row["published_at"])
        forms = (
            [f"version {row['version']}", f"v{row['version']}", f"第 {row['version']} 版", f"第{row['version']}版", *answer.forms]
            if place % 2
            else answer.forms
        )
        evidence = proofs(proof(world, ids[-1], forms))
        if evidence is not None:
            yield Draft(
                bank="latest_version" if place % 2 else "latest_published",
                category=category,
                anchor=world.anchors[ids[-1]],
                answer=answer,
                evidence=evidence,
                slots={"e": title},
                program={"op": "latest", "title": title, "column": "version" if place % 2 else "published_at"},
                family=family_of(world, ids[-1]),
            )


def _latest_facts(world: World, category: str) -> Iterator[Draft]:
    for title, _, ids in chains(world, f"{category}/facts"):
        for name, value in sorted(loaded(world.row("documents", ids[-1])["facts"]).items()):
            answer = fact_answer(name, value)
            evidence = proofs(proof(world, ids[-1], answer.forms))
            if evidence is not None:
                yield Draft(
                    bank="latest_fact",
                    category=category,
                    anchor=world.anchors[ids[-1]],
                    answer=answer,
                    evidence=evidence,
                    slots={"e": title},
                    wording={"noun": fact_noun(name)},
                    program={"op": "conflict_current", "title": title, "fact": name},
                    family=family_of(world, ids[-1]),
                )


def _between(world: World, category: str) -> Iterator[Draft]:
    for device_id in order_of(world, "devices", f"{category}/between"):
        row = world.row("devices", device_id)
        other_id = row["predecessor_id"]
        reference = named(world, "devices", device_id)
        if other_id is None or reference is None or not any(r.where for r in relative(world, device_id)):
            continue
        other = world.row("devices", other_id)
        days = abs((row["release_date"] - other["release_date"]).days)
        evidence = proofs(*(proof(world, i, date_forms(world.row("devices", i)["release_date"])) for i in (device_id, other_id)))
        if evidence is not None:
            yield Draft(
                bank="days_between",
                category=category,
                anchor=world.anchors[device_id],
                answer=number_answer(days, "day", extractive=False),
                evidence=evidence,
                slots={"e": reference.phrase},
                program={"op": "days_between", "entity": reference.program},
                family=row["family"],
            )


def _first_of_two(world: World, category: str, table: str, column: str) -> Iterator[Draft]:
    queues: dict[str, list[str]] = {}
    for record_id in order_of(world, table, f"{category}/pairs/{column}"):
        queues.setdefault(f"{world.split(record_id)}/{family_of(world, record_id)}", []).append(record_id)
    for ids in round_robin([[q[i : i + 2] for i in range(0, len(q) - 1, 2)] for q in queues.values()]):
        days = [world.row(table, i)[column] for i in ids]
        references = [named(world, table, i) for i in ids]
        names = [name_of(world, table, i) for i in ids]
        if None in days or days[0] == days[1] or None in references or names[0] == names[1]:
            continue
        winner = days.index(min(days))
        evidence = proofs(
            *(proof(world, i, date_forms(d)) for i, d in zip(ids, days, strict=True)), proof(world, ids[winner], [names[winner]])
        )
        if evidence is not None and date_forms(days[0])[0] != date_forms(days[1])[0]:
            yield Draft(
                bank=f"earlier_{table}",
                category=category,
                anchor=world.anchors[ids[0]],
                answer=text_answer(names[winner]),
                evidence=evidence,
                slots={"a": references[0].phrase if references[0] else "", "b": references[1].phrase if references[1] else ""},
                program={
                    "op": "earlier",
                    "entities": [r.program for r in references if r],
                    "by": column,
                    "column": "error_code" if table == "incidents" else "name",
                },
                family=family_of(world, ids[0]),
            )


def _latest_journey(world: World, category: str) -> Iterator[Draft]:
    groups = world.group("journeys", "customer_id")
    for customer_id in sorted(groups, key=lambda v: world.place(category, "journeys", v)):
        ids = groups[customer_id]
        starts = [world.row("journeys", i)["started_at"] for i in ids]
        days = [date_forms(s)[0] for s in starts]
        if not 2 <= len(ids) <= LARGEST_SET or days.count(max(days)) > 1:
            continue
        latest = ids[days.index(max(days))]
        row = world.row("journeys", latest)
        quoted = row["quoted_device_ids"]
        for column in ("value_usd", "units", "quoted"):
            if column == "quoted":
                if len(quoted) != 1:
                    continue
                answer = text_answer(world.row("devices", quoted[0])["name"])
            elif row[column]:
                answer = number_answer(row[column], "USD" if column == "value_usd" else "unit", extractive=True)
            else:
                continue
            evidence = proofs(
                proof(world, latest, answer.forms),
                *(proof(world, i, date_forms(s), "support") for i, s in zip(ids, starts, strict=True)),
            )
            if evidence is not None:
                yield Draft(
                    bank=f"latest_journey_{column}",
                    category=category,
                    anchor=world.anchors[latest],
                    answer=answer,
                    evidence=evidence,
                    slots={"c": world.row("customers", customer_id)["name"]},
                    program={"op": "latest_journey", "customer_id": customer_id, "column": column},
                    entities=tuple(quoted) if column == "quoted" else (),
                )
