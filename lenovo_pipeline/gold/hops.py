"""Questions whose answer stands in a record that is only reached through another one: multi-hop.

Belongs here: chains of two records in one split. Does not belong here: sets of records (groups.py).
"""

from collections.abc import Callable, Iterator, Sequence

from lenovo_pipeline.gold.attributes import BY_TABLE, Attribute
from lenovo_pipeline.gold.choosing import order_of, round_robin, spread
from lenovo_pipeline.gold.describe import Reference, described, named, relative
from lenovo_pipeline.gold.drafts import Draft, proof
from lenovo_pipeline.gold.single import value_draft
from lenovo_pipeline.gold.surfaces import number_forms
from lenovo_pipeline.gold.world import World


def multi_hop(world: World, language: str = "en", category: str = "multi_hop") -> Iterator[Draft]:
    """Look-ups through predecessor and successor, order, incident, article, neighbour process and document."""
    return round_robin(
        [
            _values(world, category, language, "devices", lambda i: list(relative(world, i, language))),
            _values(world, category, language, "devices", lambda i: list(_device_of_journey(world, i))),
            _values(world, category, language, "devices", lambda i: list(_device_of_incident(world, i))),
            _values(world, category, language, "incidents", lambda i: list(_incident_of_article(world, i))),
            _values(world, category, language, "processes", lambda i: list(_neighbour(world, i))),
            _values(world, category, language, "customers", lambda i: list(_customer_of_journey(world, i))),
            _values(
                world, category, language, "processes", lambda i: list(_subject_of_document(world, i, "process_id", "processes"))
            ),
            _values(
                world, category, language, "customers", lambda i: list(_subject_of_document(world, i, "customer_id", "customers"))
            ),
            _values(
                world, category, language, "devices", lambda i: list(_subject_of_document(world, i, "device_ids", "devices"))
            ),
        ]
    )


def _values(
    world: World, category: str, language: str, table: str, references: Callable[[str], Sequence[Reference]]
) -> Iterator[Draft]:
    for record_id, attribute in spread(order_of(world, table, f"{category}/{language}"), BY_TABLE[table]):
        for reference in _usable(references(record_id), attribute):
            draft = value_draft(world, category, language, record_id, reference, attribute)
            # A chain that one record proves alone is no chain.
            if draft is not None and len(draft.evidence) > 1:
                yield draft


def _usable(references: Sequence[Reference], attribute: Attribute) -> Iterator[Reference]:
    return (reference for reference in references if attribute.column not in reference.where)


def _device_of_journey(world: World, device_id: str) -> Iterator[Reference]:
    for journey_id in world.group("journeys", "bought_device_ids").get(device_id, []):
        row = world.row("journeys", journey_id)
        reference = named(world, "journeys", journey_id)
        hop = proof(world, journey_id, [world.row("devices", device_id)["name"]], "support")
        if row["bought_device_ids"] == [device_id] and reference is not None and hop is not None:
            yield Reference(
                f"the only device bought in {reference.phrase}",
                "journeys",
                reference.where,
                (hop,),
                (("bought_device_ids", "devices"),),
            )


def _device_of_incident(world: World, device_id: str) -> Iterator[Reference]:
    for incident_id in world.group("incidents", "device_id").get(device_id, []):
        row = world.row("incidents", incident_id)
        hop = proof(world, incident_id, [world.row("devices", device_id)["name"]], "support")
        if (
            world.count("incidents", error_code=row["error_code"]) == 1
            and hop is not None
            and world.stated(incident_id, [row["error_code"]])
        ):
            yield Reference(
                f"the device that showed error {row['error_code']}",
                "incidents",
                {"error_code": row["error_code"]},
                (hop,),
                (("device_id", "devices"),),
            )


def _incident_of_article(world: World, incident_id: str) -> Iterator[Reference]:
    for article_id in world.group("support_articles", "incident_id").get(incident_id, []):
        code = world.row("incidents", incident_id)["error_code"]
        reference = named(world, "support_articles", article_id)
        hop = proof(world, article_id, [code], "support")
        if reference is not None and hop is not None:
            yield Reference(
                f"the incident behind {reference.phrase}",
                "support_articles",
                reference.where,
                (hop,),
                (("incident_id", "incidents"),),
            )


def _neighbour(world: World, process_id: str) -> Iterator[Reference]:
    for column, phrase in (
        ("upstream_ids", "the only process that {n} waits for"),
        ("downstream_ids", "the only process that waits for {n}"),
    ):
        for other_id in world.group("processes", column).get(process_id, []):
            other = world.row("processes", other_id)
            reference = named(world, "processes", other_id)
            hop = proof(world, other_id, [world.row("processes", process_id)["name"]], "support")
            if other[column] == [process_id] and reference is not None and hop is not None:
                yield Reference(phrase.format(n=reference.phrase), "processes", reference.where, (hop,), ((column, "processes"),))


def _customer_of_journey(world: World, customer_id: str) -> Iterator[Reference]:
    for journey_id in world.group("journeys", "customer_id").get(customer_id, []):
        row = world.row("journeys", journey_id)
        hop = proof(world, journey_id, [world.row("customers", customer_id)["name"]], "support")
        if not row["value_usd"] or hop is None or world.count("journeys", value_usd=row["value_usd"], units=row["units"]) > 1:
            continue
        value = number_forms(row["value_usd"], "USD")
        if world.stated(journey_id, value):
            yield Reference(
                f"the buyer of the {row['units']}-unit order worth {value[0]}",
                "journeys",
                {"value_usd": row["value_usd"], "units": row["units"]},
                (hop,),
                (("customer_id", "customers"),),
            )


def _subject_of_document(world: World, subject_id: str, column: str, table: str) -> Iterator[Reference]:
    for document_id in world.group("documents", column).get(subject_id, []):
        row = world.row("documents", document_id)
        name = world.row(table, subject_id)["name"]
        reference = next(iter(described(world, "documents", document_id)), None)
        hop = proof(world, document_id, [name], "support")
        alone = not isinstance(row[column], list) or len(row[column]) == 1
        # A title that names the subject would answer the first hop.
        if reference is not None and hop is not None and alone and name.lower() not in row["title"].lower():
            noun = {"processes": "process", "customers": "customer", "devices": "device"}[table]
            yield Reference(
                f"the {noun} that {reference.phrase} is about", "documents", reference.where, (hop,), ((column, table),)
            )
