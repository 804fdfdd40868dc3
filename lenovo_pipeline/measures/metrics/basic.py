"""The metrics that every evaluation computes: cheap, without a model, and `correct`, the one that decides.

Belongs here: which metric applies to which answer type, and which one decides there.

| answer type | correct means |
|---|---|
| text | exact match with the answer or an alias (SQuAD normalisation), or the right date and no other, in any unambiguous form |
| number | the right quantity and no other of its dimension, units converted (quantities.py) |
| list | exactly the right items, in any order (list F1 of 1) |
| yes_no | yes or no, as it is right |
| refusal | a refusal |
"""

from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.metrics.dates import date_match
from lenovo_pipeline.measures.metrics.lists import list_f1
from lenovo_pipeline.measures.metrics.metric import ItemMetric, Metric
from lenovo_pipeline.measures.metrics.normalise import exact_match, token_f1
from lenovo_pipeline.measures.metrics.quantities import quantity_match
from lenovo_pipeline.measures.metrics.refusals import is_refusal
from lenovo_pipeline.measures.metrics.yes_no import yes_no_match

HEADLINE = "correct"


def correct(answer: str, item: Item) -> float:
    """1 if the answer is right by the rule of its answer type (table above), else 0."""
    if item.answer_type == "text":
        return max(exact_match(answer, item.right_forms), date_match(answer, item.answer))
    if item.answer_type == "number":
        return _quantity(answer, item)
    if item.answer_type == "list":
        return float(_list(answer, item) == 1.0)
    if item.answer_type == "yes_no":
        return yes_no_match(answer, item.answer)
    return refused(answer, item)


def refused(answer: str, item: Item) -> float:
    """1 if the answer is a refusal, right or not; neither better nor worse by itself (see refusals.refusal_rates)."""
    if not item.unanswerable and exact_match(answer, item.right_forms):
        return 0.0
    return float(is_refusal(answer, item.right_forms if item.unanswerable else ()))


def _quantity(answer: str, item: Item) -> float:
    return quantity_match(answer, item.answer, item.unit, item.question.text)


def _list(answer: str, item: Item) -> float:
    return list_f1(answer, item.answer_items)


BASIC_METRICS: tuple[Metric, ...] = (
    ItemMetric(HEADLINE, correct),
    ItemMetric("exact_match", lambda answer, item: exact_match(answer, item.right_forms), ("text", "number", "list", "yes_no")),
    ItemMetric("token_f1", lambda answer, item: token_f1(answer, item.right_forms), ("text", "number", "list", "yes_no")),
    ItemMetric("quantity_match", _quantity, ("number",)),
    ItemMetric("list_f1", _list, ("list",)),
    ItemMetric("yes_no_match", lambda answer, item: yes_no_match(answer, item.answer), ("yes_no",)),
    ItemMetric("refused", refused),
)
