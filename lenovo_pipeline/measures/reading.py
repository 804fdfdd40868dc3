"""How a question is put to a model, with or without passages, and how the final answer is read from what the model says.

Belongs here: the one wording that evaluation asks in and that the bundled model is trained on. Metrics belong elsewhere.
"""

import re
from collections.abc import Sequence

ANSWER_MARK = "Answer:"
NOT_STATED = "not stated"

OPEN_BOOK_SYSTEM = (
    "Answer from the passages only. First quote the evidence, then write Answer: and the answer. "
    f"If the passages do not tell, write {ANSWER_MARK} {NOT_STATED}"
)
CLOSED_BOOK_SYSTEM = f"Write {ANSWER_MARK} and the answer. If you do not know, write {ANSWER_MARK} {NOT_STATED}"

_MARK = re.compile(r"(?:answer|答案)\s*[:：]", re.IGNORECASE)
_QUOTED = re.compile(r"""["“'](.+?)["”']""")


def question_messages(question: str, passages: Sequence[str] = ()) -> list[dict[str, str]]:
    """Chat messages (`role`, `content`) that ask this question, open book if there are passages and closed book otherwise."""
    system = OPEN_BOOK_SYSTEM if passages else CLOSED_BOOK_SYSTEM
    numbered = "".join(f"[{number}] {passage.strip()}\n\n" for number, passage in enumerate(passages, start=1))
    return [{"role": "system", "content": system}, {"role": "user", "content": f"{numbered}Question: {question.strip()}"}]


def final_answer(text: str) -> str:
    """The answer in a completion: what follows the last mark `Answer:` on its line, or the whole text where there is no mark.

    A pair of quotation marks around the answer and full stops after it are dropped; an answer that is missing is an empty string.
    """
    marks = list(_MARK.finditer(text))
    answer = text[marks[-1].end() :].strip().split("\n", 1)[0] if marks else text
    answer = answer.strip().rstrip(".。")
    quoted = _QUOTED.fullmatch(answer)
    return (quoted[1] if quoted else answer).strip()
