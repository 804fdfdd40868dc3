"""The catalogue: what the committed one states, and everything that may be wrong with a file, each told in words."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.catalogue import Catalogue, read_catalogue, require_row, shown
from lenovo_pipeline.models.tables import CATALOGUE
from lenovo_pipeline.partitions import model_names
from lenovo_pipeline.settings import PROJECT_ROOT

COMMITTED = PROJECT_ROOT / "data" / "catalogue" / "models.yaml"
NAMED_BY_THE_ISSUE = {
    "gpt-5",
    "gpt-5-codex",
    "gpt-4.1",
    "gpt-4o",
    "claude-3.5-sonnet",
    "llama-3.3-70b",
    "grok-2",
    "mixtral-8x22b",
    "pixtral-12b",
    "qwen-2.5-7b",
    "qwen-vl-plus",
    "qwen2.5-coder-32b",
    "deepseek-coder-33b",
    "code-llama-34b",
    "starcoder2-15b",
    "wizardcoder-34b",
    "phind-codellama-34b",
    "magicoder-s-ds-6.7b",
    "moshi",
    "elevenlabs",
    "azure-speech",
    "amazon-polly",
    "google-text-to-speech",
    "openai-voice",
    "replica",
    "descript",
    "baidu-deep-voice",
}

ENTRY: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "provider": "Somebody",
    "family": "Small",
    "parameters": 3_000_000_000,
    "context_length": 4096,
    "input": ["text"],
    "output": ["text"],
    "languages": ["en", "zh"],
    "licence": {
        "name": "MIT License",
        "spdx": "MIT",
        "class": "open_source",
        "commercial_use": "yes",
        "redistribution": "yes",
        "modification": "yes",
    },
    "identifiers": {"ollama": "small:3b"},
    "use_case": "Tests.",
    "fine_tuning_target": True,
    "targets": ["mobile", "server"],
    "sources": {"default": "https://example.org/card"},
}
LICENCE: dict[str, Any] = ENTRY["licence"]


def entry(**changes: Any) -> dict[str, Any]:
    """A valid entry with these changes; a value of None leaves the field out."""
    return {name: value for name, value in {**deepcopy(ENTRY), **changes}.items() if value is not None}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Catalogue]:
    def read_these(partitions: Any = (), references: Any = (), *, text: str | None = None) -> Catalogue:
        path = tmp_path / "models.yaml"
        written = yaml.safe_dump({"partitions": list(partitions), "references": list(references)}, sort_keys=False)
        path.write_text(written if text is None else text, encoding="utf-8")
        return read_catalogue(path)

    return read_these


@pytest.fixture(scope="module")
def committed() -> Catalogue:
    return read_catalogue(COMMITTED)


def test_every_entry_of_the_committed_catalogue_is_valid(committed: Catalogue) -> None:
    assert committed.rejections == ()
    assert [each.name for each in committed.partitions] == model_names(COMMITTED)
    assert {each.name for each in committed.references} >= NAMED_BY_THE_ISSUE
    assert len(committed.references) >= 24
    frame = conform(pd.DataFrame(committed.rows(), columns=list(CATALOGUE.column_names)), CATALOGUE)
    assert len(frame) == len(committed.partitions) + len(committed.references)


def test_the_committed_catalogue_states_what_decides_about_the_partitions(committed: Catalogue) -> None:
    stated = {
        each.name: (each.licence.kind, each.licence.commercial_use, each.licence.spdx, set(each.targets) & {"mobile", "edge"})
        for each in committed.partitions
    }
    small = {"mobile", "edge"}
    assert stated == {
        "lenovo-nano": ("open_source", "yes", "Apache-2.0", small),
        "phi-4-mini": ("open_source", "yes", "MIT", small),
        "llama-3.2-3b": ("commercial", "conditional", None, small),
        "qwen-2.5-3b": ("research_only", "no", None, small),
        "ministral-3b": ("open_source", "yes", "Apache-2.0", small),
        "mistral-nemo": ("open_source", "yes", "Apache-2.0", set()),
    }
    nemo = committed.partitions[-1]
    assert nemo.parameters is not None
    assert 12.1e9 < nemo.parameters < 12.3e9


def test_what_nobody_has_published_is_shown_as_unknown(read: Any) -> None:
    found = read([entry(parameters="unknown", context_length="unknown", languages="unknown", targets=["cloud"])])
    (row,) = found.rows()
    assert (row["parameters"], row["context_length"], row["languages"]) == (None, None, None)
    (line,) = shown([row])
    assert (line["parameters"], line["context"]) == ("unknown", "unknown")


def test_words_that_yaml_reads_as_booleans_are_rights_and_a_language(read: Any) -> None:
    text = yaml.safe_dump({"partitions": [entry(languages=["en", "LANG"])]}).replace("LANG", "no").replace("'yes'", "yes")
    assert "commercial_use: yes" in text
    (found,) = read(text=text).partitions
    assert found.licence.commercial_use == "yes"
    assert found.languages == ("en", "no")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"provider": None}, "provider: is missing"),
        ({"provider": "  "}, "provider: found '  '"),
        ({"colour": "red"}, "colour: is no field of an entry"),
        ({"price": 3}, "price: found 3; expected currency, input_per_million and output_per_million"),
        ({"price": {"currency": "USD", "input_per_million": -1, "output_per_million": 1}}, "price.input_per_million: found -1"),
        ({"name": "Small Model"}, "name: found 'Small Model'; expected lower-case letters, digits, dots and hyphens"),
        ({"parameters": "3B"}, "parameters: found '3B'; expected a whole number, or unknown"),
        ({"parameters": 0}, "parameters: found 0; expected a whole number, or unknown"),
        ({"context_length": 4096.5}, "context_length: found 4096.5; expected a whole number of tokens, or unknown"),
        ({"languages": ["English"]}, "languages: found 'English'; expected a list of ISO 639-1 codes, or unknown"),
        ({"input": ["smell"]}, "input: found 'smell'; allowed are 'text', 'image' or 'audio'"),
        ({"output": []}, "output: found []"),
        ({"targets": ["phone"]}, "targets: found 'phone'; allowed are 'mobile', 'edge', 'server' or 'cloud'"),
        (
            {"licence": {**LICENCE, "class": "freeware"}},
            "licence.class: found 'freeware'; allowed are 'open_source', 'commercial'",
        ),
        ({"licence": {**LICENCE, "commercial_use": "maybe"}}, "licence.commercial_use: found 'maybe'; allowed are 'yes', 'no'"),
        ({"licence": {"name": "MIT License", "class": "open_source"}}, "licence.commercial_use: is missing"),
        ({"licence": {**LICENCE, "spdx": None}}, "a licence needs its SPDX identifier (spdx) or its address (url)"),
        ({"licence": {**LICENCE, "modification": "conditional"}}, "a right is conditional, but no conditions are stated"),
        ({"licence": {**LICENCE, "class": "research_only"}}, "class is research_only, but commercial_use is yes"),
        ({"licence": {**LICENCE, "class": "api_only"}}, "class is api_only, which gives no weights, but redistribution is yes"),
        ({"identifiers": {}}, "identifiers: no source has an identifier; give at least one of folder, huggingface, ollama"),
        ({"identifiers": {"torrent": "x"}}, "identifiers.torrent: is no field of an entry"),
        ({"sources": {"parameters": "card"}}, "sources has no `default`"),
        ({"sources": {"default": "card", "colour": "card"}}, "sources names colour, which are no fields"),
        ({"parameters": 4_000_000_000}, "small has 4,000,000,000 parameters, but its targets name mobile, which take fewer than"),
        ({"parameters": "unknown"}, "small has an unknown number of parameters, but its targets name mobile"),
        ({"fine_tuning_target": "sometimes"}, "fine_tuning_target: found 'sometimes'"),
    ],
)
@pytest.mark.parametrize("section", ["partitions", "references"])
def test_a_wrong_entry_is_rejected_with_what_was_found_and_what_is_allowed_and_the_others_stay(
    read: Any, changes: dict[str, Any], expected: str, section: str
) -> None:
    wrong, good = entry(**changes), entry(name="good")
    found = read(**{"partitions": [good], section: [wrong] if section == "references" else [wrong, good]})
    assert [each.name for each in found.partitions] == ["good"]
    assert found.references == ()
    (said,) = found.rejected(section)
    assert expected in said
    assert said.startswith(f"{section}, {wrong['name']}: ")


def test_an_entry_with_several_faults_names_them_all(read: Any) -> None:
    found = read([entry(name="good"), entry(provider=None, parameters="many", targets=["moon"])])
    (said,) = found.rejected("partitions")
    assert all(part in said for part in ("provider: is missing", "parameters: found 'many'", "targets: found 'moon'"))


def test_a_name_that_is_there_already_is_rejected_wherever_it_stands(read: Any) -> None:
    found = read([entry(), entry(title="Again")], [entry(), entry(name="other")])
    assert [each.title for each in found.partitions] == ["Small"]
    assert [each.name for each in found.references] == ["other"]
    assert found.rejected("partitions") == ["partitions, small: name: 'small' is there already; every name may be given once"]
    assert found.rejected("references") == ["references, small: name: 'small' is there already; every name may be given once"]


def test_an_entry_that_is_no_mapping_is_named_by_its_place(read: Any) -> None:
    found = read([entry(), "phi-4", None])
    assert found.rejected("partitions") == [
        "partitions, entry 2: found 'phi-4'; an entry is a mapping of fields",
        "partitions, entry 3: found None; an entry is a mapping of fields",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("partitions: [{{{", "is no valid YAML"),
        ("[" * 100_000, "nested too deeply"),
        ("partitions: []\npartitions: []\n", "stands twice"),
        ("", "a NoneType"),
        ("- name: small", "a list"),
        ("references: []", "no list `partitions`"),
        ("partitions: small", "no list `partitions`"),
        ("partitions: []\nreferences: {a: b}", "references is no list"),
        ("partitions: []\nmodels: []", "the section models is unknown"),
        ("partitions: []", "has no valid entry: it is empty"),
        ("partitions: [{name: small}]", "has no valid entry: partitions, small: title: is missing"),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused_with_what_is_wrong_and_what_to_do(read: Any, text: str, expected: str) -> None:
    with pytest.raises(PermanentFailure) as caught:
        read(text=text)
    assert expected in str(caught.value)
    assert "git checkout -- data/catalogue" in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match="cannot be read"):
        read_catalogue(tmp_path / "absent.yaml")
    (tmp_path / "models.yaml").write_bytes(b"partitions:\n  - name: \xff\xfe\n")
    with pytest.raises(PermanentFailure, match="is no valid YAML"):
        read_catalogue(tmp_path / "models.yaml")


def test_a_model_without_a_valid_entry_is_refused_with_those_that_have_one(read: Any) -> None:
    rows = read([entry(), entry(name="other")]).rows()
    assert require_row(rows, "other")["name"] == "other"
    with pytest.raises(PermanentFailure, match="no valid entry 'third'; it has small, other"):
        require_row(rows, "third")


def test_editing_the_file_changes_its_hash(read: Any) -> None:
    assert read([entry()]).sha256 != read([entry(use_case="Other.")]).sha256
