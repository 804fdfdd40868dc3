"""Every scenario applied to a sample of evaluation prompts.

Belongs here: which prompts each scenario gets. Does not belong here: what a scenario does.
"""

from typing import Any

import pandas as pd

# Importing a module registers its scenarios.
from lenovo_pipeline.prompts.adversarial import attacks, forms, meaning, slips
from lenovo_pipeline.prompts.adversarial.scenarios import KINDS, Case, Changed, Scenario
from lenovo_pipeline.prompts.draw import Draw
from lenovo_pipeline.prompts.tables import ADVERSARIAL
from lenovo_pipeline.provenance import short_hash

MODULES = (attacks, forms, meaning, slips)
PER_KIND = 12
"""Prompts that each scenario changes: four of each language where it fits all."""

FEWEST_KINDS = 50


def make_adversarial(prompts: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Changed test prompts (contract ADVERSARIAL). `prompts`: contract EVALUATION_PROMPTS. Same prompts and seed, same result."""
    test = prompts[prompts["split"] == "test"].sort_values("prompt_id")
    columns = list(Case.__dataclass_fields__)
    by_language = {
        str(name): [Case.of(row) for row in group[columns].to_dict("records")] for name, group in test.groupby("language")
    }
    rows = [row for kind in sorted(KINDS) for row in _changed(KINDS[kind], by_language, seed)]
    return pd.DataFrame(rows, columns=list(ADVERSARIAL.column_names))


def kinds_table() -> pd.DataFrame:
    """All scenarios with their group and what they do."""
    rows = [(one.group, one.kind, one.description) for one in sorted(KINDS.values(), key=lambda one: (one.group, one.kind))]
    return pd.DataFrame(rows, columns=["group", "kind", "what it does"])


def _changed(scenario: Scenario, by_language: dict[str, list[Case]], seed: int) -> list[dict[str, Any]]:
    """Languages in turn, until there are enough prompts that the scenario fits."""
    draw = Draw(seed, "adversarial", scenario.kind)
    # A scenario that fits no prompt of a language looks at so many in vain.
    queues = [iter(draw.some(by_language[language], 150)) for language in sorted(by_language)]
    rows: list[dict[str, Any]] = []
    while queues and len(rows) < PER_KIND:
        for queue in tuple(queues):
            for case in queue:
                changed = scenario.transform(case, draw)
                if changed is not None and changed.text != case.prompt:
                    rows.append(_row(scenario, case, changed))
                    break
            else:
                queues.remove(queue)
    return rows[:PER_KIND]


def _row(scenario: Scenario, case: Case, changed: Changed) -> dict[str, Any]:
    answer, answer_type = changed.judged_by(case)
    return {
        "adversarial_id": f"AP-{short_hash(f'{scenario.kind}/{case.prompt_id}')}",
        "prompt_id": case.prompt_id,
        "scenario_group": scenario.group,
        "kind": scenario.kind,
        "text": changed.text,
        "language": case.language,
        "answer_stays": changed.effect == "same_answer",
        "effect": changed.effect,
        "answer": answer,
        "answer_type": answer_type,
        "split": case.split,
    }
