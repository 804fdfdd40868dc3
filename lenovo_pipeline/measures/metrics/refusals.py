"""Refusals: saying that the answer is not there, in English and Chinese, and how well a candidate knows when to.

Belongs here: recognising a refusal, and precision and recall over a set. What a refusal is worth belongs to the policy.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lenovo_pipeline.measures.metrics.normalise import normalise
from lenovo_pipeline.measures.reading import NOT_STATED

_WHOLE = (
    NOT_STATED,
    "unknown",
    "none",
    "n/a",
    "na",
    "no answer",
    "not available",
    "not recorded",
    "not specified",
    "not mentioned",
    "not provided",
    "not given",
    "not known",
    "not found",
    "not answerable",
    "unanswerable",
    "no information",
    "no data",
    "no record",
    "未知",
    "不知道",
    "不详",
    "不詳",
    "无法回答",
    "無法回答",
    "没有记录",
    "沒有記錄",
    "记录中没有",
    "記錄中沒有",
    "未说明",
    "未說明",
    "未提及",
    "没有提到",
    "沒有提到",
    "没有说明",
    "沒有說明",
)
_SOURCE = (
    r"(?:records?|passages?|texts?|documents?|context|information|sources?|articles?|data|materials?)"
    r"(?: (?:given|provided|above))?"
)
_DENIED = r"(?:do not|does not|don ?t|doesn ?t|did not|didn ?t|cannot|can not)"
_TELL = r"(?:say|tell|state|mention|specify|provide|contain|include|give|record|show|list|indicate|reveal|answer)"
_LEFT_OUT = r"(?:stated|mentioned|specified|recorded|given|provided|available|known|found|included|contained)"
_PHRASES = re.compile(
    "|".join(
        (
            rf"\b{_SOURCE} {_DENIED} (?:explicitly |directly |actually )?{_TELL}",
            r"\bi (?:do not|don ?t) (?:know|have)",
            r"\b(?:cannot|can not|can ?t|could not) be (?:answered|determined|found|inferred)",
            r"\bi (?:cannot|can not|can ?t|am unable to|m unable to) (?:answer|determine|find|tell|say|provide)",
            rf"\bnot {_LEFT_OUT} (?:in|by) \w*? ?{_SOURCE}",
            rf"^(?:it|this|that|answer|value|information) (?:is|was) not {_LEFT_OUT}",
            rf"\bno (?:such )?(?:information|data|record|mention|answer) (?:is|was|about|on|of|for|in|{_LEFT_OUT})",
            r"\b(?:insufficient|not enough) (?:information|data|context)",
        )
    )
)
_CHINESE = re.compile(
    r"(?:记录|記錄|资料|資料|文中|文本|段落|上下文|文章|材料|原文|信息|資訊)(?:中|里|裡|裏)?(?:都|也|并|並)?"
    r"(?:没有|沒有|未|无|無)(?:说明|說明|提及|提到|记录|記錄|记载|記載|给出|給出|提供|相关|相關|答案|$)"
    r"|^(?:对不起|抱歉|很抱歉)?我?(?:不知道|无法(?:回答|确定|得知)|無法(?:回答|確定|得知))"
)
_WHOLE_FORMS = frozenset(normalise(phrase) for phrase in _WHOLE)
_NOT_A_WORD = re.compile(r"[^\w\s]")


def is_refusal(answer: str, also: Collection[str] = ()) -> bool:
    """Whether an answer refuses: it is a phrase of refusal as a whole, one of `also`, or a sentence that says so.

    An empty answer is none: whoever says nothing has not said that the answer is missing.
    """
    whole = normalise(answer)
    if whole in _WHOLE_FORMS or any(whole == normalise(phrase) for phrase in also):
        return bool(whole)
    spoken = " ".join(_NOT_A_WORD.sub(" ", re.sub(r"\b(?:the|a|an)\b", " ", answer.lower())).split())
    return bool(_PHRASES.search(spoken) or _CHINESE.search(answer.strip()))


@dataclass(frozen=True)
class RefusalRates:
    """Shares in [0, 1]; None where there is nothing to take a share of."""

    precision: float | None
    """Of the refusals, how many were right."""
    recall: float | None
    """Of the questions without an answer, how many were refused."""
    false_refusals: float | None
    """Of the questions with an answer, how many were refused."""


def refusal_rates(refused: Sequence[bool], unanswerable: Sequence[bool]) -> RefusalRates:
    """Rates over n items. Raises ValueError if the lengths differ."""
    pairs = list(zip(refused, unanswerable, strict=True))
    right = sum(did and should for did, should in pairs)
    did_refuse, should_refuse = sum(did for did, _ in pairs), sum(should for _, should in pairs)
    return RefusalRates(
        precision=right / did_refuse if did_refuse else None,
        recall=right / should_refuse if should_refuse else None,
        false_refusals=(did_refuse - right) / (len(pairs) - should_refuse) if len(pairs) > should_refuse else None,
    )
