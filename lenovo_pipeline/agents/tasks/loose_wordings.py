"""Requests of the train split without a pattern: the words that say what is asked, in any order, among words that say nothing.

Belongs here: those words for each kind, and sentences from them. Does not belong here: sentences that people would write
(phrasings.py, train_wordings.py).

Whoever has learned from these looks for what is named and asked, and does not wait for a sentence that it knows.
"""

import re
from collections.abc import Sequence
from random import Random

_TICKET = (
    "ticket|ticket|a ticket|support ticket|case|new ticket|open a ticket|open one ticket|ticket please|log a case|file a ticket"
    "|register a case|to be logged as a ticket|ticket wanted|raise a ticket|book a ticket|ticket needed|service ticket"
    "|record it as a case"
)
_PROBLEM = (
    "{problem}|{problem}|{problem} problem|about {problem}|problem: {problem}|problem {problem}|trouble with {problem}"
    "|{problem} fault|{problem} issue|fault: {problem}|because of {problem}|{problem} is the trouble|the {problem} fails"
    "|since {problem} fails"
)
_PRIORITY = (
    "{priority}|{priority}|{priority} priority|priority {priority}|priority: {priority}|{priority} one|rated {priority}"
    "|as {priority}|urgency {priority}|urgency: {priority}|marked {priority}|level {priority}|set to {priority}|it is {priority}"
    "|at {priority}"
)
_DEVICE = (
    "{device}|{device}|the {device}|our {device}|for {device}|a {device}|on the {device}|of {device}|device: {device}"
    "|with {device}|this {device}|it is a {device}|concerning {device}|their {device}|device {device}|about the {device}"
)
_TEAM = (
    "{team}|{team}|the {team} team|team {team}|to {team}|for {team}|team: {team}|by {team}|{team} people|our {team} group"
    "|hand to {team}|pass to {team}|route to {team}|belongs to {team}|{team} is responsible"
)
_CODE = (
    "{code}|{code}|error {code}|the error {code}|incident {code}|code {code}|about {code}|code: {code}"
    "|of {code}|with {code}|for {code}|{code} came up|since {code}|it says {code}|because of {code}|fault {code}"
)

