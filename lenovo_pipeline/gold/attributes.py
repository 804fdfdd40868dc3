"""What can be asked about a record in one value, and the words for it, per split and language.

Belongs here: names, units and wordings of single columns. Does not belong here: questions over several records.
Each paraphrase avoids the words that the records use for the value; those of train, validation and test differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lenovo_pipeline.gold.drafts import Answer, date_answer, number_answer, text_answer
from lenovo_pipeline.gold.world import Row, World

Banks = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Attribute:
    """A column with a single value. `unit` makes it a number; `more` and `less` are how two records compare in it."""

    table: str
    column: str
    noun: str
    chinese: str
    unit: str | None = None
    more: str | None = None
    less: str | None = None
    chinese_more: str | None = None
    paraphrases: Banks | None = None
    day: bool = False

    @property
    def is_number(self) -> bool:
        return self.unit is not None

    def answer(self, world: World, row: Row) -> Answer | None:
        """The answer that the row gives, or None where it holds no value."""
        value: Any = row[self.column]
        if value is None:
            return None
        if self.unit is not None:
            return number_answer(value, self.unit, extractive=True)
        if self.day:
            return date_answer(value)
        if self.column.endswith("_id"):
            table = {"department_id": "departments", "component_id": "components"}.get(self.column)
            return text_answer(world.row(table, value)["name"]) if table else text_answer(world.row("firmware", value)["version"])
        spoken = str(value).replace("_", " ")
        return text_answer(str(value), spoken, *_CHINESE_VALUES.get(str(value), ()))


_CHINESE_VALUES = {
    "low": ("低",),
    "medium": ("中", "中等"),
    "high": ("高",),
    "critical": ("严重", "嚴重", "紧急", "緊急"),
    "won": ("赢单", "贏單", "成交"),
    "lost": ("丢单", "丟單", "失单", "失單"),
    "open": ("进行中", "進行中"),
}

DEVICE: tuple[Attribute, ...] = (
    Attribute(
        "devices",
        "cpu",
        "processor",
        "处理器",
        paraphrases=(
            ("Which chip does the thinking in {e}?", "What silicon drives {e}?"),
            ("Whose chip beats inside {e}, and which one?",),
            ("Name the chip at the heart of {e}.", "On which chip do programs execute in {e}?"),
        ),
    ),
    Attribute(
        "devices",
        "cpu_cores",
        "number of processor cores",
        "处理器核心数",
        unit="cores",
        more="more processor cores",
        less="fewer processor cores",
        chinese_more="处理器核心更多",
        paraphrases=(
            (
                "Into how many cores is the chip of {e} divided?",
                "How many tasks could {e} truly run side by side, going by its cores?",
            ),
            ("How many cores would I count in {e}?",),
            ("How many-cored is the chip that powers {e}?", "Counting all sockets, how many cores are available in {e}?"),
        ),
    ),
    Attribute(
        "devices",
        "memory_gb",
        "base memory",
        "基本内存",
        unit="GB",
        more="more base memory",
        less="less base memory",
        chinese_more="内存更大",
        paraphrases=(
            (
                "How much RAM is inside {e} before any upgrade?",
                "Straight from the factory, how many gigabytes of RAM does one find in {e}?",
            ),
            ("How roomy is the RAM of {e} out of the box?",),
            (
                "If nobody adds any, how many gigabytes of RAM would {e} offer?",
                "With how much RAM does the cheapest configuration of {e} leave the factory?",
            ),
        ),
    ),
    Attribute(
        "devices",
        "storage_gb",
        "base storage",
        "基本存储容量",
        unit="GB",
        more="more base storage",
        less="less base storage",
        chinese_more="存储更大",
        paraphrases=(
            ("How many gigabytes for files come with {e}?", "How much room for photos and files is built into {e}?"),
            ("How big a drive should a buyer of {e} expect?",),
            (
                "How much data can be kept on {e} as it is sold?",
                "What drive capacity would I get by ordering {e} without extras?",
            ),
        ),
    ),
    Attribute(
        "devices",
        "display_inch",
        "display size",
        "屏幕尺寸",
        unit="inch",
        more="a larger display",
        less="a smaller display",
        chinese_more="屏幕更大",
        paraphrases=(
            ("From corner to corner, how far does the screen of {e} stretch?", "How many inches is the panel on {e}?"),
            ("How large a screen does one look at on {e}?",),
            ("Measured diagonally, how big is the panel of {e}?", "How much screen, in inches, do I get with {e}?"),
        ),
    ),
    Attribute(
        "devices",
        "display_resolution",
        "display resolution",
        "屏幕分辨率",
        paraphrases=(
            (
                "How many pixels across and down does the panel of {e} show?",
                "How finely is the screen of {e} divided, in pixels?",
            ),
            ("What pixel grid makes up the screen of {e}?",),
            ("Give me the pixel count, width by height, for {e}.", "How sharp is the panel of {e} in pixels?"),
        ),
    ),
    Attribute(
        "devices",
        "refresh_rate_hz",
        "refresh rate",
        "屏幕刷新率",
        unit="Hz",
        more="a higher refresh rate",
        less="a lower refresh rate",
        chinese_more="刷新率更高",
        paraphrases=(
            ("How often each second is the picture on {e} redrawn?", "How smooth, in hertz, is the panel of {e}?"),
            ("How many frames a second could {e} draw?",),
            ("How many times per second does the panel of {e} repaint?", "At how many hertz do images update on {e}?"),
        ),
    ),
    Attribute(
        "devices",
        "battery_mah",
        "battery capacity",
        "电池容量",
        unit="mAh",
        more="a larger battery",
        less="a smaller battery",
        chinese_more="电池更大",
        paraphrases=(
            ("How much charge can {e} carry?", "How big is the cell inside {e}?"),
            ("How many milliampere-hours power {e}?",),
            ("How much charge fits into {e} when it is full?", "What does the cell in {e} hold?"),
        ),
    ),
    Attribute(
        "devices",
        "battery_wh",
        "battery energy",
        "电池容量",
        unit="Wh",
        more="a larger battery",
        less="a smaller battery",
        chinese_more="电池更大",
        paraphrases=(
            ("How much energy can {e} store for work on the road?", "How big a power pack is built into {e}?"),
            ("How many watt-hours keep {e} alive unplugged?",),
            (
                "Away from the mains, how much energy does {e} draw on?",
                "How many watt-hours does a full charge of {e} amount to?",
            ),
        ),
    ),
    Attribute(
        "devices",
        "power_supply_w",
        "power supply rating",
        "电源功率",
        unit="W",
        more="a stronger power supply",
        less="a weaker power supply",
        chinese_more="电源功率更大",
        paraphrases=(
            ("How strong is the charging or supply unit that comes with {e}?", "How many watts can {e} be fed?"),
            ("How powerful is the adapter or supply for {e}?",),
            ("How many watts does the unit that feeds {e} deliver?", "What wattage should I plan for {e} at the socket?"),
        ),
    ),
    Attribute(
        "devices",
        "rack_units",
        "rack height",
        "机架高度",
        unit="U",
        more="a greater rack height",
        less="a smaller rack height",
        chinese_more="机架高度更大",
        paraphrases=(
            ("How many slots of a cabinet does {e} fill?", "How tall is {e} when it sits in a cabinet?"),
            ("How much cabinet space goes to {e}?",),
            ("How much vertical space must a cabinet have free for {e}?", "How many units high is the case of {e}?"),
        ),
    ),
    Attribute(
        "devices",
        "weight_kg",
        "weight",
        "重量",
        unit="kg",
        more="heavier",
        less="lighter",
        chinese_more="更重",
        paraphrases=(
            ("How heavy is {e}?", "What would the scales say about {e}?"),
            ("How many kilograms is {e}?",),
            ("How much would I have to carry with {e}?", "If I put {e} on a scale, what would I read?"),
        ),
    ),
    Attribute(
        "devices",
        "operating_system",
        "operating system",
        "操作系统",
        paraphrases=(
            ("What boots when {e} is switched on for the first time?", "Which platform software is preinstalled on {e}?"),
            ("What software platform is {e} delivered with?",),
            ("Which OS greets the first user of {e}?", "What OS is preloaded by the factory on {e}?"),
        ),
    ),
    Attribute(
        "devices",
        "price_usd",
        "list price at release",
        "上市定价",
        unit="USD",
        more="more expensive at release",
        less="cheaper at release",
        chinese_more="上市定价更高",
        paraphrases=(
            ("How much did {e} cost when it went on sale?", "For how many dollars did {e} launch?"),
            ("How many dollars did early buyers of {e} pay?",),
            (
                "What did one pay for {e} on the first day in the shops?",
                "How deep into the pocket did a launch buyer of {e} reach, in dollars?",
            ),
        ),
    ),
    Attribute(
        "devices",
        "release_date",
        "release date",
        "上市日期",
        day=True,
        paraphrases=(
            ("Since when can customers buy {e}?", "On which day did {e} go on sale?"),
            ("When did {e} reach the shops?",),
            ("When did selling {e} begin?", "From what day on was {e} generally on offer?"),
        ),
    ),
    Attribute(
        "devices",
        "warranty_months",
        "base warranty",
        "基本保修期",
        unit="month",
        more="a longer base warranty",
        less="a shorter base warranty",
        chinese_more="保修期更长",
        paraphrases=(
            ("For how many months are repairs of {e} free?", "How long does the maker fix {e} at no charge?"),
            ("How many months of free repairs come with {e}?",),
            (
                "How long after purchase is a defect of {e} put right without cost?",
                "For how long is a buyer of {e} covered against defects?",
            ),
        ),
    ),
    Attribute(
        "devices",
        "end_of_support",
        "end of support",
        "支持终止日期",
        day=True,
        paraphrases=(
            ("After which day do fixes for {e} stop?", "Until when will {e} be looked after?"),
            ("When does Lenovo stop caring for {e}?",),
            ("When will help and updates for {e} run out?", "On what day is {e} left without further updates?"),
        ),
    ),
    Attribute("devices", "machine_type", "machine type", "机型代码"),
)

PROCESS: tuple[Attribute, ...] = (
    Attribute(
        "processes",
        "sla_hours",
        "agreed time to complete",
        "约定完成时间",
        unit="h",
        more="a longer agreed time",
        less="a shorter agreed time",
        chinese_more="约定完成时间更长",
        paraphrases=(
            ("How many hours may {e} take at most?", "How long may a requester have to wait for {e}?"),
            ("How quickly must {e} be through?",),
            ("How much time is allowed for a case of {e}?", "Within how many hours has a case of {e} to be closed?"),
        ),
    ),
    Attribute(
        "processes",
        "target_rate",
        "target share of cases on time",
        "按时完成目标比例",
        unit="1",
        more="a higher on-time target",
        less="a lower on-time target",
        chinese_more="按时目标更高",
        paraphrases=(
            ("How large a part of all {e} cases must be punctual?", "How many out of a hundred {e} cases ought to be punctual?"),
            ("How punctual must {e} be, in percent?",),
            ("What percentage of {e} cases has to stay inside its limit?", "How reliable should {e} be, as a percentage?"),
        ),
    ),
    Attribute(
        "processes",
        "department_id",
        "responsible department",
        "负责部门",
        paraphrases=(
            ("Who in the house, as a team, runs {e}?", "To which part of the organisation does {e} belong?"),
            ("Which team looks after {e}?",),
            ("Whose desk is {e} done at, by department?", "Which part of the company answers for {e}?"),
        ),
    ),
    Attribute(
        "processes",
        "established_on",
        "start date",
        "启用日期",
        day=True,
        paraphrases=(
            ("Since when has {e} existed?", "When did {e} come into being?"),
            ("How far back does {e} go?",),
            ("On which day did {e} begin to be used?", "From what day on have people followed {e}?"),
        ),
    ),
)

CUSTOMER: tuple[Attribute, ...] = (
    Attribute(
        "customers",
        "industry",
        "industry",
        "行业",
        paraphrases=(
            ("What line of business is {e} in?", "What does {e} do for a living?"),
            ("In what trade is {e} active?",),
            ("What field does {e} work in?", "What kind of business does {e} pursue?"),
        ),
    ),
    Attribute(
        "customers",
        "country",
        "country or region",
        "国家或地区",
        paraphrases=(
            ("Where in the world is {e} at home?", "In which land would I find {e}?"),
            ("From which nation or territory does {e} operate?",),
            ("In what part of the world does {e} sit?", "Which nation or territory does {e} call home?"),
        ),
    ),
    Attribute(
        "customers",
        "city",
        "city",
        "城市",
        paraphrases=(
            ("In which town is {e}?", "To what town would a letter to {e} go?"),
            ("Where would a visitor travel to see {e}, by town?",),
            ("What town does {e} operate out of?", "Which town should a courier for {e} drive to?"),
        ),
    ),
    Attribute(
        "customers",
        "customer_since",
        "date of the first contract",
        "首份合同日期",
        day=True,
        paraphrases=(
            ("Since when has {e} bought from us?", "How long ago, to the day, did {e} sign for the first time?"),
            ("When did we win {e}?",),
            ("When did {e} first sign with us?", "On what day did our business with {e} begin?"),
        ),
    ),
)

JOURNEY: tuple[Attribute, ...] = (
    Attribute(
        "journeys",
        "outcome",
        "outcome",
        "结果",
        paraphrases=(
            ("How did {e} turn out?", "What was decided in {e}?"),
            ("What came of {e}?",),
            ("How did things go with {e} in the end?", "Where did {e} lead?"),
        ),
    ),
    Attribute(
        "journeys",
        "units",
        "number of units bought",
        "购买数量",
        unit="unit",
        more="more units bought",
        less="fewer units bought",
        chinese_more="购买数量更多",
        paraphrases=(
            ("How many machines were sold through {e}?", "How many pieces did the buyer take in {e}?"),
            ("How big was the order from {e}, in pieces?",),
            ("How many pieces changed hands as a result of {e}?", "Counting machines, how much was sold in {e}?"),
        ),
    ),
    Attribute(
        "journeys",
        "value_usd",
        "order value",
        "订单金额",
        unit="USD",
        more="a larger order value",
        less="a smaller order value",
        chinese_more="订单金额更大",
        paraphrases=(
            ("How many dollars did {e} bring in?", "What was {e} worth in money?"),
            ("How much revenue came from {e}?",),
            ("How much money did we make from {e}?", "What sum did the buyer commit in {e}?"),
        ),
    ),
    Attribute(
        "journeys",
        "stage",
        "last stage reached",
        "到达的最后阶段",
        paraphrases=(
            ("How far did {e} get?", "At which point is or was {e} last seen?"),
            ("Up to what phase did {e} advance?",),
            ("What phase did {e} come to?", "How far along the usual phases did {e} go?"),
        ),
    ),
)

INCIDENT: tuple[Attribute, ...] = (
    Attribute(
        "incidents",
        "affected_users",
        "number of affected users",
        "受影响用户数",
        unit="user",
        more="more affected users",
        less="fewer affected users",
        chinese_more="受影响用户更多",
        paraphrases=(
            ("How many people felt {e}?", "How many colleagues suffered from {e}?"),
            ("How widespread was {e}, in people?",),
            ("How many people were hit by {e}?", "How many of us had trouble because of {e}?"),
        ),
    ),
    Attribute(
        "incidents",
        "severity",
        "severity",
        "严重程度",
        paraphrases=(
            ("How bad was {e} judged to be?", "How serious was {e} on the usual four-step scale?"),
            ("How grave was {e}?",),
            ("How seriously was {e} rated?", "How alarming was {e} considered?"),
        ),
    ),
    Attribute(
        "incidents",
        "component_id",
        "failed component",
        "故障部件",
        paraphrases=(
            ("Which part gave up in {e}?", "What piece of hardware or software was to blame in {e}?"),
            ("What broke in {e}?",),
            ("Which part of the machine caused trouble in {e}?", "Which building block was at fault in {e}?"),
        ),
    ),
    Attribute(
        "incidents",
        "cause",
        "root cause",
        "根本原因",
        paraphrases=(
            ("Why did {e} happen?", "What lay behind {e}?"),
            ("What led to {e}?",),
            ("What was really wrong in {e}?", "What brought {e} about?"),
        ),
    ),
    Attribute(
        "incidents",
        "fix",
        "fix",
        "解决办法",
        paraphrases=(
            ("How was {e} put right?", "What made {e} go away?"),
            ("What was done about {e}?",),
            ("What got rid of {e}?", "How did engineers deal with {e}?"),
        ),
    ),
    Attribute(
        "incidents",
        "fixed_firmware_id",
        "firmware version that fixed it",
        "修复问题的固件版本",
        paraphrases=(
            ("Which update cured {e}?", "What must be installed so that {e} does not come back?"),
            ("Which update put an end to {e}?",),
            ("What update do I need so as to be safe from {e}?", "Installing which update ended {e}?"),
        ),
    ),
)

ARTICLE: tuple[Attribute, ...] = (
    Attribute(
        "support_articles",
        "cause",
        "cause",
        "原因",
        paraphrases=(
            ("Why does the trouble in {e} come up?", "What is to blame, going by {e}?"),
            ("What explains the trouble described in {e}?",),
            ("What is behind the trouble that {e} deals with?", "Where does the trouble covered by {e} come from?"),
        ),
    ),
    Attribute(
        "support_articles",
        "severity",
        "severity",
        "严重程度",
        paraphrases=(
            ("How bad is the trouble in {e}?", "How serious does {e} call its subject?"),
            ("How grave is the matter of {e}?",),
            ("How seriously should a reader take {e}?", "How worrying is what {e} describes?"),
        ),
    ),
    Attribute("support_articles", "symptom", "symptom", "症状"),
)

BY_TABLE: dict[str, tuple[Attribute, ...]] = {
    "devices": DEVICE,
    "processes": PROCESS,
    "customers": CUSTOMER,
    "journeys": JOURNEY,
    "incidents": INCIDENT,
    "support_articles": ARTICLE,
}


def numbers(table: str) -> Iterator[Attribute]:
    """The attributes of a table that two records can be compared in."""
    return (attribute for attribute in BY_TABLE[table] if attribute.is_number)
