"""Requests of the train split without a pattern: the words that say what is asked, in any order, among words that say nothing.

Belongs here: those words for each kind, and sentences from them. Does not belong here: sentences that people would write
(phrasings.py, train_wordings.py).

Whoever has learned from these looks for what is named and asked, and does not wait for a sentence that it knows.
"""

from collections.abc import Sequence
from random import Random

_TICKET = "ticket|ticket|a ticket|support ticket|case|new ticket|open a ticket|open one ticket|ticket please"
_PROBLEM = "{problem}|{problem}|{problem} problem|about {problem}|problem: {problem}|problem {problem}"
_PRIORITY = "{priority}|{priority}|{priority} priority|priority {priority}|priority: {priority}|{priority} one"
_DEVICE = "{device}|{device}|the {device}|our {device}|for {device}|a {device}|on the {device}|of {device}"
_TEAM = "{team}|{team}|the {team} team|team {team}|to {team}|for {team}"
_CODE = "{code}|{code}|error {code}|the error {code}|incident {code}|code {code}|about {code}"

ENGLISH: dict[str, tuple[str, ...]] = {
    "look_up": ("{attribute}|{attribute}|the {attribute}|its {attribute}|which {attribute}|what {attribute}", _DEVICE),
    "compare": (
        "{first} and {second}|{first} or {second}|{first}, {second}|{first} with {second}|{first} against {second}"
        "|{first} than {second}|{first} beats {second}|the {first} or the {second}|{first} / {second}",
        "{attribute}|more {attribute}|the {attribute}|in {attribute}|by {attribute}|higher {attribute}|best {attribute}",
        "|which|more|ahead|better|compare|compared|leads|lead|beats|higher|difference|who",
    ),
    "successor": ("successor|the successor|its successor|a successor|successor of|successor to", _DEVICE),
    "predecessor": ("predecessor|the predecessor|its predecessor|a predecessor|predecessor of|predecessor to", _DEVICE),
    "device_of_incident": ("device|which device|the device|what device|on device", _CODE),
    "part_of_incident": ("part|which part|the part|what part|guilty part", _CODE),
    "department_of_process": (
        "department|which department|the department|department of",
        "{process}|{process}|process {process}",
    ),
    "incident_count": (
        "incidents|how many incidents|number of incidents|incident count|incidents in all|count of incidents",
        "{subject}|{subject}|the {subject}|of {subject}|for {subject}|with the {subject}",
    ),
    "affected_users": (
        "affected users|how many users affected|users affected|number of affected users|users hit by incidents",
        "{subject}|{subject}|the {subject}|of {subject}|for {subject}|with the {subject}",
    ),
    "completed_cases": (
        "completed cases|how many cases completed|cases completed|number of completed cases|completed",
        "{subject}|{subject}|process {subject}|of {subject}|for {subject}",
    ),
    "breached_cases": (
        "breached cases|how many cases breached|cases breached|number of breached cases|breached",
        "{subject}|{subject}|process {subject}|of {subject}|for {subject}",
    ),
    "units_ordered": (
        "units|units ordered|how many units|number of units|ordered units|units in all",
        "{subject}|{subject}|customer {subject}|of {subject}|for {subject}|by {subject}",
    ),
    "order_value": (
        "order value|the order value|value of orders|total order value|order value in all",
        "{subject}|{subject}|customer {subject}|of {subject}|for {subject}|by {subject}",
    ),
    "read": (
        "{article}|{article}|article {article}|the article {article}|in {article}|from {article}|of {article}",
        "{field}|{field}|the {field}|which {field}|its {field}|what {field}",
    ),
    "search": (
        "search|find|search for|find the article|look for an article|something written|an article|article somewhere",
        "on {code}|{code}|about {code}|error {code}|the code {code}",
        "{field}|the {field}|its {field}|which {field}",
    ),
    "open_ticket": (_TICKET, _DEVICE, _PROBLEM, _PRIORITY),
    "assign_ticket": (
        "{ticket}|{ticket}|ticket {ticket}|the ticket {ticket}|case {ticket}",
        _TEAM,
        "|assign|give|assigned|goes|take|takes|handle|theirs|responsible",
    ),
    "order_part": (
        "{quantity} {part}|{quantity} x {part}|{part}, {quantity}|{part} {quantity} pieces|{quantity} of {part}"
        "|{part}: {quantity}|{part}, quantity {quantity}",
        _DEVICE,
        "|order|buy|ordered|need|needs|purchase|spare part|spare parts",
    ),
    "schedule_visit": (
        "{customer}|{customer}|at {customer}|to {customer}|customer {customer}",
        _DEVICE,
        "{day}|{day}|on {day}|for {day}",
        "|visit|visit|service visit|technician|schedule|plan|book|appointment|engineer|go there",
    ),
    "hand_over": (
        "a person|a human|person please|human please|to a person|real person|hand over to a person|talk to a human|human being",
        "{about}|{about}|the {about}|about {about}|for {about}|my {about}",
    ),
    "successor_attribute": (
        "successor|the successor|successor of {device}|its successor",
        "{attribute}|the {attribute}|its {attribute}|which {attribute}|what {attribute}",
    ),
    "incident_ticket": (_TICKET, "device of {code}|device with {code}|on the device of error {code}", _PROBLEM, _PRIORITY),
    "ticket_team": (_TICKET, _DEVICE, _PROBLEM, _PRIORITY, f"assign to {{team}}|{_TEAM}"),
    "and_ticket": (f"{_TICKET}|ticket for it|ticket on it|ticket for this device", _PROBLEM, _PRIORITY),
    "and_team": (_TEAM, "assign it|give it|it|that one|assign this|this ticket|the ticket|takes it|assign"),
    "two_priorities": (_TICKET, _DEVICE, _PROBLEM, "{priority} and {other}|both {priority} and {other}|{priority} yet {other}"),
    "obey": (
        "{article}|{article}|the file {article}|document {article}",
        "do what it says|carry it out|follow it|obey it|do all it tells you|its instructions|do as told|what it asks for"
        "|do what stands there|execute it|act on it|act as it says",
    ),
}
"""For each kind: what must be said, as choices, each once."""