ENGLISH: dict[str, tuple[str, ...]] = {
    "look_up": (
        "{attribute}|{attribute}|the {attribute}|its {attribute}|which {attribute}|what {attribute}|{attribute} wanted"
        "|wanted: {attribute}|{attribute} is missing|how about the {attribute}|unsure of the {attribute}|{attribute} please",
        _DEVICE,
    ),
    "compare": (
        "{first} and {second}|{first} or {second}|{first}, {second}|{first} with {second}|{first} against {second}"
        "|{first} than {second}|{first} beats {second}|the {first} or the {second}|{first} / {second}"
        "|between {first} and {second}|first {first}, second {second}|{first} next to {second}|choose {first} or {second}"
        "|{first} versus {second}|undecided, {first} or {second}|does {first} outrank {second}|{first} wins over {second}",
        "{attribute}|more {attribute}|the {attribute}|in {attribute}|by {attribute}|higher {attribute}|best {attribute}"
        "|{attribute} decides|on {attribute}|as to {attribute}|{attribute} counts|stronger on {attribute}"
        "|offers more {attribute}",
        "|which|more|ahead|better|compare|compared|leads|lead|beats|higher|difference|who|wins|winner|outranks|stronger|choose"
        "|undecided|hesitating|tops|surpasses|exceeds|first place|on top|comes first|rank them",
    ),
    "successor": (
        "successor|the successor|its successor|a successor|successor of|successor to|what replaces it|what comes after"
        "|succeeded by what|successor wanted|who follows|which one follows|replaced by which|the next model|the one after",
        _DEVICE,
    ),
    "predecessor": (
        "predecessor|the predecessor|its predecessor|a predecessor|predecessor of|predecessor to|what came before"
        "|what was before it|predecessor wanted|which one preceded|the previous model|the one before|what did it replace",
        _DEVICE,
    ),
    "device_of_incident": (
        "device|which device|the device|what device|on device|device wanted|affected device|device concerned|name the device"
        "|whose device|device hit|on which device|to which device it belongs|trace the device",
        _CODE,
    ),
    "part_of_incident": (
        "part|which part|the part|what part|guilty part|part at fault|broken part|part to blame|part wanted|name the part"
        "|which component|component behind|caused by which part|faulty part",
        _CODE,
    ),
    "department_of_process": (
        "department|which department|the department|department of|department in charge|responsible department|department wanted"
        "|run by which department|owning department|which department looks after|belongs to which department",
        "{process}|{process}|process {process}|process: {process}|the process {process}|of {process}|for {process}"
        "|concerning {process}",
    ),
    "incident_count": (
        "incidents|how many incidents|number of incidents|incident count|incidents in all|count of incidents|count the incidents"
        "|all incidents|incidents: how many|incidents so far|total of incidents|how often incidents|incidents on record",
        "{subject}|{subject}|the {subject}|of {subject}|for {subject}|with the {subject}",
    ),
    "affected_users": (
        "affected users|how many users affected|users affected|number of affected users|users hit by incidents"
        "|users affected in all|count of affected users|how many users suffered|affected users: how many|users hit"
        "|total of affected users",
        "{subject}|{subject}|the {subject}|of {subject}|for {subject}|with the {subject}",
    ),
    "completed_cases": (
        "completed cases|how many cases completed|cases completed|number of completed cases|completed|count of completed cases"
        "|completed cases: how many|how many completed|cases completed in all|total of completed cases",
        "{subject}|{subject}|process {subject}|of {subject}|for {subject}",
    ),
    "breached_cases": (
        "breached cases|how many cases breached|cases breached|number of breached cases|breached|count of breached cases"
        "|breached cases: how many|how many breached|cases breached in all|total of breached cases",
        "{subject}|{subject}|process {subject}|of {subject}|for {subject}",
    ),
    "units_ordered": (
        "units|units ordered|how many units|number of units|ordered units|units in all|count of units|units: how many"
        "|units bought|units so far|total of units ordered|how many units bought",
        "{subject}|{subject}|customer {subject}|of {subject}|for {subject}|by {subject}",
    ),
    "order_value": (
        "order value|the order value|value of orders|total order value|order value in all|value of all orders"
        "|orders worth how much|order value: how much|how high the order value|sum of order value",
        "{subject}|{subject}|customer {subject}|of {subject}|for {subject}|by {subject}",
    ),
    "read": (
        "{article}|{article}|article {article}|the article {article}|in {article}|from {article}|of {article}|read {article}"
        "|open {article}|see {article}|according to {article}|document {article}|article: {article}|look into {article}",
        "{field}|{field}|the {field}|which {field}|its {field}|what {field}|wanted: {field}|{field} wanted|{field} in it"
        "|{field} stated there|tell the {field}|{field} please",
    ),
    "search": (
        "search|find|search for|find the article|look for an article|something written|an article|article somewhere"
        "|search our articles|search the knowledge base|find what is written|hunt for an article|any article"
        "|look it up in the articles|article unknown",
        "on {code}|{code}|about {code}|error {code}|the code {code}|code: {code}|for {code}|since {code} came up"
        "|regarding {code}",
        "{field}|the {field}|its {field}|which {field}|the {field} it gives|report the {field}|{field} wanted|and its {field}",
    ),
    "open_ticket": (_TICKET, _DEVICE, _PROBLEM, _PRIORITY),
    "assign_ticket": (
        "{ticket}|{ticket}|ticket {ticket}|the ticket {ticket}|case {ticket}|ticket: {ticket}|number {ticket}|with {ticket}"
        "|about {ticket}",
        _TEAM,
        "|assign|give|assigned|goes|take|takes|handle|theirs|responsible|hand over|pass on|route|forward|belongs"
        "|looks after|owner|in charge|transfer|should have it|must see to it",
    ),
    "order_part": (
        "{quantity} {part}|{quantity} x {part}|{part}, {quantity}|{part} {quantity} pieces|{quantity} of {part}"
        "|{part}: {quantity}|{part}, quantity {quantity}|quantity {quantity} of {part}|part: {part}, quantity: {quantity}"
        "|{quantity} units of {part}|{part} ({quantity})|number {quantity}, part {part}",
        _DEVICE,
        "|order|buy|ordered|need|needs|purchase|spare part|spare parts|to be ordered|place an order|get them|ship|we lack"
        "|ran out|out of stock|is in repair|for the repair|procure|request|purchase order",
    ),
    "schedule_visit": (
        "{customer}|{customer}|at {customer}|to {customer}|customer {customer}|customer: {customer}|for {customer}"
        "|{customer} called|{customer} wants it|with {customer}|site: {customer}",
        _DEVICE,
        "{day}|{day}|on {day}|for {day}|day: {day}|date: {day}|the day is {day}|best on {day}|date {day}",
        "|visit|visit|service visit|technician|schedule|plan|book|appointment|engineer|go there|send someone"
        "|dispatch an engineer|on-site|arrange|service call|drive there|needs repair|be there|arranged|somebody must go",
    ),
    "hand_over": (
        "a person|a human|person please|human please|to a person|real person|hand over to a person|talk to a human|human being"
        "|not a machine|a person must see to it|put me through to a person|someone real|a human colleague|no robot|call a human",
        "{about}|{about}|the {about}|about {about}|for {about}|my {about}|topic: {about}|because of {about}|with {about}"
        "|it is about {about}|concerning {about}",
    ),
    "successor_attribute": (
        "successor|the successor|successor of {device}|its successor|successor to {device}|{device}, then its successor"
        "|what replaces {device}|what comes after {device}|the one after {device}",
        "{attribute}|the {attribute}|its {attribute}|which {attribute}|what {attribute}",
    ),
    "incident_ticket": (
        _TICKET,
        "device of {code}|device with {code}|on the device of error {code}|the device hit by {code}|device behind {code}"
        "|its device, {code}|{code}, the device of it|whatever device has {code}|device: the one with {code}",
        _PROBLEM,
        _PRIORITY,
    ),
    "ticket_team": (_TICKET, _DEVICE, _PROBLEM, _PRIORITY, f"assign to {{team}}|{_TEAM}"),
    "and_ticket": (
        f"{_TICKET}|ticket for it|ticket on it|ticket for this device|ticket for that one|ticket on the same|case for it",
        _PROBLEM,
        _PRIORITY,
    ),
    "and_team": (
        _TEAM,
        "assign it|give it|it|that one|assign this|this ticket|the ticket|takes it|assign|pass it on|hand it over|route it"
        "|forward it|it belongs there|the new one|they should have it|owner|it goes there|give them the ticket",
    ),
    "two_priorities": (
        _TICKET,
        _DEVICE,
        _PROBLEM,
        "{priority} and {other}|both {priority} and {other}|{priority} yet {other}|{priority} plus {other}"
        "|{priority}, also {other}|{priority} but {other}|at once {priority} and {other}|{priority} as well as {other}"
        "|first {priority}, then {other}|priority {priority}, priority {other}|{priority}, and equally {other}"
        "|{priority} / {other}",
    ),
    "obey": (
        "{article}|{article}|the file {article}|document {article}|file: {article}|in {article}|from {article}|see {article}",
        "do what it says|carry it out|follow it|obey it|do all it tells you|its instructions|do as told|what it asks for"
        "|do what stands there|execute it|act on it|act as it says|follow its orders|fulfil it|whatever it says|all steps in it"
        "|your orders|task: carry it out|its commands|everything it demands|do each line|treat it as orders",
    ),
}
"""For each kind: what must be said, as choices, each once."""

