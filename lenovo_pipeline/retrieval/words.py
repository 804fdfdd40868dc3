"""Words that say what a question is about and how it relates things, in English and Chinese.

Belongs here: vocabulary, and how a text is brought into the form in which words and names are looked for.
Does not belong here: names of records (linking.py), numbers and times (quantities.py).
"""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def plain(text: str) -> str:
    """A text without differences of case, width and Chinese script, of the same meaning."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return _simplified().convert(text) if _IDEOGRAPH.search(text) else text


def is_chinese(text: str) -> bool:
    """Whether a text holds ideographs."""
    return _IDEOGRAPH.search(text) is not None


@cache
def _simplified() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("t2s")


_KINDS: dict[str, tuple[str, str]] = {
    "incidents": (r"incidents?|failures?|faults?|outages?|errors?|breakdowns?|root cause", "故障|错误|事件|根本原因"),
    "journeys": (
        r"journeys?|orders?|ordered|purchases?|deals?|sales talks?|buyers?|bought|quoted|offered|negotiations?",
        "采购|订单|洽谈|购买|报价过|买家|买方",
    ),
    "processes": (r"process(?:es)?|routines?|workflows?|procedures?", "流程"),
    "devices": (
        r"devices?|models?|machines?|laptops?|phones?|servers?|notebooks?|handsets?",
        "机型|设备|型号|手机|笔记本|服务器",
    ),
    "support_articles": (r"articles?|help pages?|how-tos?|guides?", "文章|帮助页"),
    "technical_docs": (r"technical (?:documents?|docs?|notes?)|specification", "技术文档|技术文件"),
    "documents": (
        r"documents?|versions?|editions?|printouts?|cop(?:y|ies)|revisions?|polic(?:y|ies)|price lists?|release notes?"
        r"|proposals?|reports?|contracts?|bulletins?|minutes|in force",
        "文件|版本|修订|合同|价目表|公告",
    ),
    "customers": (r"customers?|clients?|accounts?|buyers?|signed with us", "客户|买家|买方"),
}
"""What a question asks for: the tables with texts, and the words for their records."""

_RELATIONS: dict[str, tuple[str, str]] = {
    "successor": (
        r"successors?|succeed(?:s|ed)?|replaced by|follow(?:s|ed)? (?:on|up)|next model|newer model",
        "后继|后续机型|继任|下一代",
    ),
    "predecessor": (r"predecessors?|preced(?:es|ed|ing)|previous model|older model|came before", "前代|前任|前身|上一代"),
    "upstream": (r"waits? (?:for|on)|depends? on|upstream|input (?:from|of)", "等待|依赖|上游"),
    "downstream": (r"waits? for|feeds?|downstream|hands? over|passes? on", "下游|等待|交给"),
    "explains": (r"behind|explain(?:s|ed)?|describ(?:es|ed)|covers?", "背后|说明|所述|解释|涉及"),
    "whole_series": (r"series|line-?up|family|range", "系列"),
    "latest": (
        r"latest|newest|current(?:ly)?|today|now|in force|most recent|up to date|still|holds?",
        "最新|现行|目前|当前|如今|现在|仍",
    ),
    "superseded": (
        r"superseded|revisions?|last two|both versions|former|earlier version|previous version|old(?:er)? and (?:the )?new"
        r"|between the versions|moved?|chang(?:e|es|ed)|differences?",
        "旧版|两版|两个版本|修订|变化|改了|改变|相差",
    ),
    "earliest": (r"first|earliest|oldest", "最早|首个"),
    "firmware": (r"firmware|builds?|updates?|bios|uefi", "固件|韧体|更新"),
    "responsible": (r"departments?|responsible|owns?|owner|in charge", "部门|负责"),
}

_CATEGORIES: dict[str, str] = {
    "battery": "电池",
    "display": "显示|屏幕",
    "connectivity": "连接|网络",
    "performance": "性能",
    "storage": "存储",
    "audio": "音频|声音",
    "camera": "摄像头|相机",
    "firmware": "固件|韧体",
    "security": "安全",
    "thermal": "散热|温度",
    "peripherals": "外设|周边",
    "power": "电源|供电",
}
_CUSTOMER_TYPES: dict[str, tuple[str, str]] = {
    "enterprise": (r"enterprise|large company", "大型企业"),
    "small_business": (r"small[ -]business", "小型企业|小企业"),
    "public_sector": (r"public[ -]sector|government", "公共部门|政府"),
    "education": (r"education|school|university", "教育"),
    "reseller": (r"resellers?", "经销商|代理商"),
}
_SEVERITIES: dict[str, tuple[str, str]] = {
    "low": (r"rated low|low severity|severity low|low-severity", "严重程度为?低|低级"),
    "medium": (r"rated medium|medium severity|severity medium|medium-severity", "严重程度为?中|中级"),
    "high": (r"rated high|high severity|severity high|high-severity", "严重程度为?高|高级"),
    "critical": (r"rated critical|critical", "严重程度为?危急|危急|严重级"),
}
_STAGES = ("awareness", "consideration", "evaluation", "purchase", "deployment", "support", "renewal")


def kinds_asked(text: str) -> frozenset[str]:
    """Tables that the words of a `plain` text point to."""
    return _named(_patterns("kinds"), text)


def relations_asked(text: str) -> frozenset[str]:
    """Relations and versions that the words of a `plain` text point to: keys of _RELATIONS."""
    return _named(_patterns("relations"), text)


def categories_named(text: str) -> frozenset[str]:
    """Support categories whose name stands in a `plain` text."""
    return _named(_patterns("categories"), text)


def customer_types_named(text: str) -> frozenset[str]:
    """Customer types whose name stands in a `plain` text."""
    return _named(_patterns("customer types"), text)


def severities_named(text: str) -> frozenset[str]:
    """Severities that a `plain` text gives to an incident."""
    return _named(_patterns("severities"), text)


def stages_named(text: str) -> frozenset[str]:
    """Stages of a journey that a `plain` text names as such."""
    return _named(_patterns("stages"), text)


def _named(patterns: dict[str, re.Pattern[str]], text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in patterns.items() if pattern.search(text))


@cache
def _patterns(group: str) -> dict[str, re.Pattern[str]]:
    words: dict[str, dict[str, tuple[str, str]]] = {
        "kinds": _KINDS,
        "relations": _RELATIONS,
        "categories": {name: (name, chinese) for name, chinese in _CATEGORIES.items()},
        "customer types": _CUSTOMER_TYPES,
        "severities": _SEVERITIES,
        "stages": {name: (rf"stage {name}|{name} stage", rf"阶段{name}|{name}阶段") for name in _STAGES},
    }
    return {
        name: re.compile(rf"(?<![a-z0-9])(?:{english})(?![a-z0-9])|{chinese}")
        for name, (english, chinese) in words[group].items()
    }
