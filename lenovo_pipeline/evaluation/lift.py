"""Lift: what each build gains and loses against its base and against what it was made from, and each workflow against the model
on its own, on the same items.

Belongs here: paired differences with intervals, and what follows from them for a build (contract LIFT).
Does not belong here: the statistics (measures), and what the roster makes of it (roster/rules.py).

What has to hold:

- A build that was tuned on a domain has to lift token F1 of the gold questions, open book, above its base: the lower bound of
  the 95 % interval is above 0, on at least 1,000 questions. Its right answers in general skills fall by at most 1 point on at
  least 2,000 items. That is decided on the estimate: 2,000 items tell a fall of about 1 point from none, no less; the
  interval stands beside it.
- An edge build of a level falls in quality (right answers of gold questions and skills together) by at most the level's limit
  below what it was made from, on at least 2,000 items, decided on the estimate, too.
- Where fewer items were asked nothing counts as shown, and the requirement as not met. A fall beyond the limit is shown by
  fewer items, too, if its whole interval lies beyond.
- Of a workflow nothing is required here: what it has to reach the policy of the roster says.
- A build that has no answer to more than 1 % of the items meets nothing: what it failed at would not be counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from lenovo_pipeline.evaluation.builds import Built, origin
from lenovo_pipeline.evaluation.kinds import base_name, rivals_of_workflow
from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.evaluation.tables import LIFT, WORKFLOW_KINDS
from lenovo_pipeline.measures.scores import ScoreTable
from lenovo_pipeline.measures.statistics.bootstrap import DIFFERENCE, cluster_bootstrap
from lenovo_pipeline.measures.statistics.power import design_effect, detectable_mean

LIFT_ITEMS, SKILL_ITEMS, EDGE_ITEMS = 1_000, 2_000, 2_000
"""Items that a claim needs."""

SKILLS_MAY_FALL = 0.01
LEVEL_MAY_FALL = {"light": 0.005, "medium": 0.02, "aggressive": 0.05}
"""Falls that are allowed, as shares: 0.01 is one point."""

FAILURES_MOST = 0.01
TUNED = ("lora", "qlora", "full", "weighted", "stacked", "merged", "quantised_adapter")
"""Methods that customise a model for a domain: what they make has to show its lift."""

_DECIMALS = 9
"""A fall of exactly the limit is within it, however its sum was rounded."""

_GOLD_MEASURES = ("token_f1", "correct")
Verdict = Literal["rise", "fall", "not shown"]
_METRICS = {"token_f1": "token_f1", "correct": "correct", "skills": "correct", "quality": "correct"}


@dataclass(frozen=True)
class Scores:
    """The scores of one candidate: of the gold questions, and of the skills."""

    gold: ScoreTable | None
    skills: ScoreTable | None

    def of(self, measure: str) -> ScoreTable | None:
        """The rows that a measure is taken over; of quality, those of both, and none where one is missing."""
        if measure in _GOLD_MEASURES:
            return self.gold
        if measure == "skills":
            return self.skills
        if self.gold is None or self.skills is None:
            return None
        return replace(self.gold, rows=(*self.gold.rows, *self.skills.rows))


@dataclass(frozen=True)
class Difference:
    """A paired difference, after minus before; shares. `failed`: items that only `after` has no score for."""

    before: float | None
    after: float | None
    difference: float | None
    lower: float | None
    upper: float | None
    items: int
    clusters: int
    failed: int
    detectable: float | None

    @property
    def verdict(self) -> Verdict:
        if self.lower is not None and self.lower > 0:
            return "rise"
        return "fall" if self.upper is not None and self.upper < 0 else "not shown"


@dataclass(frozen=True)
class Requirement:
    """What a difference has to be: a rise that is shown, or a fall of at most `may_fall`; on at least `items` items."""

    items: int
    may_fall: float | None = None


def make_lift(
    builds: Sequence[Built], scores: Mapping[str, pd.DataFrame], skills: pd.DataFrame | None, *, seed: int
) -> pd.DataFrame:
    """All differences (contract LIFT) of the builds and workflows that were scored.

    `scores`: those of the gold questions, by kind.
    """
    found = {built.name: _scores(built.kind, built.name, scores, skills) for built in builds}
    rows: list[dict[str, Any]] = []
    for built in builds:
        base = base_name(built.model)
        source = origin(built, [other for other in builds if other.model == built.model])
        rivals = {base: _scores("raw_foundation", base, scores, skills)}
        if source is not None:
            rivals[source.name] = found[source.name]
        for against, rival in rivals.items():
            made_from_it = against == (base if source is None else source.name)
            for measure in _METRICS:
                compared = _compared(found[built.name].of(measure), rival.of(measure), measure, seed)
                if compared is not None:
                    asked = _required(built, measure, base=against == base, made_from_it=made_from_it)
                    made = {"candidate": built.name, "kind": built.kind, "model": built.model}
                    made |= {name: built.row[name] for name in ("method", "domain", "level")}
                    rows.append(_row(made, against, measure, compared, asked))
    rows += [row for kind in WORKFLOW_KINDS if kind in scores for row in _of_workflows(kind, scores, seed)]
    return pd.DataFrame(rows, columns=list(LIFT.column_names))


def _of_workflows(kind: str, scores: Mapping[str, pd.DataFrame], seed: int) -> Iterator[dict[str, Any]]:
    """Rows of LIFT for every workflow of a kind that was scored."""
    for model, candidate in sorted(set(zip(scores[kind]["model"], scores[kind]["candidate"], strict=True))):
        mine = stored_table(scores[kind], str(candidate))
        for against in rivals_of_workflow(str(model)):
            rival = stored_table(scores.get("raw_foundation"), against)
            for measure in _GOLD_MEASURES:
                compared = _compared(mine, rival, measure, seed)
                if compared is not None:
                    made = {"candidate": candidate, "kind": kind, "model": model, "method": None, "domain": None, "level": None}
                    yield _row(made, against, measure, compared, None)


def judged(found: Difference, asked: Requirement | None) -> tuple[bool | None, str]:
    """Whether a requirement is met (None: nothing is required), and what was found and required, in one sentence."""
    if asked is None:
        return None, f"{_shown(found)} on {found.items:,} items"
    wanted = "a lower bound above 0" if asked.may_fall is None else f"a fall of at most {100 * asked.may_fall:g} points"
    said = f"{_shown(found)} on {found.items:,} items; {wanted} on at least {asked.items:,} is asked"
    whole = found.items + found.failed
    if found.failed > FAILURES_MOST * whole:
        return False, f"{found.failed:,} of {whole:,} items have no answer; {said}"
    if found.items < asked.items:
        return False, f"too few items to show it: {said}"
    if asked.may_fall is None:
        return found.verdict == "rise", said
    return found.difference is not None and round(found.difference + asked.may_fall, _DECIMALS) >= 0, said


def beyond_limit(row: Mapping[str, Any]) -> bool:
    """Whether a row of LIFT shows that an edge build fell further than its level may: by the estimate where enough items were
    asked, else by the whole interval.
    """
    if row["level"] is None or row["measure"] != "quality" or row["needed"] is None or row["needed"] != row["needed"]:
        return False
    bound = row["difference"] if row["items"] >= row["needed"] else row["upper"]
    return bound is None or bound != bound or round(bound + LEVEL_MAY_FALL[row["level"]], _DECIMALS) < 0


def unmet(lift: pd.DataFrame) -> dict[str, list[str]]:
    """What each candidate of LIFT does not show although it has to, by name; an empty list for one that shows everything."""
    found: dict[str, list[str]] = {str(candidate): [] for candidate in lift["candidate"]}
    for row in lift[lift["met"].map(lambda met: met is False or met == 0)].to_dict("records"):
        found[row["candidate"]].append(f"{row['measure']} against {row['against']}: {row['note']}")
    return found


def _required(built: Built, measure: str, *, base: bool, made_from_it: bool) -> Requirement | None:
    if base and built.row["method"] in TUNED:
        if measure == "token_f1":
            return Requirement(LIFT_ITEMS)
        if measure == "skills":
            return Requirement(SKILL_ITEMS, SKILLS_MAY_FALL)
    if made_from_it and measure == "quality" and built.row["level"] is not None:
        return Requirement(EDGE_ITEMS, LEVEL_MAY_FALL[str(built.row["level"])])
    return None


def _compared(after: ScoreTable | None, before: ScoreTable | None, measure: str, seed: int) -> Difference | None:
    """The difference on the questions of `after`; None where one was not scored, or `before` was asked other questions."""
    if after is None or before is None or not after.by_question.keys() <= before.by_question.keys():
        return None
    metric = _METRICS[measure]
    before = replace(before, rows=tuple(before.by_question[question_id] for question_id in after.by_question))
    new, old = after.values(metric), before.values(metric)
    both = [row for row in after.rows if row.question_id in new and row.question_id in old]
    failed = sum(question_id not in new for question_id in old)
    if not both:
        return Difference(None, None, None, None, None, 0, 0, failed, None)
    clusters = [row.cluster for row in both]
    ids = [row.question_id for row in both]
    means = [sum(values[question_id] for question_id in ids) / len(ids) for values in (old, new)]
    if len(set(clusters)) < 2:
        return Difference(means[0], means[1], means[1] - means[0], None, None, len(ids), 1, failed, None)
    differences = [new[question_id] - old[question_id] for question_id in ids]
    found = cluster_bootstrap(differences, clusters, seed=seed, bounds=DIFFERENCE)
    effect = max(1.0, design_effect(differences, clusters))
    spread = float(pd.Series(differences).std())
    return Difference(
        means[0],
        means[1],
        found.estimate,
        found.low,
        found.high,
        found.n,
        found.clusters,
        failed,
        detectable_mean(len(ids), spread, design_effect=effect) if spread else None,
    )


def _scores(kind: str, candidate: str, scores: Mapping[str, pd.DataFrame], skills: pd.DataFrame | None) -> Scores:
    return Scores(stored_table(scores.get(kind), candidate), stored_table(skills, candidate))


def _row(made: Mapping[str, Any], against: str, measure: str, found: Difference, asked: Requirement | None) -> dict[str, Any]:
    met, note = judged(found, asked)
    return {
        **made,
        "against": against,
        "measure": measure,
        **{name: getattr(found, name) for name in ("before", "after", "difference", "lower", "upper")},
        **{name: getattr(found, name) for name in ("items", "clusters", "failed", "detectable", "verdict")},
        "needed": None if asked is None else asked.items,
        "met": met,
        "note": note,
    }


def _shown(found: Difference) -> str:
    if found.difference is None:
        return "nothing was scored"
    points = f"{100 * found.difference:+.1f} points"
    if found.lower is None or found.upper is None:
        return f"{points}, without an interval"
    return f"{points} ({100 * found.lower:+.1f} to {100 * found.upper:+.1f})"
