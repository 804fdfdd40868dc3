"""The tables of monitoring: windows of what was served, alerts, and canaries. Declarations only."""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.roster.monitoring.canary import VERDICTS
from lenovo_pipeline.roster.monitoring.requests import ROLES
from lenovo_pipeline.roster.tables import ENVIRONMENTS

SIGNALS = ("error_rate", "latency_p95_s", "invalid_rate", "quality_loss", "drift")
EVENTS = ("raised", "cleared")

_PLACE = (
    Column(name="environment", type="text", description="Environment.", choices=ENVIRONMENTS),
    Column(name="use_case", type="text", description="Use case."),
    Column(name="entry", type="text", description="The entry that answered."),
)


def _seconds(name: str, description: str) -> Column:
    return Column(name=name, type="number", description=description, unit="s", nullable=True, minimum=0)


MONITORING = Table(
    stage="roster",
    name="monitoring",
    description="What was served, in windows of a few seconds: requests, errors, latency, quality on gold questions, drift.",
    key=("clock", "number", "environment", "use_case", "entry", "role"),
    min_rows=0,
    columns=(
        Column(name="clock", type="text", description="Boot of the machine, or simulation, whose time it is."),
        Column(name="number", type="integer", description="Window, counted on that clock.", minimum=0),
        *_PLACE,
        Column(name="role", type="text", description="Whether it ran there, or was compared.", choices=ROLES),
        Column(name="opened_at", type="timestamp", description="When its first request ended, by the wall clock (UTC)."),
        Column(name="seconds", type="number", description="Length of the window.", unit="s", minimum=0),
        Column(name="requests", type="integer", description="Requests.", unit="request", minimum=1),
        Column(name="errors", type="integer", description="Requests without an answer.", unit="request", minimum=0),
        _seconds("latency_p50_s", "Median time to the last token; empty: nothing was answered."),
        _seconds("latency_p95_s", "95th percentile of it."),
        Column(name="tokens_in", type="integer", description="Tokens asked with.", minimum=0),
        Column(name="tokens_out", type="integer", description="Tokens answered.", minimum=0),
        Column(name="scored", type="integer", description="Gold questions among them.", unit="question", minimum=0),
        Column(
            name="quality",
            type="number",
            description="Share of those that were answered right; empty: there was none.",
            unit="1",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(name="invalid", type="json", description="Records that cannot be right, by what is wrong with them."),
        Column(
            name="drift",
            type="number",
            description="Evidence of drift in a block of requests that it completed (-log10 of the adjusted p-value).",
            unit="1",
            nullable=True,
            minimum=0,
        ),
        Column(name="drift_tests", type="json", description="Each test behind it: {test, of, statistic, p_value}."),
        Column(name="raised", type="text[]", description="Signals whose alert was raised after it."),
    ),
)

ALERTS = Table(
    stage="roster",
    name="alerts",
    description="Alerts that the monitor raised and cleared, and the rollbacks that followed.",
    key=("alert_id",),
    min_rows=0,
    columns=(
        Column(name="alert_id", type="text", description="Made of where, what and when.", pattern=r"ALR-[0-9a-f]{16}"),
        *_PLACE,
        Column(name="signal", type="text", description="What crossed its threshold.", choices=SIGNALS),
        Column(name="event", type="text", description="Whether it was raised or cleared.", choices=EVENTS),
        Column(name="at", type="timestamp", description="When it was recorded (UTC)."),
        Column(name="value", type="number", description="The figure.", nullable=True),
        Column(name="threshold", type="number", description="What it was compared with.", nullable=True),
        Column(name="message", type="text", description="Why, in one sentence."),
        Column(name="outcome", type="text", description="What followed of a breach; empty: none, or not yet.", nullable=True),
        _seconds("handled_after_s", "From the breach being recorded to the rollback; empty: no rollback."),
        Column(name="undelivered", type="text[]", description="Channels that it has not gone out by yet."),
    ),
)


def _difference(name: str, of: str, side: str) -> Column:
    return Column(name=name, type="number", description=f"{side} of {of}.", unit="1", nullable=True, minimum=-1, maximum=1)


CANARY = Table(
    stage="roster",
    name="canary",
    description="Challengers that a share of simulated traffic was sent to, and whether any harm was shown.",
    key=("canary_id",),
    min_rows=0,
    columns=(
        Column(name="canary_id", type="text", description="Made of everything in it.", pattern=r"CAN-[0-9a-f]{16}"),
        Column(name="environment", type="text", description="Environment.", choices=ENVIRONMENTS),
        Column(name="use_case", type="text", description="Use case."),
        Column(
            name="champion", type="text", description="The entry that runs there.", derived_from=("roster.deployments.entry",)
        ),
        Column(
            name="challenger", type="text", description="The entry that was compared.", derived_from=("roster.entries.entry",)
        ),
        Column(name="share", type="number", description="Share of the requests.", unit="1", minimum=0, maximum=0.5),
        Column(name="requests", type="integer", description="Requests that were sent until the verdict.", minimum=0),
        Column(name="of_challenger", type="integer", description="Those of them that the challenger got.", minimum=0),
        Column(name="verdict", type="text", description="What was shown.", choices=VERDICTS),
        Column(name="reason", type="text", description="Why, in one sentence."),
        *(
            _difference(f"{name}_{side}", f"challenger minus champion in {name}, below 0 is worse", said)
            for name in ("quality", "errors", "latency")
            for side, said in (
                ("difference", "Mean"),
                ("low", "Lower bound, valid at any time,"),
                ("high", "Upper bound, valid at any time,"),
            )
        ),
    ),
)

TABLES = (MONITORING, ALERTS, CANARY)
