"""How questions are spread over categories, splits, languages, answer types and device families."""

from typing import Any

import pandas as pd


def balance(questions: pd.DataFrame) -> dict[str, Any]:
    """Counts of questions by split, category and split, language, answer type, device family (`none`: not about one),
    kinds of phrasing; the largest share of one category; yes among yes/no answers. Shares are of one, NaN without questions.
    """
    total = len(questions)
    yes_no = questions.loc[questions["answer_type"] == "yes_no", "answer"]
    return {
        "questions": total,
        "by_split": _counts(questions["split"]),
        "by_category": {str(category): _counts(group["split"]) for category, group in questions.groupby("category")},
        "by_language": _counts(questions["language"]),
        "by_answer_type": _counts(questions["answer_type"]),
        "by_family": _counts(questions["family"].fillna("none")),
        "phrasings": int(questions["phrasing"].nunique()),
        "largest_category_share": max(_counts(questions["category"]).values(), default=0) / total if total else float("nan"),
        "yes_share": float((yes_no == "yes").mean()),
    }


def _counts(column: "pd.Series[Any]") -> dict[str, int]:
    return {str(name): int(number) for name, number in column.value_counts().sort_index().items()}
