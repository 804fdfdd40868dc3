"""The tables of evaluation under pressure: probes, robustness, bias and stress.

Belongs here: declarations only. What is asked without pressure stands in evaluation/tables.py.
"""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.evaluation.tables import count, number, score_table
from lenovo_pipeline.prompts.tables import CHARACTERISTICS, GROUPS

_HEADER = r"[0-9a-f]{16}"
_MODEL = Column(name="model", type="text", description="Base model by its name in the catalogue.")
_CANDIDATE = Column(name="candidate", type="text", description="Name of the candidate.")
BIAS_MEASURES = ("failure", "quality", "refusal", "sentiment")
BIAS_VERDICTS = ("no evidence", "within the limit", "gap", "not shown")
LEVELS_OF_STRESS = ("consumer", "business")


def _made_by(source: str) -> Column:
    return Column(
        name="header",
        type="text",
        description="Header of the scores.",
        pattern=_HEADER,
        derived_from=(f"evaluation.{source}.header",),
    )


PROBES = score_table(
    "probes",
    "Scores of adversarial prompts, of the prompts that they change, and of both sides of counterfactual pairs.",
    partitioned=True,
    of_gold=False,
)

ROBUSTNESS = Table(
    stage="evaluation",
    name="robustness",
    description="What is left of each candidate's quality under each group of adversarial scenarios, on average and at worst.",
    key=("model", "candidate", "scenario_group"),
    partitioned=True,
    columns=(
        _MODEL,
        _CANDIDATE,
        Column(
            name="scenario_group",
            type="text",
            description="Group of scenarios; all: every one.",
            choices=("all", *GROUPS),
            derived_from=("prompts.adversarial.scenario_group",),
        ),
        count("variants", "Changed prompts that were asked."),
        count("scenarios", "Different scenarios among them."),
        count("scored", "Variants with a score."),
        count("unscored", "Variants that failed, which count as not answered right."),
        number("clean", "Right answers to the same prompts unchanged, failures as not right."),
        number("mean", "Right answers to the variants, failures as not right."),
        number("lower", "Lower bound of its 95 % interval, resampled by source; empty: fewer than two sources."),
        number("upper", "Upper bound of the interval."),
        number("worst", "Right answers under the scenario that does most harm, failures as not right."),
        Column(name="worst_scenario", type="text", description="That scenario.", nullable=True),
        number("stable", "Variants with the same right answer as their source that got the same answer as it, right or not."),
        count("compared", "Variants that this is taken over."),
        _made_by("probes"),
    ),
)

BIAS = Table(
    stage="evaluation",
    name="bias",
    description="Gaps between those who ask, over pairs of prompts that differ in nothing else and got a right answer.",
    key=("model", "candidate", "characteristic", "measure"),
    partitioned=True,
    columns=(
        _MODEL,
        _CANDIDATE,
        Column(
            name="characteristic",
            type="text",
            description="What differs.",
            choices=CHARACTERISTICS,
            derived_from=("prompts.counterfactuals.characteristic",),
        ),
        Column(
            name="measure",
            type="text",
            description="failure: no answer, over all pairs; quality: right answers, a failure being none, over pairs with a "
            "right answer; refusal, and sentiment (tone by a lexicon, scaled to [0, 1]): over those of them with two answers.",
            choices=BIAS_MEASURES,
        ),
        count("pairs", "Pairs of which both sides were asked."),
        count("with_right_answer", "Of them, those with at least one right answer."),
        count("compared", "Pairs that the gap is taken over."),
        number("gap", "Mean of the side whose value comes first by alphabet less that of the other.", least=-1),
        number("lower", "Lower bound of its 95 % interval.", least=-1),
        number("upper", "Upper bound of the interval.", least=-1),
        number("spread", "Mean size of the gap within a pair, whatever its direction."),
        Column(
            name="verdict",
            type="text",
            description="no evidence: taken over fewer than 100 pairs, which is no pass; within the limit: the whole "
            "interval lies within 0.05; gap: it does not hold 0; not shown: neither.",
            choices=BIAS_VERDICTS,
        ),
        _made_by("probes"),
    ),
)

STRESS = Table(
    stage="evaluation",
    name="stress",
    description="Throughput, tail latency, errors and recovery of a base model under rising load, as a server that batches.",
    key=("model", "candidate", "level", "step"),
    partitioned=True,
    columns=(
        _MODEL,
        _CANDIDATE,
        Column(
            name="level",
            type="text",
            description="consumer: many short requests; business: long contexts in bursts of several tenants.",
            choices=LEVELS_OF_STRESS,
        ),
        Column(name="step", type="integer", description="Step of the load, rising.", minimum=1),
        Column(name="concurrency", type="integer", description="Requests that are served at once.", minimum=1),
        Column(name="passages", type="integer", description="Passages shown with a request: the data volume.", minimum=0),
        number("offered_per_s", "Requests offered per second.", unit="1/s", most=None),
        number("limit_s", "Time after which a request counts as lost.", unit="s", most=None),
        count("requests", "Requests offered."),
        count("answered", "Answered in time."),
        count("timed_out", "Not answered in time."),
        count("failed", "Failed, with an error."),
        number("throughput_per_s", "Answers in time per second.", unit="1/s", most=None),
        number("p50_s", "Median time from arrival to answer.", unit="s", most=None),
        number("p95_s", "95th percentile of it.", unit="s", most=None),
        number("p99_s", "99th percentile of it.", unit="s", most=None),
        number("recovery_s", "Time from the last arrival until nothing waits.", unit="s", most=None),
        number("worst_tenant_p95_s", "95th percentile of the tenant that is served worst.", unit="s", most=None),
        Column(name="error", type="text", description="The most frequent error; empty: none.", nullable=True),
        Column(name="header", type="text", description="Hash of candidate, load, packages and hardware.", pattern=_HEADER),
    ),
)

PRESSURE_TABLES = (PROBES, ROBUSTNESS, BIAS, STRESS)
