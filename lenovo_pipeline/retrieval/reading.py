"""What a question says, as far as retrieval understands it: the records and groups that it names, and what it wants of them.

Belongs here: from links, words and quantities to one reading, including references that avoid a name (the third-generation
ThinkPad X13, the razr launched in 2024). Does not belong here: a search.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields

from lenovo_pipeline.retrieval import quantities, words
from lenovo_pipeline.retrieval.interface import Filters
from lenovo_pipeline.retrieval.linking import Link
from lenovo_pipeline.retrieval.register import TITLES, Register

_RECORD_NAMES = frozenset({"device", "series", "incident", "process", "process_family", "customer", "journey", *TITLES})
_SERIES_AFTER = re.compile(r"[\"'”」]?\s*(?:series|line-?up|range|系列)")
_GENERATION_BEFORE = re.compile(r"(?:generation|代)\s*(?:的)?\s*(?:lenovo |motorola )?$")
_LAUNCHED_AFTER = re.compile(
    r"[\s,]*(?:(?:that|which) (?:was )?)?(?:launched|released|introduced|came out|from)(?: in)? ((?:19|20)\d\d)"
)
_LAUNCHED_BEFORE = re.compile(
    r"((?:19|20)\d\d) ?年(?:上市|发布|推出)的?\s*$|((?:19|20)\d\d)(?: model of the| edition of the)\s*$"
)
_VERSION = re.compile(r"(?:version|v\.?|版本|第) ?(\d{1,2})(?!\.?\d)")
_FIRMWARE_VERSION = re.compile(r"(?<![\w.])(?:[a-z]\w{3,}\.)?\d+\.\d+(?:[.-]\d+)*(?![\w.])")


@dataclass(frozen=True)
class Reading:
    """A question as understood. The tuples hold ids, in the order in which the question names them."""

    text: str
    """The question in plain form (words.plain)."""
    links: tuple[Link, ...] = ()
    kinds: frozenset[str] = frozenset()
    relations: frozenset[str] = frozenset()
    devices: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    firmware: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    journeys: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    technical_docs: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    processors: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    months: tuple[tuple[int, int], ...] = ()
    years: tuple[int, ...] = ()
    amounts: tuple[quantities.Amount, ...] = ()
    from_context: frozenset[str] = frozenset()
    """`device` or `customer` where the context, not the question, named it."""

    @property
    def named(self) -> tuple[str, ...]:
        """Ids of the records that the question itself names, the most telling first."""
        return (
            *self.articles,
            *self.documents,
            *self.technical_docs,
            *self.incidents,
            *self.journeys,
            *self.processes,
            *self.customers,
            *self.devices,
        )

    def understood(self) -> dict[str, list[str]]:
        """What was found in the question, by kind, in words; kinds of which nothing was found are left out."""
        found: dict[str, list[str]] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value and each.name not in ("text", "links"):
                found[each.name] = sorted(map(str, value)) if isinstance(value, frozenset) else [str(one) for one in value]
        return found

    @property
    def route(self) -> str:
        """What kind of question this is: the weights of the fusion are tuned for each."""
        if self.relations & {"successor", "predecessor", "upstream", "downstream", "explains"}:
            return "related"
        if self.articles or self.documents or self.technical_docs:
            return "titled"
        if self.series or self.brands or self.families:
            return "group"
        if self.named:
            return "named"
        return "described" if self.months or self.amounts or self.places or self.departments or self.components else "free"


def read(question: str, register: Register, filters: Filters | None = None) -> Reading:
    """What a question says. Never fails: what is not understood is left out."""
    text = words.plain(question)
    links = register.linker.find(text)
    by_kind: dict[str, dict[str, None]] = {}
    devices: dict[str, None] = {}
    series: dict[str, None] = {}
    for link in links:
        if link.kind in ("device", "series"):
            continue
        # A name within a title says what the title's record is about, which is not what is asked for.
        if not link.inside or link.kind in TITLES:
            by_kind.setdefault(link.kind, {}).update(dict.fromkeys(link.ids))
    for link in links:
        if link.inside:
            continue
        if link.kind == "series":
            found, stays = _of_series(link, text, register)
            devices.update(dict.fromkeys(found))
            series.update(dict.fromkeys(link.ids if stays else ()))
        elif link.kind == "device" and not _is_series(link, links, text):
            devices.update(dict.fromkeys(link.ids))
    from_context = set()
    if filters is not None and filters.context_device and not devices and not series and not by_kind.keys() & set(TITLES):
        devices[filters.context_device] = None
        from_context.add("device")
    if filters is not None and filters.context_customer and not by_kind.get("customer"):
        by_kind["customer"] = {filters.context_customer: None}
        from_context.add("customer")
    said = _without(text, links)
    return Reading(
        text=text,
        links=tuple(links),
        kinds=words.kinds_asked(said),
        relations=words.relations_asked(said),
        devices=tuple(devices),
        series=tuple(series),
        brands=() if devices or series else tuple(by_kind.get("brand", ())),
        firmware=_firmware(text, devices, register),
        incidents=tuple(by_kind.get("incident", ())),
        customers=tuple(by_kind.get("customer", ())),
        journeys=tuple(by_kind.get("journey", ())),
        processes=tuple(by_kind.get("process", ())),
        families=tuple(by_kind.get("process_family", ())),
        departments=tuple(by_kind.get("department", ())),
        components=tuple(by_kind.get("component", ())),
        articles=tuple(by_kind.get("article", ())),
        documents=_versions(text, by_kind.get("document", ()), register),
        technical_docs=tuple(by_kind.get("technical_doc", ())),
        systems=tuple(by_kind.get("operating_system", ())),
        processors=tuple(by_kind.get("cpu", ())),
        places=(*by_kind.get("city", ()), *by_kind.get("country", ())),
        industries=tuple(by_kind.get("industry", ())),
        months=quantities.months(text),
        years=quantities.years(text),
        amounts=quantities.amounts(text),
        from_context=frozenset(from_context),
    )


def _without(text: str, links: Iterable[Link]) -> str:
    """The text without names of records: a process named Service Quote asks for no quote."""
    places = {(link.start, link.end) for link in links if not link.inside and link.kind in _RECORD_NAMES}
    for start, end in sorted(places, reverse=True):
        text = f"{text[:start]} ○ {text[end:]}"
    return text


def _is_series(device: Link, links: Iterable[Link], text: str) -> bool:
    """Whether a name that a device and a series share stands for the series here."""
    shared = any(link.kind == "series" and (link.start, link.end) == (device.start, device.end) for link in links)
    return shared and bool(_SERIES_AFTER.match(text, device.end) or _generation(device, text) or _launched(device, text))


def _of_series(link: Link, text: str, register: Register) -> tuple[list[str], bool]:
    """The devices of a named series that the words around it single out, and whether the series as such is meant."""
    of_series = {i: device for i, device in register.devices.items() if device.series in link.ids}
    generation, year = _generation(link, text), _launched(link, text)
    if generation is not None:
        return [i for i, device in of_series.items() if device.generation == generation], False
    if year is not None:
        found = [i for i, device in of_series.items() if device.released == year]
        return found, not found
    shared = any(device.name.casefold() == text[link.start : link.end] for device in of_series.values())
    return [], not shared or _SERIES_AFTER.match(text, link.end) is not None


def _generation(link: Link, text: str) -> int | None:
    before = text[max(0, link.start - 30) : link.start]
    if not _GENERATION_BEFORE.search(before):
        return None
    counted = quantities.generations(before)
    return counted[-1] if counted else None


def _launched(link: Link, text: str) -> int | None:
    after = _LAUNCHED_AFTER.match(text, link.end)
    if after:
        return int(after[1])
    before = _LAUNCHED_BEFORE.search(text, max(0, link.start - 30), link.start)
    return int(before[1] or before[2]) if before else None


def _firmware(text: str, devices: Iterable[str], register: Register) -> tuple[str, ...]:
    versions = _FIRMWARE_VERSION.findall(text)
    return tuple(register.firmware[device, v] for device in devices for v in versions if (device, v) in register.firmware)


def _versions(text: str, ids: Iterable[str], register: Register) -> tuple[str, ...]:
    """Documents of one title: the version that is asked for first, then the others from the newest on."""
    asked = {int(version) for version in _VERSION.findall(text)}
    known = [(i, register.records[i].version or 1) for i in ids if i in register.records]
    return tuple(i for i, version in sorted(known, key=lambda pair: (pair[1] not in asked, -pair[1])))
