"""The checks of stage `prompts` beyond the contracts.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import ResourceParam

from lenovo_pipeline.prompts.assets import WORLD
from lenovo_pipeline.prompts.tables import ADVERSARIAL, COUNTERFACTUALS, EVALUATION_PROMPTS, EXTERNAL, LIBRARY
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_FEWEST_TEMPLATES = 4


@violations_check(LIBRARY)
def every_template_is_valid(settings: ResourceParam[Settings]) -> list[str]:
    """Nothing in data/prompts was rejected: each problem with file, id, field, what was found and what is allowed."""
    from lenovo_pipeline.prompts.library import load_library

    return [str(problem) for problem in load_library(settings.prompts).problems]


@violations_check(LIBRARY)
def every_sub_domain_has_templates(settings: ResourceParam[Settings]) -> list[str]:
    """Each sub-domain of each library has at least four active templates."""
    from lenovo_pipeline.prompts.library import load_library, shortfalls

    return shortfalls(load_library(settings.prompts), _FEWEST_TEMPLATES)


@violations_check(LIBRARY)
def registry_holds_every_text(warehouse: ResourceParam[Warehouse], tracking: ResourceParam[Tracking]) -> list[str]:
    """In the MLflow prompt registry, the alias of each template points at its version, which has its text."""
    from lenovo_pipeline.prompts.registry import disagreements

    return disagreements(tracking.client(), warehouse.load(LIBRARY))


@violations_check(EXTERNAL, blocking=True, pure=True)
def every_import_has_a_licence(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Each accepted prompt has a source and a licence."""
    from lenovo_pipeline.prompts.external import without_licence

    return without_licence(warehouse.load(EXTERNAL))


@violations_check(EXTERNAL, blocking=True, pure=True)
def no_import_shows_a_secret(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """What looks like a secret is masked, and what looks like an injection is flagged."""
    from lenovo_pipeline.prompts.external import unmasked

    return unmasked(warehouse.load(EXTERNAL))


@violations_check(EXTERNAL, pure=True)
def every_imported_row_is_accounted_for(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Each row is a prompt or has a reason why not; no prompt is accepted twice."""
    from lenovo_pipeline.prompts.external import unaccounted

    return unaccounted(warehouse.load(EXTERNAL))


@violations_check(EVALUATION_PROMPTS, blocking=True, deps=WORLD, pure=True)
def evaluation_splits_give_nothing_away(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Every prompt shows only records of its own split; no task and no sentence that answers one stands in two splits."""
    from lenovo_pipeline.prompts.evaluation.leaks import ANCHORED, find_leaks, record_anchors

    frames = {
        table.name: warehouse.frame(f"SELECT {', '.join(ANCHORED[table.name])} FROM {table.qualified_name}")
        for table in WORLD
        if table.name in ANCHORED
    }
    return find_leaks(warehouse.load(EVALUATION_PROMPTS), record_anchors(frames))


@violations_check(EVALUATION_PROMPTS, pure=True)
def evaluation_prompts_are_balanced(warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]) -> list[str]:
    """There are enough prompts of enough task types, and no category, task, language, difficulty or series stands out."""
    from lenovo_pipeline.prompts.evaluation.balance import imbalances

    columns = "category, task_type, language, difficulty, series"
    return imbalances(warehouse.frame(f"SELECT {columns} FROM {EVALUATION_PROMPTS.qualified_name}"), settings.effective_scale)


@violations_check(ADVERSARIAL, pure=True)
def every_group_has_scenarios(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """There are at least 50 kinds of scenarios, and some in every group."""
    from lenovo_pipeline.prompts.adversarial.verify import missing_scenarios

    return missing_scenarios(warehouse.load(ADVERSARIAL))


@violations_check(ADVERSARIAL, blocking=True, deps=[EVALUATION_PROMPTS], pure=True)
def adversarial_answers_follow(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Each right answer follows from that of the source prompt and from what the scenario says of it."""
    from lenovo_pipeline.prompts.adversarial.verify import wrong_answers

    return wrong_answers(warehouse.load(ADVERSARIAL), warehouse.load(EVALUATION_PROMPTS))


@violations_check(COUNTERFACTUALS, blocking=True, pure=True)
def pairs_differ_only_in_the_marked_span(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Outside the marked span, which holds the characteristic, both prompts of a pair are the same."""
    from lenovo_pipeline.prompts.counterfactuals import differences

    return differences(warehouse.load(COUNTERFACTUALS))


@violations_check(COUNTERFACTUALS, pure=True)
def every_characteristic_has_enough_pairs(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """At least 200 pairs for each protected characteristic and persona."""
    from lenovo_pipeline.prompts.counterfactuals import shortfalls

    return shortfalls(warehouse.load(COUNTERFACTUALS))
