"""What a licence allows: filters, and the verdict on each intended use with its reason."""

from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.catalogue import read_catalogue
from lenovo_pipeline.models.licences import USES, compliance, eligibility, select, too_large
from lenovo_pipeline.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def models() -> dict[str, dict[str, Any]]:
    rows = read_catalogue(PROJECT_ROOT / "data" / "catalogue" / "models.yaml").rows()
    return {row["name"]: row for row in rows}


def row(**changes: Any) -> dict[str, Any]:
    return {
        "name": "m",
        "licence": "Some Licence",
        "licence_class": "open_source",
        "commercial_use": "yes",
        "redistribution": "yes",
        "modification": "yes",
        "conditions": ["say so"],
        "parameters": 3_000_000_000,
        **changes,
    }


def test_the_research_licence_of_qwen_3b_forbids_everything_but_comparing(models: dict[str, Any]) -> None:
    assert eligibility(models["qwen-2.5-3b"])[0] == ["evaluation"]
    verdict = compliance(models["qwen-2.5-3b"], "production")
    assert not verdict.allowed
    assert verdict.reasons == ("the licence of qwen-2.5-3b (Qwen RESEARCH LICENSE AGREEMENT) forbids commercial use",)
    assert compliance(models["qwen-2.5-1.5b"], "on_device").allowed


def test_conditions_come_with_a_verdict_that_allows(models: dict[str, Any]) -> None:
    verdict = compliance(models["llama-3.2-3b"], "on_device")
    assert verdict.allowed
    assert any("700 million" in condition for condition in verdict.conditions)


def test_a_service_without_weights_may_answer_but_not_be_shipped_or_customised(models: dict[str, Any]) -> None:
    assert eligibility(models["gpt-4.1"])[0] == ["evaluation", "production"]
    assert compliance(models["gpt-4.1"], "on_device").reasons == ("gpt-4.1 is only offered as a service, without weights",)


def test_a_free_licence_does_not_make_a_large_model_fit_for_devices(models: dict[str, Any]) -> None:
    assert eligibility(models["mistral-nemo"])[0] == ["evaluation", "production", "customisation"]
    (reason,) = compliance(models["mistral-nemo"], "on_device").reasons
    assert reason == "mistral-nemo has 12,247,782,400 parameters; small devices take fewer than 4,000,000,000"


def test_two_models_of_nearly_one_name_keep_their_own_licences(models: dict[str, Any]) -> None:
    assert compliance(models["ministral-3b"], "on_device").allowed
    assert not compliance(models["ministral-3b-2410"], "on_device").allowed
    assert models["ministral-3b"]["github_id"] is None


def test_what_is_unknown_is_not_allowed(models: dict[str, Any]) -> None:
    assert eligibility(models["baidu-deep-voice"])[0] == []
    assert compliance(models["baidu-deep-voice"], "evaluation").reasons == ("the licence of baidu-deep-voice is unknown",)
    verdict = compliance(row(modification="unknown"), "customisation")
    assert verdict.reasons == ("it is unknown whether the licence of m (Some Licence) allows making other models from it",)


@pytest.mark.parametrize(
    ("right", "forbidden"),
    [
        ("commercial_use", {"production", "on_device", "customisation"}),
        ("redistribution", {"on_device"}),
        ("modification", {"customisation"}),
    ],
)
@pytest.mark.parametrize("value", ["no", "unknown"])
def test_each_right_that_is_not_granted_forbids_the_uses_that_need_it(right: str, forbidden: set[str], value: str) -> None:
    allowed, refused = eligibility(row(**{right: value}))
    assert set(USES) - set(allowed) == forbidden
    assert {reason.partition(":")[0] for reason in refused} == forbidden


def test_an_intended_use_that_is_not_known_is_refused() -> None:
    with pytest.raises(PermanentFailure, match=r"'resale' is not known; known are evaluation, production, on_device, customis"):
        compliance(row(), "resale")


@pytest.mark.parametrize(
    ("parameters", "targets", "fits"),
    [
        (3_999_999_999, ["mobile", "edge"], True),
        (4_000_000_000, ["edge"], False),
        (None, ["mobile"], False),
        (None, ["server", "cloud"], True),
        (70_000_000_000, ["server"], True),
    ],
)
def test_small_devices_take_models_of_fewer_than_4_billion_parameters(
    parameters: int | None, targets: list[str], fits: bool
) -> None:
    assert (too_large("m", parameters, targets) is None) is fits


def test_models_are_found_by_licence_use_target_modality_and_size(models: dict[str, Any]) -> None:
    rows = list(models.values())

    def names(**conditions: Any) -> set[str]:
        return {found["name"] for found in select(rows, **conditions)}

    assert names() == set(models)
    assert names(licence_class="research_only") == {"qwen-2.5-3b"}
    on_phones = names(target="mobile", intended_use="on_device")
    assert {"phi-4-mini", "llama-3.2-3b", "ministral-3b", "qwen-2.5-1.5b"} <= on_phones
    assert "qwen-2.5-3b" not in on_phones
    assert names(modality="audio") >= {"moshi", "elevenlabs"}
    assert names(fewer_parameters_than=2_000_000_000) == {"lenovo-nano", "qwen-2.5-1.5b", "smollm2-1.7b", "gemma-3-1b"}
    assert names(target="mobile", modality="image") == {"ministral-3b"}
