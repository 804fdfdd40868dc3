"""The SQL of the source `tables`: one template for each kind of record, filled by parameters only.

Belongs here: which columns a reading constrains, and the queries. Does not belong here: what a question says (reading.py).

A template has anchors, of which a row must meet one (it is named, it belongs to what is named), and refiners, which it may
meet (a month, an amount, a severity): the share that it meets is how well it fits. No text of a question enters a query.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lenovo_pipeline.retrieval import words
from lenovo_pipeline.retrieval.quantities import Amount
from lenovo_pipeline.retrieval.reading import Reading

LIMIT = 60
"""Most rows of one query: what fits more records than this says little of any."""

NAMED = "named"
_CLOSE = 0.005


@dataclass
class Query:
    """A query under way: conditions with their parameters. `wanted` says whether the question asks for such records."""

    table: str
    key: str
    wanted: bool = False
    anchors: list[str] = field(default_factory=list)
    refiners: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    """The constraints in words."""

    def anchor(self, condition: str, value: Any, told: str) -> None:
        """A row must meet one of the anchors; `condition` holds {} for the parameter. An empty value is no condition."""
        self._add(self.anchors, condition, value, told)

    def name(self, ids: list[str]) -> None:
        """Rows that the question names by their key: one of the anchors."""
        self.anchor(f"list_contains({{}}, {self.key})", ids, NAMED)

    def refine(self, condition: str, value: Any, told: str) -> None:
        self._add(self.refiners, condition, value, told)

    def refine_amount(self, column: str, amount: Amount, scale: float = 1.0) -> None:
        """A number column that must lie below, above or at an amount."""
        value = amount.value * scale
        told = f"{column} {amount.relation} {value:g}"
        if amount.relation == "=":
            self._add(self.refiners, f"coalesce(abs({column} - {{}}) < {_CLOSE}, false)", value, told)
        else:
            self._add(self.refiners, f"coalesce({column} {amount.relation} {{}}, false)", value, told)

    def _add(self, conditions: list[str], condition: str, value: Any, told: str) -> None:
        if value is None or value == []:
            return
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        conditions.append(condition.format(f"${name}"))
        self.told.append(told)

    @property
    def only_named(self) -> list[str] | None:
        """The keys, where nothing but their being named constrains the rows; None otherwise."""
        return list(self.parameters["p0"]) if self.told == [NAMED] else None

    def sql(self) -> str | None:
        """The query: id and, for each refiner, whether it is met. None where nothing constrains it enough.

        Without an anchor a row must meet all refiners, and there must be two at least.
        """
        if self.anchors:
            columns, where = [self.key, *self.refiners], " OR ".join(self.anchors)
        elif len(self.refiners) > 1:
            columns, where = [self.key], " AND ".join(self.refiners)
        else:
            return None
        return f"SELECT {', '.join(columns)} FROM {self.table} WHERE {where}"

    @property
    def order(self) -> str:
        """How its rows are ordered: those that meet most refiners first, then by key."""
        met = " + ".join(f"coalesce({refiner}, false)::INTEGER" for refiner in self.refiners)
        return f"{met} DESC, {self.key}" if met else self.key


def queries(reading: Reading) -> list[Query]:
    """The queries that a reading gives rise to."""
    return [make(reading) for make in _MAKERS]


def _devices(reading: Reading) -> Query:
    asked = "devices" in reading.kinds
    query = Query("enterprise.devices", "device_id", wanted=asked or not reading.kinds)
    query.name(list(reading.devices))
    query.anchor("list_contains({}, series)", list(reading.series), "of the series")
    if reading.brands and asked:
        query.anchor("list_contains({}, brand)", list(reading.brands), "of the brand")
    query.refine("list_contains({}, operating_system)", list(reading.systems), "operating system")
    query.refine("list_contains({}, cpu)", list(reading.processors), "processor")
    if not reading.devices and reading.years and not reading.months:
        query.refine("list_contains({}, year(release_date))", list(reading.years), f"released in {reading.years}")
    for amount in reading.amounts:
        _device_amount(query, amount, reading.text[amount.end : amount.end + 30])
    return query


def _device_amount(query: Query, amount: Amount, after: str) -> None:
    if amount.unit == "GB":
        column = "memory_gb" if any(word in after for word in ("memory", "ram", "内存")) else ""
        column = "storage_gb" if any(word in after for word in ("storage", "disk", "ssd", "存储")) else column
        if column:
            query.refine_amount(column, amount)
        else:
            query.refine("list_contains([memory_gb, storage_gb], {})", amount.value, f"{amount.value:g} GB")
        return
    columns = {
        "cores": "cpu_cores",
        "USD": "price_usd",
        "inch": "display_inch",
        "kg": "weight_kg",
        "Hz": "refresh_rate_hz",
        "mAh": "battery_mah",
        "Wh": "battery_wh",
        "W": "power_supply_w",
        "months": "warranty_months",
    }
    if amount.unit in columns:
        query.refine_amount(columns[amount.unit], amount)
    elif amount.unit == "g":
        query.refine_amount("weight_kg", amount, scale=0.001)


def _incidents(reading: Reading) -> Query:
    query = Query("enterprise.incidents", "incident_id", wanted="incidents" in reading.kinds)
    query.name(list(reading.incidents))
    if not reading.incidents and "incidents" in reading.kinds:
        query.anchor("list_contains({}, device_id)", list(reading.devices), "on the device")
        series = "device_id IN (SELECT device_id FROM enterprise.devices WHERE list_contains({}, series))"
        query.anchor(series, list(reading.series), "on the series")
        query.anchor(
            "list_contains({0}, firmware_id) OR list_contains({0}, fixed_firmware_id)", list(reading.firmware), "firmware"
        )
    query.refine("list_contains({}, component_id)", list(reading.components), "component")
    if not reading.components:
        query.refine("list_contains({}, category)", sorted(words.categories_named(reading.text)), "category")
    query.refine("list_contains({}, severity)", sorted(words.severities_named(reading.text)), "severity")
    query.refine("list_contains({}, strftime(started_at, '%Y-%m'))", _months(reading), "begun in the month")
    for amount in reading.amounts:
        if amount.unit == "users":
            query.refine_amount("affected_users", amount)
    return query


def _journeys(reading: Reading) -> Query:
    query = Query("enterprise.journeys", "journey_id", wanted="journeys" in reading.kinds)
    query.name(list(reading.journeys))
    if "journeys" in reading.kinds:
        query.anchor("list_contains({}, customer_id)", list(reading.customers), "of the customer")
        if not reading.customers:
            query.anchor("list_has_any({}, quoted_device_ids)", list(reading.devices), "quotes the device")
    query.refine("list_contains({}, strftime(started_at, '%Y-%m'))", _months(reading), "begun in the month")
    query.refine("list_contains({}, stage)", sorted(words.stages_named(reading.text)), "reached the stage")
    for amount in reading.amounts:
        if amount.unit in ("units", "USD"):
            query.refine_amount("units" if amount.unit == "units" else "value_usd", amount)
    return query


def _processes(reading: Reading) -> Query:
    query = Query("enterprise.processes", "process_id", wanted="processes" in reading.kinds)
    query.name(list(reading.processes))
    query.anchor("list_contains({}, process_family)", list(reading.families), "of the family")
    if "processes" in reading.kinds:
        query.refine("list_contains({}, department_id)", list(reading.departments), "of the department")
        query.refine("list_contains({}, strftime(established_on, '%Y-%m'))", _months(reading), "begun in the month")
    for amount in reading.amounts:
        if amount.unit == "h":
            query.refine_amount("sla_hours", amount)
        elif amount.unit == "%":
            query.refine_amount("target_rate", amount, scale=0.01)
    return query


def _customers(reading: Reading) -> Query:
    query = Query("enterprise.customers", "customer_id", wanted="customers" in reading.kinds or not reading.kinds)
    query.name(list(reading.customers))
    if not reading.customers:
        query.refine("list_contains({}, customer_type)", sorted(words.customer_types_named(reading.text)), "of the type")
        query.refine("(list_contains({0}, city) OR list_contains({0}, country))", list(reading.places), "in the place")
        query.refine("list_contains({}, industry)", list(reading.industries), "of the industry")
    return query


def _articles(reading: Reading) -> Query:
    query = Query("enterprise.support_articles", "article_id", wanted="support_articles" in reading.kinds)
    query.name(list(reading.articles))
    if "support_articles" in reading.kinds and not reading.articles:
        query.anchor("list_contains({}, incident_id)", list(reading.incidents), "explains the incident")
        if not reading.incidents:
            query.anchor("list_has_any({}, device_ids)", list(reading.devices), "covers the device")
            query.refine("list_contains({}, category)", sorted(words.categories_named(reading.text)), "category")
            query.refine("len(device_ids) = len({})", list(reading.devices), "covers nothing else")
    return query


def _documents(reading: Reading) -> Query:
    query = Query("enterprise.documents", "document_id", wanted="documents" in reading.kinds)
    query.name(list(reading.documents))
    if "documents" in reading.kinds and not reading.documents:
        query.anchor("list_contains({}, customer_id)", list(reading.customers), "concerns the customer")
        query.anchor("list_contains({}, process_id)", list(reading.processes), "governs the process")
        query.refine("list_contains({}, strftime(published_at, '%Y-%m'))", _months(reading), "published in the month")
    return query


def _technical_docs(reading: Reading) -> Query:
    query = Query("enterprise.technical_docs", "technical_doc_id", wanted="technical_docs" in reading.kinds)
    query.name(list(reading.technical_docs))
    if "technical_docs" in reading.kinds and not reading.technical_docs:
        query.anchor("list_has_any({}, device_ids)", list(reading.devices), "describes the device")
    return query


def _months(reading: Reading) -> list[str]:
    return [f"{year:04d}-{month:02d}" for year, month in reading.months]


_MAKERS: tuple[Callable[[Reading], Query], ...] = (
    _devices,
    _incidents,
    _journeys,
    _processes,
    _customers,
    _articles,
    _documents,
    _technical_docs,
)
