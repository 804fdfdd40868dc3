"""How a question refers to a record, by name or by a description, each of which fits that record alone.

Belongs here: references to one record. A description that fits several records is never returned.
Does not belong here: what is asked about the record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from lenovo_pipeline.gold.drafts import Evidence, proof
from lenovo_pipeline.gold.patterns_chinese import in_script
from lenovo_pipeline.gold.surfaces import month_name, month_name_chinese
from lenovo_pipeline.gold.world import Row, World

ORDINALS = (
    "",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
)


@dataclass(frozen=True)
class Reference:
    """A noun phrase for one record. `table`, `where` and `path` say the same to a machine: the row that fits, then along
    (column, table) references. `hops` are the records needed to resolve it.
    """

    phrase: str
    table: str
    where: dict[str, Any]
    hops: tuple[Evidence, ...] = ()
    path: tuple[tuple[str, str], ...] = ()

    @property
    def program(self) -> dict[str, Any]:
        return {"table": self.table, "where": self.where, "path": [list(step) for step in self.path]}


def named(world: World, table: str, record_id: str, language: str = "en") -> Reference | None:
    """The plain reference: by name, title or, for records without one, by what sets them apart. None if nothing does."""
    return next(_PLAIN[table](world, world.row(table, record_id), language), None)


def described(world: World, table: str, record_id: str, language: str = "en") -> Iterator[Reference]:
    """References that avoid the record's own name, then the plain ones."""
    row = world.row(table, record_id)
    if table in _OBLIQUE:
        yield from _OBLIQUE[table](world, row, language)
    yield from _PLAIN[table](world, row, language)


def _unique(world: World, phrase: str, table: str, hops: tuple[Evidence, ...] = (), **where: Any) -> Iterator[Reference]:
    if world.count(table, **where) == 1:
        yield Reference(phrase, table, {k: v.isoformat() if isinstance(v, date) else v for k, v in where.items()}, hops)


def _device(world: World, row: Row, language: str) -> Iterator[Reference]:
    yield from _unique(world, say(language, "the {n}", "{n}", n=row["name"]), "devices", name=row["name"])


def _device_oblique(world: World, row: Row, language: str) -> Iterator[Reference]:
    series, generation, year = row["series"], row["generation"], row["release_year"]
    if generation < len(ORDINALS):
        nth = ORDINALS[generation] if language == "en" else generation
        phrase = say(language, "the {nth}-generation {s}", "第{nth}代{s}", nth=nth, s=series)
        yield from _unique(world, phrase, "devices", series=series, generation=generation)
    phrase = say(language, "the {s} launched in {y}", "{y}年上市的{s}", s=series, y=year)
    yield from _unique(world, phrase, "devices", series=series, release_year=year)
    phrase = say(language, "machine type {m}", "机型代码为{m}的设备", m=row["machine_type"])
    yield from _unique(world, phrase, "devices", machine_type=row["machine_type"])


def relative(world: World, device_id: str, language: str = "en") -> Iterator[Reference]:
    """The device by the one that it follows or is followed by; some text states the link, and that record is needed too."""
    row = world.row("devices", device_id)
    for link, back, english, chinese in (
        ("predecessor_id", "successor_id", "the direct successor of the {n}", "{n}的后继机型"),
        ("successor_id", "predecessor_id", "the direct predecessor of the {n}", "{n}的前代机型"),
    ):
        other_id = row[link]
        if other_id is None or world.row("devices", other_id)[back] != device_id:
            continue
        other = world.row("devices", other_id)["name"]
        # Either text may state the link; the one that does is proof of it.
        hop = proof(world, other_id, [row["name"]], "support") or proof(world, device_id, [other], "support")
        if hop is not None and world.count("devices", name=other) == 1:
            phrase = say(language, english, chinese, n=other)
            yield Reference(phrase, "devices", {"name": other}, (hop,), ((back, "devices"),))


def _process(world: World, row: Row, language: str) -> Iterator[Reference]:
    phrase = say(language, "the {n} process", "“{n}”流程", n=row["name"])
    yield from _unique(world, phrase, "processes", name=row["name"])


def _process_oblique(world: World, row: Row, language: str) -> Iterator[Reference]:
    day = row["established_on"]
    same = [
        p for p in world.group("processes", "department_id")[row["department_id"]] if _month(world, p) == (day.year, day.month)
    ]
    if len(same) == 1:
        department = world.row("departments", row["department_id"])["name"]
        phrase = say(
            language, "the routine that {d} took up in {m}", "{d}自{m}起运行的流程", d=department, m=_month_in(language, day)
        )
        yield from _unique(world, phrase, "processes", department_id=row["department_id"], established_on=day)


def _month_in(language: str, day: date) -> str:
    return month_name(day) if language == "en" else month_name_chinese(day)


def _month(world: World, process_id: str) -> tuple[int, int]:
    day = world.row("processes", process_id)["established_on"]
    return (day.year, day.month)


def _customer(world: World, row: Row, language: str) -> Iterator[Reference]:
    yield from _unique(world, row["name"], "customers", name=row["name"])


