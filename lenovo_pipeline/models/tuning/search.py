"""A search for the best adapter recipe: rank, learning rate, targets and steps, judged on the validation split.

Belongs here: the study (Optuna: TPE, hopeless trials pruned by the median rule) and what it found. Does not belong here: the
recipe that is used, which stands in recipes.py and is changed by a person.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.builds import recipe_key
from lenovo_pipeline.models.tuning.customising import Customising
from lenovo_pipeline.models.tuning.domains import ALL
from lenovo_pipeline.models.tuning.recipes import RECIPES, SEARCHES, Lora, Recipe, Search
from lenovo_pipeline.models.tuning.trainer import Step, train

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

_STARTUP = 4
"""Trials drawn at random before the search learns from them, and before any is pruned."""

_VALIDATIONS = 4


def search(customising: Customising) -> list[dict[str, Any]]:
    """The trials of the study of this base, training set and profile, as rows of ADAPTER_SEARCH; those that are missing are run.

    Each trial is kept in SQLite as it ends, so that a search that was killed goes on with the next one. Raises what opening
    and training raise, but for a loss that is no number, which only fails its trial.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    plan = SEARCHES[customising.profile]
    base = RECIPES[customising.profile]["lora"]
    name = recipe_key(
        {
            "base": customising.base.foundation["identity"],
            "training_set": customising.training_set,
            "search": asdict(plan),
            "recipe": asdict(base),
            "seed": customising.seed,
        }
    )
    folder = customising.store.root / "optuna"
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'adapter_search.db'}",
        study_name=name,
        load_if_exists=True,
        direction="minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP),
    )
    # A trial that a kill left running never ends by itself.
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    done = len(study.get_trials(states=(optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)))
    if done:
        customising.say(f"{done} of {plan.trials} trials were done before")
    study.sampler = optuna.samplers.TPESampler(seed=customising.seed + len(study.trials), n_startup_trials=_STARTUP)
    if done < plan.trials:
        rows = customising.rows(ALL, base)
        study.optimize(
            lambda trial: _try(customising, base, plan, trial, rows), n_trials=plan.trials - done, catch=(PermanentFailure,)
        )
    return _rows(study, customising.base.name)


def _try(customising: Customising, base: Recipe, plan: Search, trial: "Trial", rows: tuple[Any, Any]) -> float:
    """Validation loss of one recipe; raises optuna.TrialPruned where it falls behind the others."""
    import optuna

    rank = trial.suggest_categorical("rank", plan.ranks)
    targets = trial.suggest_categorical("targets", plan.targets)
    rate = trial.suggest_float("rate", *plan.rates, log=True)
    steps = trial.suggest_int("steps", *plan.steps)
    modules = targets if targets == "all-linear" else tuple(targets.split())
    every = max(1, steps // _VALIDATIONS)
    tried = replace(
        base,
        lora=Lora(rank=rank, alpha=rank, targets=modules),
        plan=replace(base.plan, steps=steps, rate=rate, validate_every=every, warmup=min(base.plan.warmup, steps // 4)),
    )

    def report(step: Step) -> None:
        if step.validation_loss is not None:
            trial.report(step.validation_loss, step.number)
            if trial.should_prune():
                raise optuna.TrialPruned

    customising.say(f"trial {trial.number}: rank {rank}, {targets}, rate {rate:.1e}, {steps} steps")
    model, start = customising.opened("lora", tried), customising.start(tried)
    if start is not None and start.fits:
        start.put_into(model)
    done = train(model, *rows, tried.plan, None, on_step=report)
    if done.best_validation_loss is None:
        raise PermanentFailure(
            "the validation split is empty, so no recipe can be judged", remedy="Materialise models/training_sets anew."
        )
    return done.best_validation_loss


def _rows(study: "Study", model: str) -> list[dict[str, Any]]:
    ended = [trial for trial in study.trials if trial.state.is_finished()]
    complete = [trial for trial in ended if trial.state.name == "COMPLETE"]
    best = min(complete, key=lambda trial: (float(trial.value or 0), trial.number)).number if complete else None
    return [_row(trial, model, study.study_name, best=trial.number == best) for trial in ended]


def _row(trial: "FrozenTrial", model: str, study: str, *, best: bool) -> dict[str, Any]:
    chosen: Mapping[str, Any] = trial.params
    reported = trial.intermediate_values
    value = trial.value if trial.state.name == "COMPLETE" else min(reported.values(), default=None)
    return {
        "model": model,
        "study": study,
        "trial": trial.number,
        "state": {"COMPLETE": "complete", "PRUNED": "pruned"}.get(trial.state.name, "failed"),
        "rank": chosen.get("rank"),
        "rate": chosen.get("rate"),
        "targets": chosen.get("targets"),
        "steps": chosen.get("steps"),
        "validation_loss": value,
        "seconds": None if trial.duration is None else trial.duration.total_seconds(),
        "best": best,
    }
