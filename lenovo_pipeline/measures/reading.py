"""How a question is put to a model, with or without passages, and how the final answer is read from what the model says.

Belongs here: the one wording that evaluation asks in and that the bundled model is trained on. Metrics belong elsewhere.
"""

import re
from collections.abc import Sequence
from itertools import takewhile

ANSWER_MARK = "Answer:"
NOT_STATED = "not stated"

OPEN_BOOK_SYSTEM = (
    "Answer from the passages only. First quote the evidence, then write Answer: and the answer. "
    f"If the passages do not tell, write {ANSWER_MARK} {NOT_STATED}"
)
CLOSED_BOOK_SYSTEM = f"Write {ANSWER_MARK} and the answer. If you do not know, write {ANSWER_MARK} {NOT_STATED}"

_MARK = re.compile(r"(?:answer|答案)[*_]*\s*[:：]", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*•·]|\d{1,2}[.)])\s+(?=\S)")
_QUOTED = re.compile(r"""(?:"([^"]+)"|“([^“”]+)”|'([^']+)'|‘([^‘’]+)’|「([^「」]+)」|`([^`]+)`)""")


def question_messages(question: str, passages: Sequence[str] = ()) -> list[dict[str, str]]:
    """Chat messages (`role`, `content`) that ask this question, open book if there are passages and closed book otherwise."""
    system = OPEN_BOOK_SYSTEM if passages else CLOSED_BOOK_SYSTEM
    numbered = "".join(f"[{number}] {passage.strip()}\n\n" for number, passage in enumerate(passages, start=1))
    return [{"role": "system", "content": system}, {"role": "user", "content": f"{numbered}Question: {question.strip()}"}]


def final_answer(text: str) -> str:
    """The answer in a completion: what follows the last mark `Answer:` on its line, or the whole text where there is no mark.

    A list with a bullet or a number on each line after the mark is joined by `; `. Markdown emphasis and a pair of quotation
    marks around the answer, and full stops after it, are dropped; an answer that is missing is an empty string.
    """
    marks = list(_MARK.finditer(text))
    answer = _first_line_or_list(text[marks[-1].end() :].strip("*_ \t\r\n")) if marks else text
    answer = answer.strip().rstrip(".。")
    quoted = _QUOTED.fullmatch(answer)
    return (quoted[quoted.lastindex or 0] if quoted else answer).strip()


def _first_line_or_list(said: str) -> str:
    lines = [line.strip() for line in said.split("\n")]
    bullets = list(takewhile(_BULLET.match, lines))
    return "; ".join(_BULLET.sub("", line, count=1).rstrip(";,") for line in bullets) if len(bullets) > 1 else lines[0]
