"""Questions that cannot be answered are certain to be so, and look like those that can."""

import pandas as pd

from lenovo_pipeline.gold.absent import UNRECORDED


def test_facts_called_unrecorded_stand_in_no_text_about_the_entity(questions: pd.DataFrame, texts: dict[str, str]) -> None:
    programs = [p for p in questions.loc[questions["category"] == "unanswerable", "program"] if p["what"] == "fact"]
    assert len(programs) > 20
    lowered = [text.lower() for text in texts.values()]
    for program in programs:
        about = [text for text in lowered if program["name"] in text]
        assert about
        assert not any(term in text for text in about for term in program["terms"])


def test_entities_called_absent_do_not_exist(questions: pd.DataFrame, frames: dict[str, pd.DataFrame]) -> None:
    programs = [p for p in questions.loc[questions["category"] == "unanswerable", "program"] if p["what"] == "entity"]
    assert {p["table"] for p in programs} == {"devices", "incidents", "customers"}
    for program in programs:
        fits = pd.Series(True, index=frames[program["table"]].index)
        for column, value in program["where"].items():
            fits &= frames[program["table"]][column] == value
        assert not fits.any()


def test_values_called_missing_are_missing(questions: pd.DataFrame, frames: dict[str, pd.DataFrame]) -> None:
    programs = [p for p in questions.loc[questions["category"] == "unanswerable", "program"] if p["what"] == "value"]
    assert programs
    for program in programs:
        where = program["entity"]["where"]
        journeys = frames["journeys"].assign(started_month=frames["journeys"]["started_at"].map(lambda moment: f"{moment:%Y-%m}"))
        [value] = journeys.loc[
            (journeys["customer_id"] == where["customer_id"]) & (journeys["started_month"] == where["started_month"]),
            "satisfaction",
        ]
        assert pd.isna(value)


def test_refusals_share_their_patterns_with_answerable_questions(questions: pd.DataFrame) -> None:
    kinds = questions.assign(kind=questions["phrasing"].str.split("/").str[0])
    refused = set(kinds.loc[kinds["category"] == "unanswerable", "kind"])
    assert refused <= set(kinds.loc[kinds["category"] != "unanswerable", "kind"])


def test_refusals_have_no_evidence(questions: pd.DataFrame) -> None:
    refusals = questions[questions["answer_type"] == "refusal"]
    assert (refusals["category"] == "unanswerable").all()
    assert (refusals["evidence_ids"].map(len) == 0).all()
    assert (questions.loc[questions["answer_type"] != "refusal", "evidence_ids"].map(len) > 0).all()


def test_every_unrecorded_fact_has_terms_to_look_for() -> None:
    assert all(fact.terms and all(term == term.lower() for term in fact.terms) for facts in UNRECORDED.values() for fact in facts)
