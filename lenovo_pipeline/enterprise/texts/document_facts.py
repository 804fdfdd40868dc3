"""What each type of document is about and which facts it states.

Belongs here: names, units (in the names), ranges and subjects of facts. The Chinese names stand in the bank `fact_terms`.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

Subject: TypeAlias = Literal["process", "device", "customer"]


@dataclass(frozen=True)
class FactRange:
    """A fact's possible values: from `low` to `high` in steps of `step`, in the unit that its name ends with."""

    name: str
    low: float
    high: float
    step: float

    def draw(self, random: Random, unlike: float | int | None = None) -> float | int:
        """One value, other than `unlike`."""
        values = [self.low + i * self.step for i in range(round((self.high - self.low) / self.step) + 1)]
        options = [round(value, 4) for value in values if unlike is None or abs(value - unlike) > self.step / 2]
        chosen = options[int(random.random() * len(options))]
        return int(chosen) if float(chosen).is_integer() else chosen


@dataclass(frozen=True)
class DocumentKind:
    """One type of document: what it is about, which department writes it, which facts it states."""

    subject: Subject
    departments: tuple[str, ...]
    facts: tuple[FactRange, ...]


DOCUMENT_KINDS: dict[str, DocumentKind] = {
    "policy": DocumentKind(
        "process",
        (),
        (
            FactRange("approval_limit_usd", 1000, 60000, 500),
            FactRange("review_interval_months", 3, 36, 3),
            FactRange("retention_years", 2, 15, 1),
            FactRange("escalation_days", 1, 20, 1),
        ),
    ),
    "datasheet": DocumentKind(
        "device",
        ("DPT-ENG", "DPT-MKT"),
        (
            FactRange("operating_temperature_celsius", 30, 50, 1),
            FactRange("humidity_percent", 70, 95, 1),
            FactRange("idle_power_watts", 1, 90, 1),
            FactRange("idle_noise_decibels", 12, 48, 1),
        ),
    ),
    "release_note": DocumentKind(
        "device",
        ("DPT-ENG", "DPT-QUA"),
        (
            FactRange("rollback_days", 3, 60, 1),
            FactRange("fixed_defect_count", 2, 90, 1),
            FactRange("package_size_gb", 0.2, 9.8, 0.1),
            FactRange("minimum_charge_percent", 10, 60, 5),
        ),
    ),
    "meeting_minutes": DocumentKind(
        "process",
        (),
        (
            FactRange("participant_count", 3, 28, 1),
            FactRange("action_item_count", 1, 19, 1),
            FactRange("granted_budget_usd", 2000, 95000, 500),
            FactRange("follow_up_days", 5, 45, 1),
        ),
    ),
    "contract_summary": DocumentKind(
        "customer",
        ("DPT-LEG", "DPT-SAL"),
        (
            FactRange("contract_term_months", 12, 72, 6),
            FactRange("contract_value_usd", 40000, 3000000, 2500),
            FactRange("payment_term_days", 10, 120, 5),
            FactRange("late_fee_percent", 0.5, 9, 0.25),
            FactRange("response_time_hours", 1, 48, 1),
        ),
    ),
    "price_list": DocumentKind(
        "device",
        ("DPT-SAL", "DPT-PRO"),
        (
            FactRange("volume_discount_percent", 2, 30, 0.5),
            FactRange("minimum_order_units", 5, 400, 5),
            FactRange("price_validity_days", 14, 180, 1),
        ),
    ),
    "project_report": DocumentKind(
        "customer",
        ("DPT-SVC", "DPT-ITS"),
        (
            FactRange("project_budget_usd", 20000, 900000, 1000),
            FactRange("budget_spent_percent", 5, 98, 1),
            FactRange("installed_base_units", 10, 2500, 5),
            FactRange("schedule_delay_days", 1, 70, 1),
        ),
    ),
    "training_guide": DocumentKind(
        "process",
        (),
        (
            FactRange("course_length_hours", 1, 40, 0.5),
            FactRange("pass_mark_percent", 50, 95, 1),
            FactRange("certificate_validity_months", 6, 48, 3),
            FactRange("group_size_count", 4, 30, 1),
        ),
    ),
    "security_advisory": DocumentKind(
        "device",
        ("DPT-SEC", "DPT-QUA"),
        (
            FactRange("cvss_score", 3.1, 9.9, 0.1),
            FactRange("patch_deadline_days", 1, 90, 1),
            FactRange("disclosure_delay_days", 14, 150, 1),
            FactRange("affected_build_count", 1, 24, 1),
        ),
    ),
    "audit_report": DocumentKind(
        "process",
        (),
        (
            FactRange("finding_count", 6, 40, 1),
            FactRange("critical_finding_count", 1, 5, 1),
            FactRange("sample_size_count", 20, 600, 5),
            FactRange("remediation_deadline_days", 14, 180, 1),
        ),
    ),
    "service_bulletin": DocumentKind(
        "device",
        ("DPT-SUP", "DPT-SVC"),
        (
            FactRange("repair_time_minutes", 10, 240, 5),
            FactRange("spare_part_count", 1, 14, 1),
            FactRange("labour_rate_usd", 30, 180, 1),
            FactRange("coverage_months", 6, 60, 1),
        ),
    ),
    "business_proposal": DocumentKind(
        "customer",
        ("DPT-SAL", "DPT-MKT"),
        (
            FactRange("offer_value_usd", 15000, 2000000, 500),
            FactRange("offer_size_units", 10, 3000, 5),
            FactRange("delivery_time_weeks", 1, 30, 1),
            FactRange("offer_discount_percent", 1, 28, 0.5),
        ),
    ),
}
"""Departments are ids; an empty tuple means the department that runs the process."""
