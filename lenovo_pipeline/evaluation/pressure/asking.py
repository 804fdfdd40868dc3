"""Probes and stress of one model partition, with what is stored already taken over.

Belongs here: the way between stores and probes.py or stress.py. What is measured belongs there.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.builds import refusals, stored_builds
from lenovo_pipeline.evaluation.keeping import Kept, all_scores, resolved_model, scored, stored_rows
from lenovo_pipeline.evaluation.kinds import base_name, build_contenders, raw_contenders
from lenovo_pipeline.evaluation.pressure import stress
from lenovo_pipeline.evaluation.pressure.probes import BATCH_SIZE as PROBES_AT_ONCE
from lenovo_pipeline.evaluation.pressure.probes import SIZES, worth_probing
from lenovo_pipeline.evaluation.pressure.tables import PROBES, STRESS
from lenovo_pipeline.evaluation.scoring import Prepared
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.resources.asking import Asking


def scored_probes(
    foundation: pd.DataFrame, catalogue: pd.DataFrame, items: Sequence[Item], asking: Asking, *, say: Callable[[str], None]
) -> Kept:
    """Ask the probes of the base model and of its best builds, by their right answers to the gold questions."""
    resolved = resolved_model(foundation, catalogue)
    builds = stored_builds(asking.warehouse, resolved.model)
    refused = refusals(builds, resolved.foundation, asking.store)
    best = worth_probing(all_scores(asking.warehouse), resolved.model, SIZES[asking.settings.profile].builds)
    chosen = [built for built in builds if built.name in best and built.name not in refused]
    with ExitStack() as stack:
        raw = stack.enter_context(raw_contenders(*resolved, asking.inference, items, items))
        contenders = [each for each in raw if each.candidate.name == base_name(resolved.model)]
        if chosen:
            contenders += stack.enter_context(build_contenders(chosen, *resolved, asking.inference, asking.store, items))
        return scored(contenders, PROBES, asking, model=resolved.model, say=say, batch_size=PROBES_AT_ONCE)


def stressed(
    foundation: pd.DataFrame, catalogue: pd.DataFrame, opened: Sequence[Item], asking: Asking, *, say: Callable[[str], None]
) -> pd.DataFrame:
    """Rows of STRESS for the base model; those that are stored if candidate, load and machine are what they were."""
    resolved, settings = resolved_model(foundation, catalogue), asking.settings
    model = resolved.model
    load = stress.steps(stress.SIZES[settings.profile])
    with raw_contenders(*resolved, asking.inference, opened, opened) as contenders:
        candidate = next(each.candidate for each in contenders if each.candidate.name == base_name(model))
        header = stress.header_of(candidate, load, settings.seed)
        known = stored_rows(asking.warehouse, STRESS, model)
        if known is not None and set(known["header"]) == {header}:
            say(f"{candidate.name}: {len(known)} steps of stress taken over, nothing asked.")
            return known[list(STRESS.column_names)]
        if isinstance(candidate, Prepared):
            candidate.prepare()
        candidate.answer(stress.questions_of(opened, load[0], settings.seed)[0])  # The first answer of a model is slower.
        rows: list[dict[str, Any]] = []
        saturated = set[str]()
        for step in load:
            if step.level in saturated:
                say(f"{candidate.name}: {step.level} step {step.step} is not offered: of a lower load nothing was in time.")
                continue
            found = stress.measure(candidate, stress.questions_of(opened, step, settings.seed), step, seed=settings.seed)
            say(f"{candidate.name}: {step.level} step {step.step}, {found['answered']} of {found['requests']} answered in time.")
            saturated |= set() if found["answered"] else {step.level}
            rows.append(
                {"model": model, "candidate": candidate.name, "level": step.level, "step": step.step, **found, "header": header}
            )
    return pd.DataFrame(rows, columns=list(STRESS.column_names))
