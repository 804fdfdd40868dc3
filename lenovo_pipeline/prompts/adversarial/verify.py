"""What must hold of adversarial prompts: enough kinds in every group, and answers that fit what each kind says of them."""

from typing import Any

import pandas as pd

from lenovo_pipeline.gold.drafts import REFUSAL
from lenovo_pipeline.prompts.adversarial.apply import FEWEST_KINDS
from lenovo_pipeline.prompts.adversarial.scenarios import OPPOSITE
from lenovo_pipeline.prompts.tables import GROUPS


def missing_scenarios(adversarial: pd.DataFrame) -> list[str]:
    """Groups without a kind, and too few kinds in all."""
    kinds = adversarial["kind"].nunique()
    few = [f"{kinds} kinds of scenarios, at least {FEWEST_KINDS} expected"] if kinds < FEWEST_KINDS else []
    return few + [f"the group {group} has no scenario" for group in GROUPS if group not in set(adversarial["scenario_group"])]


def wrong_answers(adversarial: pd.DataFrame, prompts: pd.DataFrame) -> list[str]:
    """Rows whose answer does not follow from that of the source prompt, or which changed nothing."""
    sources: dict[str, Any] = prompts.set_index("prompt_id")[["prompt", "answer"]].to_dict("index")  # type: ignore[assignment]
    found = []
    for row in adversarial.to_dict("records"):
        source = sources.get(row["prompt_id"])
        if source is None:
            found.append(f"{row['adversarial_id']}: its source {row['prompt_id']} is no evaluation prompt")
            continue
        effect, answer = row["effect"], source["answer"]
        wanted = {"same_answer": answer, "opposite_answer": OPPOSITE.get(answer), "refusal": REFUSAL}.get(effect, row["answer"])
        if row["answer"] != wanted:
            found.append(f"{row['adversarial_id']} ({row['kind']}): answer {row['answer']!r}, expected {wanted!r} by {effect}")
        if row["answer_stays"] != (effect == "same_answer"):
            found.append(
                f"{row['adversarial_id']} ({row['kind']}): answer_stays is {row['answer_stays']}, but the effect {effect}"
            )
        if row["text"] == source["prompt"]:
            found.append(f"{row['adversarial_id']} ({row['kind']}): the prompt was not changed")
    return found
