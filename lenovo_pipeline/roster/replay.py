"""Replay: a decision made again from its headers, its scores and its policy, or from the models themselves.

Belongs here: deciding again and comparing. Nothing is written. Run as `python -m lenovo_pipeline.evaluation.replay <decision>`.

Times are never measured again: a machine is not twice as busy, and the verdict is about the evidence that was judged.
"""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.running.tables import ATTEMPTS
from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.contracts.frames import rows_by
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.figures import make_leaderboard
from lenovo_pipeline.evaluation.keeping import all_scores, stored_rows
from lenovo_pipeline.evaluation.pressure.tables import BIAS, ROBUSTNESS
from lenovo_pipeline.evaluation.scoring import whole_table
from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse
from lenovo_pipeline.evaluation.tables import JUDGEMENTS
from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.challenging import Done, Duels, LooksTaken, done_of
from lenovo_pipeline.roster.decide import CHALLENGES, decide
from lenovo_pipeline.roster.entries import entries_of, figures_of
from lenovo_pipeline.roster.moment import as_recorded
from lenovo_pipeline.roster.policy import Policy, UseCase
from lenovo_pipeline.roster.pressing import with_agents, with_pressure
from lenovo_pipeline.roster.rule_kinds import CHALLENGE, CHAMPION
from lenovo_pipeline.roster.rules import Entry, Figures
from lenovo_pipeline.roster.tables import AGENTIC, DECISIONS, ENTRIES
from lenovo_pipeline.settings import Settings, get_settings

Scores = Mapping[str, pd.DataFrame]
_STORED = "the stored scores"
_ATTEMPTS = "the stored attempts"
_ASKED_AGAIN = "answers given again"
_NOT_ASKED = ", which were not made again, see below"


@dataclass(frozen=True)
class Replayed:
    """A decision and what it is when it is made again. `differences`: one sentence for each; none where it is the same."""

    decision_id: str
    entry: str
    use_case: str
    then: str
    now: str
    basis: str
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        return self.then == self.now


def replay(
    decision: Mapping[str, Any],
    scores: Scores,
    entries: Sequence[Entry],
    figures: Mapping[str, Figures],
    *,
    seed: int,
    log: Sequence[Mapping[str, Any]] = (),
    done: Callable[[str], Done | None] = lambda candidate: None,
    headers: Set[str] = frozenset(),
) -> Replayed:
    """Decide again. `decision`: a row of roster.decisions; `entries` and `figures` as they follow from `scores`, and from other
    evaluations under `headers`; `done`: what each candidate did, by which those that run and those that challenge are compared;
    `log`: all rows in the order of writing, by which the looks at a challenger are counted as they were then. What the moment
    said for or against it is taken as the decision has it.

    Where the scores that were judged have been replaced by newer ones, the figures that the decision keeps are judged again
    instead, and `basis` says so.
    """
    use_case = UseCase.model_validate(_json(decision["policy"]))
    kept = {str(header) for frame in scores.values() for header in frame["header"].unique()} | headers
    gone = sorted(set(decision["headers"]) - kept)
    candidate = next((each for each in entries if each.entry == decision["entry"]), None)
    if gone or candidate is None:
        why = f"scores {', '.join(gone)} have been replaced" if gone else f"{decision['entry']} is no candidate any more"
        return _from_rules(decision, use_case, why)
    policy = Policy(use_cases={decision["use_case"]: use_case})
    champions = {(str(decision["environment"]), str(decision["use_case"])): champion for champion in _champion(decision)}
    duels = Duels(done, seed)
    found = next(
        each
        for each in decide(policy, entries, figures, champions, duels.against, LooksTaken(log, duels), as_recorded(decision))
        if each.entry.entry == decision["entry"] and each.environment == decision["environment"]
    )
    then = {rule["text"]: rule for rule in _json(decision["rules"])}
    differences = [
        f"{rule.text}: {then[rule.text]['verdict']} then ({then[rule.text]['note']}), {rule.verdict} now ({rule.note})"
        for rule in found.rules
        if rule.text in then and then[rule.text]["verdict"] != rule.verdict
    ]
    now = {rule.text for rule in found.rules}
    differences += [f"{text}: judged then, not now" for text in then if text not in now]
    differences += [f"{text}: judged now, not then" for text in sorted(now - then.keys())]
    if found.verdict != decision["verdict"] and not differences:
        differences.append(f"the rules agree; then: {decision['reason']}; now: {found.reason}")
    return _replayed(decision, found.verdict, _ATTEMPTS if candidate.kind == AGENTIC else _STORED, differences)


def replay_all(
    warehouse: Warehouse, ids: Sequence[str], *, seed: int, scores: Scores | None = None, asked: Collection[str] = ()
) -> list[Replayed]:
    """Replay decisions by their ids. `scores` replaces the stored score tables; in them the answers of `asked` are new.

    Raises PermanentFailure naming ids that there are not, and for scores of their candidates that are not whole.
    """
    rows = rows_by(warehouse.load(DECISIONS), "decision_id")
    log = sorted(rows.values(), key=lambda row: row["sequence"])
    missing = [each for each in ids if each not in rows]
    if missing:
        raise PermanentFailure(
            f"there is no decision {', '.join(missing)}", remedy="Ids stand in: python -m lenovo_pipeline.roster why <entry>"
        )
    used = all_scores(warehouse) if scores is None else scores
    judged_ones = {name for each in ids for name in (str(rows[each]["entry"]), *_champion(rows[each]))}
    for kind, frame in used.items():
        for name in sorted(judged_ones & set(frame["candidate"])):
            whole_table(kind, frame, name)
    judged = stored_rows(warehouse, JUDGEMENTS)
    # Whether scores are current is decided in the entries.
    measured = figures_of(make_leaderboard(used, {}, seed=seed, judgements=judged))
    figures = with_pressure(measured, stored_rows(warehouse, ROBUSTNESS), stored_rows(warehouse, BIAS))
    agentic = stored_rows(warehouse, AGENTIC_WORKFLOW)
    figures = with_agents(figures, agentic)
    headers = frozenset(str(each) for frame in (agentic, judged) if frame is not None for each in frame["header"])
    entries = entries_of(warehouse.load(ENTRIES))
    done = done_of(used, stored_rows(warehouse, ATTEMPTS), stored_rows(warehouse, TASKS))
    again = [replay(rows[each], used, entries, figures, seed=seed, log=log, done=done, headers=headers) for each in ids]
    return again if scores is None else [_with_basis(each, asked) for each in again]