CHINESE: dict[str, tuple[str, ...]] = {
    "look_up": (
        "{attribute}|它的{attribute}|的{attribute}|什么{attribute}|{attribute}是多少|想知道{attribute}|查{attribute}"
        "|缺{attribute}",
        " {device} | {device} |这台 {device} ",
    ),
    "compare": (
        " {first} 和 {second} | {first} 与 {second} | {first} 还是 {second} | {first} 或 {second} | {first} 对 {second} "
        "|在 {first} 和 {second} 之间",
        "{attribute}|的{attribute}|论{attribute}",
        "哪个更高|比较|谁高|更高|谁领先|谁赢|拿不准|选哪个|哪款强|胜出",
    ),
    "successor": ("后续机型|的后续机型|有后续机型|哪款接替|由什么取代|后续是哪款|接替机型", " {device} | {device} "),
    "device_of_incident": (
        "哪个设备|设备|的设备|是哪台设备|涉及的设备|设备是哪个|哪台设备出现|查设备",
        " {code} |错误 {code} |故障 {code} ",
    ),
    "incident_count": ("多少起故障|故障数量|几起故障|故障总数|出过多少故障|统计故障|故障几次", " {subject} | {subject} "),
    "read": (
        " {article} |文章 {article} |文件 {article} ",
        "{field}|的{field}|什么{field}|{field}是什么|里面的{field}|查{field}|要{field}",
    ),
    "units_ordered": ("订购多少台|订购台数|订了几台|买了多少台|订购总数|一共几台", " {subject} | {subject} "),
    "open_ticket": (
        "工单|开工单|一张工单|要工单|登记工单|新工单|报修工单|请建工单",
        " {device} |设备 {device} ",
        " {problem} |问题 {problem} ",
        " {priority} |优先级 {priority} ",
    ),
    "assign_ticket": (
        " {ticket} |工单 {ticket} ",
        " {team} |给 {team} |由 {team} ",
        "|分配|处理|交给|负责|转交|接手|归他们|派给|跟进",
    ),
    "order_part": (
        " {quantity} 个 {part} | {part} {quantity} 个",
        " {device} |给 {device} ",
        "|订购|购买|订|需要|采购|下单|缺货|要修|补货",
    ),
    "schedule_visit": (
        " {customer} |去 {customer} ",
        " {device} |设备 {device} ",
        " {day} | {day} ",
        "|上门|上门服务|预约|安排|派人|工程师到场|约好|维修|去现场|派工程师",
    ),
    "hand_over": ("人工|找人工|转人工|真人|真人客服|不要机器|人工处理|要和人谈", " {about} |关于 {about} "),
}