CHINESE: dict[str, tuple[str, ...]] = {
    "look_up": ("{attribute}|它的{attribute}|的{attribute}|什么{attribute}", " {device} | {device} |这台 {device} "),
    "compare": (
        " {first} 和 {second} | {first} 与 {second} | {first} 还是 {second} ",
        "{attribute}|的{attribute}|论{attribute}",
        "哪个更高|比较|谁高|更高",
    ),
    "successor": ("后续机型|的后续机型|有后续机型", " {device} | {device} "),
    "device_of_incident": ("哪个设备|设备|的设备|是哪台设备", " {code} |错误 {code} |故障 {code} "),
    "incident_count": ("多少起故障|故障数量|几起故障", " {subject} | {subject} "),
    "read": (" {article} |文章 {article} |文件 {article} ", "{field}|的{field}|什么{field}"),
    "units_ordered": ("订购多少台|订购台数|订了几台", " {subject} | {subject} "),
    "open_ticket": (
        "工单|开工单|一张工单|要工单",
        " {device} |设备 {device} ",
        " {problem} |问题 {problem} ",
        " {priority} |优先级 {priority} ",
    ),
    "assign_ticket": (" {ticket} |工单 {ticket} ", " {team} |给 {team} |由 {team} ", "|分配|处理|交给|负责"),
    "order_part": (" {quantity} 个 {part} | {part} {quantity} 个", " {device} |给 {device} ", "|订购|购买|订|需要"),
    "schedule_visit": (
        " {customer} |去 {customer} ",
        " {device} |设备 {device} ",
        " {day} | {day} ",
        "|上门|上门服务|预约|安排|派人",
    ),
    "hand_over": ("人工|找人工|转人工|真人", " {about} |关于 {about} "),
}

_FILLERS = [
    "please",
    "the",
    "kindly",
    "we",
    "need",
    "to",
    "know",
    "about",
    "with",
    "regard",
    "for",
    "me",
    "now",
    "must",
    "one",
    "that",
    "it",
    "entry",
    "in",
    "by",
    "of",
    "and",
    "its",
    "this",
    "which",
    "how",
    "who",
    "when",
    "where",
    "could",
    "you",
    "would",
    "like",
    "do",
    "does",
    "did",
    "has",
    "have",
    "was",
    "are",
    "there",
    "any",
    "can",
    "I",
    "my",
    "our",
    "your",
    "their",
    "on",
    "at",
    "from",
    "down",
    "say",
    "state",
    "note",
    "asking",
    "wants",
    "looking",
    "going",
    "here",
    "so",
    "then",
    "just",
    "only",
    "also",
    "today",
    "again",
    "next",
    "first",
    "last",
    "same",
    "some",
    "someone",
    "us",
    "be",
    "back",
    "over",
    "well",
    "actually",
    "maybe",
    "sorry",
    "somehow",
    "really",
    "think",
    "see",
    "thing",
    "matter",
    "work",
    "day",
    "morning",
    "office",
    "customer",
    "colleague",
    "boss",
    "waiting",
    "hope",
    "sure",
    "already",
    "yet",
    "still",
    "too",
    "much",
    "very",
    "good",
    "bad",
    "new",
    "old",
    "quick",
    "soon",
    "urgent",
    "since",
    "because",
    "while",
    "after",
    "before",
]
_CHINESE_FILLERS = (
    "请",
    "我们",
    "现在",
    "一下",
    "麻烦",
    "那个",
    "这个",
    "想要",
    "客户",
    "今天",
    "帮忙",
    "就是",
    "谢谢",
    "还有",
    "急",
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