def _with_basis(found: Replayed, asked: Collection[str]) -> Replayed:
    """What it was decided from once models were to be asked again."""
    if found.basis not in (_STORED, _ATTEMPTS):
        return found
    return replace(found, basis=_ASKED_AGAIN if found.entry in asked else found.basis + _NOT_ASKED)


def asked_again(
    warehouse: Warehouse, store: Store, settings: Settings, names: Sequence[str], say: Callable[[str], None]
) -> tuple[Scores, list[str], list[str]]:
    """Score tables in which the answers of these candidates are new and their times the old ones, as far as they could be asked;
    who was asked; and what there is to say.
    """
    from lenovo_pipeline.evaluation.asking_again import ask_again

    scores = dict(all_scores(warehouse))
    asked, said = list[str](), list[str]()
    for name in names:
        found = ask_again(warehouse, store, settings, name, scores, say)
        scores |= found.scores
        asked += [name] if found.scores else []
        said += found.said
    return scores, asked, said


def _champion(decision: Mapping[str, Any]) -> list[str]:
    """Which entry ran when it was decided, as its rules tell; nothing where none did, or where it made no difference."""
    for rule in _json(decision["rules"]):
        if rule["rule"] == CHAMPION:
            return [str(decision["entry"])]
        if rule["rule"] == CHALLENGE:
            return [str(rule["text"]).removeprefix(CHALLENGES)]
    return []


def _from_rules(decision: Mapping[str, Any], use_case: UseCase, why: str) -> Replayed:
    """Judge the figures again that the decision keeps."""
    floors = {floor.text: floor for floor in use_case.floors}
    differences, broken, binding = [], False, False
    for rule in _json(decision["rules"]):
        held = rule["verdict"] == "passed"
        floor = floors.get(rule["text"])
        if rule["rule"] == "floor" and floor is not None and rule["bound"] is not None:
            held = floor.met_by(rule["bound"])
            if held != (rule["verdict"] == "passed"):
                differences.append(f"{rule['text']}: {rule['verdict']} then, yet its bound {rule['bound']:.4g} says otherwise")
        broken = broken or not held
        binding = binding or (not held and bool(rule.get("binding")))
    beaten = not broken and decision["verdict"] == "held"
    now = "rejected" if binding else "held" if broken or beaten else "promoted"
    return _replayed(decision, now, f"the figures that it keeps, since {why}", differences)


def _replayed(decision: Mapping[str, Any], now: str, basis: str, differences: Sequence[str]) -> Replayed:
    of, entry, use_case, then = (str(decision[name]) for name in ("decision_id", "entry", "use_case", "verdict"))
    return Replayed(of, entry, use_case, then, now, basis, tuple(differences))


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _line(found: Replayed) -> str:
    verdict = f"{found.now}, as it was" if found.same else f"{found.now}, but was {found.then}"
    lines = [f"{found.decision_id}  {found.entry} for {found.use_case}: {verdict} (from {found.basis})"]
    return "\n".join([*lines, *(f"    {each}" for each in found.differences)])


def main(arguments: list[str] | None = None) -> int:
    """Print each decision made again; returns 0 if all verdicts are the same, 1 if one differs, 2 if one cannot be replayed."""
    parser = argparse.ArgumentParser(
        prog="python -m lenovo_pipeline.evaluation.replay", description="Make decisions again, from the published snapshot."
    )
    parser.add_argument("decision", nargs="*", help="ids of decisions")
    parser.add_argument("--last", type=int, default=0, metavar="N", help="the last N decisions as well")
    parser.add_argument("--models", action="store_true", help="ask the models again, as far as they can be opened here")
    options = parser.parse_args(arguments)
    settings = get_settings()
    store = Store(settings.store)
    try:
        with snapshot_warehouse(store) as warehouse:
            decisions = stored_rows(warehouse, DECISIONS)
            if decisions is None:
                raise PermanentFailure("the snapshot holds no decisions yet", remedy="Run: make run")
            last = decisions.sort_values("sequence")["decision_id"].tolist()
            ids = list(dict.fromkeys([*options.decision, *(last[-options.last :] if options.last > 0 else [])]))
            if not ids:
                parser.error("name a decision, or give --last N")
            scores, asked, said = None, list[str](), list[str]()
            if options.models:
                names = decisions.loc[decisions["decision_id"].isin(ids), "entry"].unique().tolist()
                scores, asked, said = asked_again(
                    warehouse, store, settings, names, lambda text: print(f"  {text}", file=sys.stderr)
                )
            found = replay_all(warehouse, ids, seed=settings.seed, scores=scores, asked=asked)
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join([*map(_line, found), *said]))
    same = sum(each.same for each in found)
    print(f"{same} of {len(found)} verdicts are the same")
    return 0 if same == len(found) else 1


if __name__ == "__main__":
    exit_with(main)