def _customer_oblique(world: World, row: Row, language: str) -> Iterator[Reference]:
    kind, city = row["customer_type"], row["city"]
    phrase = (
        f"our {kind.replace('_', ' ')} customer in {city}"
        if language == "en"
        else say(language, "", f"我们在{{c}}的{CHINESE_NAMES[kind]}客户", c=city)
    )
    yield from _unique(world, phrase, "customers", customer_type=kind, city=city)


def _journey(world: World, row: Row, language: str) -> Iterator[Reference]:
    customer = world.row("customers", row["customer_id"])["name"]
    month = _month_in(language, row["started_at"])
    phrase = say(language, "the purchase journey that {c} began in {m}", "{c}于{m}开始的采购过程", c=customer, m=month)
    yield from _unique(world, phrase, "journeys", customer_id=row["customer_id"], started_month=row["started_month"])


def _journey_oblique(world: World, row: Row, language: str) -> Iterator[Reference]:
    customer = world.row("customers", row["customer_id"])["name"]
    phrase = say(language, "our only sales talks with {c}", "我们与{c}仅有的一次洽谈", c=customer)
    yield from _unique(world, phrase, "journeys", customer_id=row["customer_id"])


def _incident(world: World, row: Row, language: str) -> Iterator[Reference]:
    device, code = world.row("devices", row["device_id"])["name"], row["error_code"]
    phrase = say(language, "the {c} incident on the {d}", "{d}上的{c}故障", c=code, d=device)
    yield from _unique(world, phrase, "incidents", device_id=row["device_id"], error_code=code)


def _incident_oblique(world: World, row: Row, language: str) -> Iterator[Reference]:
    component = world.row("components", row["component_id"])["name"]
    name = _oblique_name(world, row["device_id"], language)
    month = _month_in(language, row["started_at"])
    phrase = say(language, "the failure that struck {n} in {m}", "{m}影响{n}的故障", n=name, m=month)
    yield from _unique(world, phrase, "incidents", device_id=row["device_id"], started_month=row["started_month"])
    phrase = say(language, "the {c} failure of {n}", "{n}的{c}故障", n=name, c=component)
    yield from _unique(world, phrase, "incidents", device_id=row["device_id"], component_id=row["component_id"])


def _oblique_name(world: World, device_id: str, language: str) -> str:
    device = world.row("devices", device_id)
    references = (*_device_oblique(world, device, language), *_device(world, device, language))
    return references[0].phrase


def _article(world: World, row: Row, language: str) -> Iterator[Reference]:
    phrase = say(language, 'the support article "{t}"', "支持文章“{t}”", t=row["title"])
    yield from _unique(world, phrase, "support_articles", title=row["title"])


def _article_oblique(world: World, row: Row, language: str) -> Iterator[Reference]:
    if row["incident_id"] is not None:
        incident = world.row("incidents", row["incident_id"])
        if world.count("incidents", device_id=incident["device_id"], error_code=incident["error_code"]) == 1:
            device = world.row("devices", incident["device_id"])["name"]
            phrase = say(
                language, "the help page on error {c} of the {d}", "关于{d}错误{c}的帮助文章", c=incident["error_code"], d=device
            )
            yield from _unique(world, phrase, "support_articles", incident_id=row["incident_id"])
    if len(row["device_ids"]) == 1:
        name, category = _oblique_name(world, row["device_ids"][0], language), row["category"]
        phrase = (
            f"our only {category} help page that is just about {name}"
            if language == "en"
            else say(language, "", f"唯一专门针对{{n}}的{CHINESE_NAMES[category]}帮助文章", n=name)
        )
        yield from _unique(world, phrase, "support_articles", device_ids=row["device_ids"], category=category)


CHINESE_NAMES = {
    "enterprise": "大型企业",
    "small_business": "小型企业",
    "public_sector": "公共部门",
    "education": "教育",
    "reseller": "经销商",
    "battery": "电池",
    "display": "显示",
    "connectivity": "连接",
    "performance": "性能",
    "storage": "存储",
    "audio": "音频",
    "camera": "摄像头",
    "firmware": "固件",
    "security": "安全",
    "thermal": "散热",
    "peripherals": "外设",
    "power": "电源",
}


def say(language: str, english: str, chinese: str, **values: Any) -> str:
    """A phrase in a language; only its own words take the script of the language, not the values."""
    return (english if language == "en" else in_script(chinese, language)).format(**values)


def _titled(table: str, english: str, chinese: str) -> Any:
    def references(world: World, row: Row, language: str) -> Iterator[Reference]:
        phrase = say(language, english, chinese, t=row["title"])
        yield from _unique(world, phrase, table, title=row["title"])

    return references


_PLAIN = {
    "devices": _device,
    "processes": _process,
    "customers": _customer,
    "journeys": _journey,
    "incidents": _incident,
    "support_articles": _article,
    "documents": _titled("documents", 'the document "{t}"', "文件“{t}”"),
    "technical_docs": _titled("technical_docs", 'the technical document "{t}"', "技术文档“{t}”"),
}
_OBLIQUE = {
    "devices": _device_oblique,
    "processes": _process_oblique,
    "customers": _customer_oblique,
    "journeys": _journey_oblique,
    "incidents": _incident_oblique,
    "support_articles": _article_oblique,
}
