"""All evaluation prompts of a world: every task, language and difficulty alike, device series in turn, nothing twice.

Belongs here: the stratified choice and the frame around a task. Does not belong here: what a task asks (tasks_*.py).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import pandas as pd

from lenovo_pipeline.enterprise.anchors import Split, split_of
from lenovo_pipeline.enterprise.tables import LANGUAGES
from lenovo_pipeline.gold.surfaces import find
from lenovo_pipeline.prompts.draw import Draw
from lenovo_pipeline.prompts.evaluation import tasks_business as business
from lenovo_pipeline.prompts.evaluation import tasks_support as support
from lenovo_pipeline.prompts.evaluation import tasks_technical as technical
from lenovo_pipeline.prompts.evaluation.records import Draft, Records, say
from lenovo_pipeline.prompts.tables import DIFFICULTIES, EVALUATION_PROMPTS
from lenovo_pipeline.provenance import short_hash

Maker: TypeAlias = Callable[[Records, str, int, str, Draw], Draft | None]

PER_STRATUM_AT_SCALE_1 = 50
"""Prompts of one task, language and difficulty: 24 tasks x 3 languages x 3 difficulties x 50 = 10,800 in all."""

_FEWEST_PER_STRATUM = 3
_TRIES = 4
"""Draws from one series before the next one is asked."""


@dataclass(frozen=True)
class Task:
    """A kind of task: its category (a prompt library) and what it is asked about; `families`: of devices, if not of all."""

    name: str
    category: str
    make: Maker
    subject: Literal["series", "process", "customer"] = "series"
    families: tuple[str, ...] = ("Mobile", "Laptop", "Server")


_PORTABLE = ("Mobile", "Laptop")

TASKS: tuple[Task, ...] = (
    Task("spec_comparison", "mobile_edge", technical.spec_comparison),
    Task("device_filter", "mobile_edge", technical.device_filter),
    Task("model_fit", "mobile_edge", technical.model_fit),
    Task("battery_estimate", "mobile_edge", technical.battery_estimate, families=_PORTABLE),
    Task("error_code_lookup", "device_support", support.error_code_lookup),
    Task("severity_triage", "device_support", support.severity_triage),
    Task("fix_selection", "device_support", support.fix_selection),
    Task("firmware_order", "device_support", support.firmware_order),
    Task("warranty_status", "customer_service", support.warranty_status),
    Task("support_status", "customer_service", support.support_status),
    Task("quote_total", "customer_service", support.quote_total),
    Task("symptom_routing", "customer_service", support.symptom_routing),
    Task("parameter_lookup", "technical_documentation", technical.parameter_lookup),
    Task("limit_check", "technical_documentation", technical.limit_check),
    Task("parameter_listing", "technical_documentation", technical.parameter_listing),
    Task("parameter_headroom", "technical_documentation", technical.parameter_headroom),
    Task("journey_pipeline", "business_scenarios", business.journey_pipeline, subject="customer"),
    Task("document_fact", "business_scenarios", business.document_fact),
    Task("portfolio_figures", "business_scenarios", business.portfolio_figures),
    Task("price_ranking", "business_scenarios", business.price_ranking),
    Task("sla_compliance", "factory_roster", business.sla_compliance, subject="process"),
    Task("process_sequence", "factory_roster", business.process_sequence, subject="process"),
    Task("incident_monitoring", "factory_roster", business.incident_monitoring),
    Task("resolution_time", "factory_roster", business.resolution_time),
)

# English and simplified Chinese by split, so that no frame of training introduces a test prompt.
_FRAMES: dict[Split, tuple[str, str]] = {
    "train": ("Use these records to answer.\n\n{c}\n\n{q}", "请根据以下记录作答。\n\n{c}\n\n{q}"),
    "validation": ("The following is on record:\n\n{c}\n\nTask: {q}", "现有如下记录：\n\n{c}\n\n任务：{q}"),
    "test": ("{q}\n\nWork only from what is recorded here:\n\n{c}", "{q}\n\n仅依据这里的记录：\n\n{c}"),
}
_FORMATS: dict[str, tuple[str, str]] = {
    "text": ("Give only the answer, as it is written.", "只给出答案，并保持原有写法。"),
    "number": ("Give only the number, with its unit if it has one.", "只给出数字，有单位的请带上单位。"),
    "list": ("Give all of them, separated by semicolons.", "请全部列出，用分号分隔。"),
    "yes_no": ("Answer yes or no.", "请回答是或否。"),
}
_UNKNOWN = (" If the records do not say, say so.", "如果记录中没有说明，请直说。")


def make_evaluation_prompts(frames: Mapping[str, pd.DataFrame], seed: int, scale: float) -> pd.DataFrame:
    """The evaluation prompts of a world (contract EVALUATION_PROMPTS).

    `frames` are the enterprise tables by name. Up to scale 1 their number grows with the scale, above it with its square
    root. Same frames, seed and scale, same prompts. Raises KeyError naming missing tables.
    """
    if "process_metrics" not in frames:
        raise KeyError("evaluation prompts need the enterprise table process_metrics beside those of gold; it is missing")
    records = Records(frames, seed)
    used: Counter[str] = Counter()
    seen: set[str] = set()
    rows = [
        row
        for task in TASKS
        for level in range(len(DIFFICULTIES))
        for language in LANGUAGES
        for row in _stratum(records, task, level, language, per_stratum(scale), used, seen)
    ]
    return pd.DataFrame(rows, columns=list(EVALUATION_PROMPTS.column_names))


def per_stratum(scale: float) -> int:
    """Prompts of one task, language and difficulty."""
    return max(_FEWEST_PER_STRATUM, round(PER_STRATUM_AT_SCALE_1 * (scale if scale <= 1 else scale**0.5)))


def framed(context: str, question: str, answer_type: str, language: str, split: Split) -> str:
    """A prompt as it is sent: the records, the question and the form of the answer."""
    english, chinese = _FORMATS.get(answer_type, _FORMATS["text"])
    between = " " if language == "en" else ""
    wanted = f"{say(language, english, chinese)}{say(language, *_UNKNOWN)}"
    return say(language, *_FRAMES[split], q=f"{question}{between}{wanted}", c=context)


def _stratum(
    records: Records, task: Task, level: int, language: str, count: int, used: Counter[str], seen: set[str]
) -> Iterator[dict[str, Any]]:
    draw = Draw(records.seed, task.name, level, language)
    subjects = _subjects(records, task)
    here: Counter[str] = Counter()
    exhausted: set[str] = set()
    places = {subject: place for place, subject in enumerate(draw.shuffled(subjects))}
    made = 0
    while made < count and len(exhausted) < len(subjects):
        open_ones = [subject for subject in subjects if subject not in exhausted]
        # What was used least so far comes next; the random order decides among equals.
        subject = min(open_ones, key=lambda one: (here[one], used[one], places[one]))
        draft = _new_draft(records, task, subject, level, language, draw, seen)
        if draft is None:
            exhausted.add(subject)
            continue
        here[subject] += 1
        used[subject] += 1
        made += 1
        yield _row(records, task, level, language, draft)


def _new_draft(records: Records, task: Task, subject: str, level: int, language: str, draw: Draw, seen: set[str]) -> Draft | None:
    for _ in range(_TRIES):
        draft = task.make(records, subject, level, language, draw)
        if draft is None or _gives_itself_away(draft):
            continue
        text = "\n".join((*sorted(draft.lines), draft.question)).casefold()
        if text not in seen:
            seen.add(text)
            return draft
    return None


def _gives_itself_away(draft: Draft) -> bool:
    """Whether the question holds a single text that is the answer; a choice names what may be chosen."""
    asks_for_text = draft.answer.type == "text" and "offered" not in draft.program
    return asks_for_text and bool(find(draft.question.lower(), [draft.answer.canonical]))


def _subjects(records: Records, task: Task) -> list[str]:
    if task.subject == "process":
        return sorted(records.processes)
    if task.subject == "customer":
        return sorted(records.journeys)
    return [series for series in records.series if records.families[series] in task.families]


def _row(records: Records, task: Task, level: int, language: str, draft: Draft) -> dict[str, Any]:
    answer, split = draft.answer, split_of(draft.anchor)
    context = "\n".join(draft.lines)
    prompt = framed(context, draft.question, "text" if answer.type == "refusal" else answer.type, language, split)
    identity = f"{prompt}\n{answer.canonical}"
    return {
        "prompt_id": f"EP-{short_hash(identity)}",
        "prompt": prompt,
        "context": context,
        "question": draft.question,
        "task_type": task.name,
        "category": task.category,
        "language": language,
        "series": draft.series,
        "family": records.families[draft.series] if draft.series else None,
        "difficulty": DIFFICULTIES[level],
        "answer_type": answer.type,
        "unit": answer.unit,
        "answer": answer.canonical,
        "answer_items": list(answer.items or (answer.canonical,)),
        "aliases": [form for form in dict.fromkeys(answer.forms) if form != answer.canonical],
        "record_ids": list(dict.fromkeys(draft.record_ids)),
        "split": split,
        "anchor": draft.anchor,
        "program": draft.program,
    }