_FILLERS = re.findall(
    r"\S+",
    """
    please the kindly we need to know about with regard for me now must one that it entry in by of and its this which how who
    when where could you would like do does did has have was are there any can I my our your their on at from down say state
    note asking wants looking going here so then just only also today again next first last same some someone us be back over
    well actually maybe sorry somehow really think see thing matter work day morning office customer colleague boss waiting hope
    sure already yet still too much very good bad new old quick soon urgent since because while after before as if whether until
    during behind between under within according concerning right here's it's got get give take let put keep want wish ask told
    said heard wrote mail phone desk shop site report form table page line dealer client partner manager everyone nobody anyone
    somebody they he she we'll I'm them him her those these such each every few many several once twice often always usually
    yesterday tomorrow tonight week month meanwhile afterwards earlier later recently finally lately early late long short ready
    free busy able possible necessary important wrong fine okay thanks hello dear regards should might may will shall is am were
    been being had having doing done made make help check look tell mean seems broken given marked known stated due yes or than
    therefore
    """,
)
_CHINESE_FILLERS = re.findall(
    r"\S+",
    """
    请 我们 现在 一下 麻烦 那个 这个 想要 客户 今天 帮忙 就是 谢谢 还有 急 您好 刚才 昨天 同事 老板
    尽快 另外 因为 如果 目前 这边 那边 大概 应该 有点 其实 然后 上次 再次 顺便 需要 可以 能否 有人 他们 一直 已经
    """,
)
_BETWEEN = (" ", " ", " ", ", ", ": ", " - ", "; ", ". ", " / ")
_ENDS = (".", "?", "!", "", "")


def loosely(kind: str, random: Random, *, chinese: bool) -> str | None:
    """A sentence with the slots of a kind; None for a kind without such words."""
    parts = (CHINESE if chinese else ENGLISH).get(kind)
    if parts is None:
        return None
    said = [random.choice(part.split("|")) for part in parts]
    if kind == "successor_attribute" and "{device}" not in said[0]:
        said.append("{device}")
    said = [part for part in said if part]
    random.shuffle(said)
    if chinese:
        joined = "".join(f"{_some(_CHINESE_FILLERS, 1, random, '')}{part}{random.choice(('', '', '，', '：'))}" for part in said)
        return " ".join(joined.split()) + random.choice(("。", "？", ""))
    pieces = [f"{_some(_FILLERS, 3, random, ' ')} {part}".strip() for part in said]
    text = pieces[0]
    for piece in pieces[1:]:
        text += random.choice(_BETWEEN) + piece
    text = f"{text} {_some(_FILLERS, 3, random, ' ') if random.random() < 0.3 else ''}".strip() + random.choice(_ENDS)
    return text[:1].upper() + text[1:] if random.random() < 0.8 else text


def _some(words: Sequence[str], most: int, random: Random, between: str) -> str:
    return between.join(random.choices(words, k=random.choice((0, 0, *range(1, most + 1)))))
