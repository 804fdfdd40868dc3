"""Yes or no, in English and Chinese.

Belongs here: reading which of the two an answer says.
"""

import re

from lenovo_pipeline.measures.metrics.refusals import is_refusal

_YES = r"yes|yep|yeah|true|correct|是的|是|对的|對的|对|對|正确|正確|属实|屬實"
_NO = r"no|nope|false|incorrect|不是|不对|不對|不正确|不正確|并非|並非|否|不|没有|沒有|错|錯"
_BOTH = re.compile(rf"\W*(?:{_YES}|{_NO})\s*(?:/|or|and|或|或者|还是|還是)\s*(?:{_YES}|{_NO})(?![a-z])", re.IGNORECASE)
_FIRST = re.compile(rf"\W*(?:(?P<no>{_NO})|(?P<yes>{_YES}))(?![a-z])", re.IGNORECASE)
_ALONE = re.compile(rf"\W*(?:{_YES}|{_NO})\s*(?:[,.;:!，。；：！]|$)", re.IGNORECASE)
_WHETHER = re.compile(r"\W*(?:是否|对不对|對不對|是不是)")


def says_yes(answer: str) -> bool | None:
    """True for yes, False for no, as the first word tells; None where it tells neither, or both (yes or no), or refuses.

    `No information` is a refusal; `No, the records do not mention it` is a no.
    """
    if is_refusal(answer) and not _ALONE.match(answer):
        return None
    if _BOTH.match(answer) or _WHETHER.match(answer):
        return None
    first = _FIRST.match(answer)
    return None if first is None else first["yes"] is not None


def yes_no_match(answer: str, right: str) -> float:
    """1 if the answer says what is right, else 0. Raises ValueError if `right` is neither yes nor no."""
    expected = says_yes(right)
    if expected is None:
        raise ValueError(f"the right answer is {right!r}, expected yes or no")
    return float(says_yes(answer) is expected)
