"""Questions that the records cannot answer, certain to be so by construction.

Belongs here: facts that nothing records about records that exist, and entities that do not exist.
Does not belong here: questions whose answer is "none", which is an answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lenovo_pipeline.enterprise.anchors import customer_anchor
from lenovo_pipeline.gold.attributes import BY_TABLE
from lenovo_pipeline.gold.choosing import family_of, order_of, round_robin, spread
from lenovo_pipeline.gold.describe import ORDINALS, named
from lenovo_pipeline.gold.drafts import Draft, refusal
from lenovo_pipeline.gold.world import World


@dataclass(frozen=True)
class Unrecorded:
    """A fact that no column holds. No text that names the record may hold one of the `terms`, or the question is not made."""

    noun: str
    chinese: str
    terms: tuple[str, ...]


UNRECORDED: dict[str, tuple[Unrecorded, ...]] = {
    "devices": (
        Unrecorded("drop-test height", "跌落测试高度", ("drop test", "drop-test", "跌落")),
        Unrecorded("country of final assembly", "最终组装国家", ("assembl", "组装", "組裝")),
        Unrecorded("hinge opening angle", "铰链开合角度", ("hinge angle", "opening angle", "铰链", "鉸鏈")),
        Unrecorded("share of recycled plastic", "再生塑料比例", ("recycled", "再生")),
        Unrecorded("lead designer's alma mater", "首席设计师的母校", ("designer", "设计师", "設計師")),
        Unrecorded("electromagnetic emission class", "电磁辐射等级", ("electromagnetic", "电磁", "電磁")),
        Unrecorded("number of screws in the bottom cover", "底盖螺丝数量", ("screws", "螺丝", "螺絲")),
        Unrecorded("loudspeaker impedance", "扬声器阻抗", ("impedance", "阻抗")),
        Unrecorded("internal project code name", "内部项目代号", ("code name", "codename", "代号", "代號")),
        Unrecorded("trade-in value", "以旧换新价值", ("trade-in", "以旧换新", "以舊換新")),
    ),
    "processes": (
        Unrecorded("annual software licence cost", "年度软件许可费用", ("licence cost", "license cost", "许可费", "授權費")),
        Unrecorded("external consultant who designed it", "设计它的外部顾问", ("consultant", "顾问", "顧問")),
        Unrecorded("carbon footprint per case", "每件碳足迹", ("carbon", "碳")),
        Unrecorded("patent number", "专利号", ("patent", "专利", "專利")),
    ),
    "customers": (
        Unrecorded("stock exchange symbol", "股票代码", ("stock exchange", "ticker", "股票")),
        Unrecorded("founding year", "成立年份", ("founded", "founding", "成立")),
        Unrecorded("number of branch offices", "分支机构数量", ("branch office", "分支机构", "分支機構")),
        Unrecorded("tax identification number", "税务登记号", ("tax id", "税务登记", "稅務登記")),
    ),
    "incidents": (
        Unrecorded("insurance claim number", "保险理赔编号", ("insurance", "保险", "保險")),
        Unrecorded(
            "cost of lost working hours", "工时损失成本", ("lost working hours", "working hours lost", "工时损失", "工時損失")
        ),
        Unrecorded("room temperature at the time", "当时的室温", ("room temperature", "室温", "室溫")),
    ),
    "journeys": (
        Unrecorded("name of the rival bidder", "竞标对手名称", ("rival", "competitor", "竞争对手", "競爭對手")),
        Unrecorded("shipping carrier", "承运商", ("carrier", "承运", "承運")),
        Unrecorded("exchange rate applied", "适用汇率", ("exchange rate", "汇率", "匯率")),
    ),
}


def unanswerable(world: World) -> Iterator[Draft]:
    """Refusals: facts not recorded, generations, error codes and customers that do not exist, ratings never given."""
    return round_robin(
        [
            *(_unrecorded(world, table, language) for table in UNRECORDED for language in ("en", "en", "zh-Hans", "zh-Hant")),
            _no_such_generation(world),
            _no_such_error(world),
            _no_such_customer(world),
            _no_rating(world),
        ]
    )


def _refusal(
    bank: str,
    anchor: str,
    slots: dict[str, str],
    noun: str,
    program: dict[str, object],
    language: str = "en",
    family: str | None = None,
) -> Draft:
    return Draft(
        bank=bank,
        category="unanswerable",
        anchor=anchor,
        answer=refusal(),
        evidence=(),
        slots=slots,
        wording={"noun": noun},
        program={"op": "absent", **program},
        language=language,
        family=family,
    )


def _unrecorded(world: World, table: str, language: str) -> Iterator[Draft]:
    facts = UNRECORDED[table]
    told = {term: world.containing(term) for fact in facts for term in fact.terms}
    for record_id, fact in spread(order_of(world, table, f"unrecorded/{language}"), facts):
        reference = named(world, table, record_id, language)
        row = world.row(table, record_id)
        owner = row["device_id"] if table == "incidents" else row["customer_id"] if table == "journeys" else record_id
        name = world.row(world.table_of[owner], owner)["name"].lower()
        if reference is None or any(name in world.lowered(i) for term in fact.terms for i in told[term]):
            continue
        noun = fact.noun if language == "en" else fact.chinese
        program: dict[str, object] = {"what": "fact", "entity": reference.program, "terms": list(fact.terms), "name": name}
        yield _refusal(
            "value", world.anchors[record_id], {"e": reference.phrase}, noun, program, language, family_of(world, record_id)
        )


def _no_such_generation(world: World) -> Iterator[Draft]:
    numbers = {s: {world.row("devices", i)["generation"] for i in ids} for s, ids in world.group("devices", "series").items()}
    nouns = [
        a
        for a in BY_TABLE["devices"]
        if a.is_number and a.column not in {"display_inch", "battery_mah", "battery_wh", "rack_units", "refresh_rate_hz"}
    ]
    order = sorted(numbers, key=lambda s: world.place("no generation", s))
    for series, attribute in spread(order, nouns):
        generation = max(numbers[series]) + 2
        if generation >= len(ORDINALS):
            continue
        device = world.group("devices", "series")[series][0]
        yield _refusal(
            "number",
            world.anchors[device],
            {"e": f"the {ORDINALS[generation]}-generation {series}"},
            attribute.noun,
            {"what": "entity", "table": "devices", "where": {"series": series, "generation": generation}},
            family=world.row("devices", device)["family"],
        )


def _no_such_error(world: World) -> Iterator[Draft]:
    known = {row["error_code"] for row in world.rows["incidents"].values()}
    for incident_id in order_of(world, "incidents", "no error"):
        row = world.row("incidents", incident_id)
        code = _other_code(world, row["error_code"], incident_id)
        if code is None or code in known or code.lower() in world.vocabulary:
            continue
        device = world.row("devices", row["device_id"])
        yield _refusal(
            "value",
            world.anchors[incident_id],
            {"e": f"the {code} incident on the {device['name']}"},
            "root cause",
            {"what": "entity", "table": "incidents", "where": {"error_code": code}},
            family=device["family"],
        )


def _other_code(world: World, code: str, incident_id: str) -> str | None:
    """A code of the same form with other digits; None where the form leaves no choice."""
    digits = [place for place, character in enumerate(code) if character.isdigit()]
    if len(digits) < 2:
        return None
    random = world.random("no error", incident_id)
    changed = list(code)
    for place in digits[-3:]:
        changed[place] = str((int(code[place]) + 1 + int(random.integers(8))) % 10)
    return "".join(changed)


_MADE_UP = (
    (
        "Quillfeather",
        "Brambleforth",
        "Vantorelle",
        "Oskarrund",
        "Zephyrine",
        "Thistlewick",
        "Marrowglen",
        "Ulvendahl",
        "Corvanthe",
        "Pellworthy",
    ),
    (
        "Tidal Kites",
        "Lantern Works",
        "Orchard Rail",
        "Glasshouse Partners",
        "Harp Mills",
        "Comet Dairy",
        "Cinnamon Freight",
        "Ferry Looms",
    ),
)


def _no_such_customer(world: World) -> Iterator[Draft]:
    names = {row["name"].lower() for row in world.rows["customers"].values()}
    made_up = [f"{first} {second}" for first in _MADE_UP[0] for second in _MADE_UP[1]]
    for name, attribute in spread(sorted(made_up, key=lambda n: world.place("no customer", n)), BY_TABLE["customers"]):
        if name.lower() in names or name.split()[0].lower() in world.vocabulary:
            continue
        program: dict[str, object] = {"what": "entity", "table": "customers", "where": {"name": name}}
        yield _refusal("value", customer_anchor(name), {"e": name}, attribute.noun, program)


def _no_rating(world: World) -> Iterator[Draft]:
    for journey_id in order_of(world, "journeys", "no rating"):
        row = world.row("journeys", journey_id)
        reference = named(world, "journeys", journey_id)
        if row["satisfaction"] is None and reference is not None:
            program: dict[str, object] = {"what": "value", "entity": reference.program, "column": "satisfaction"}
            yield _refusal(
                "value", world.anchors[journey_id], {"e": reference.phrase}, "satisfaction score that the customer gave", program
            )
