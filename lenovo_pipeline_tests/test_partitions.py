"""The partitions' names: read from the catalogue quickly, and from a damaged one as far as it goes."""

from pathlib import Path

import pytest

from lenovo_pipeline.partitions import DEFAULT_MODEL, MODEL_PARTITIONS, model_names
from lenovo_pipeline.settings import PROJECT_ROOT

CATALOGUE = PROJECT_ROOT / "data" / "catalogue" / "models.yaml"
SIX = ["lenovo-nano", "phi-4-mini", "llama-3.2-3b", "qwen-2.5-3b", "ministral-3b", "mistral-nemo"]


def names_in(text: str, folder: Path) -> list[str]:
    path = folder / "models.yaml"
    path.write_text(text, encoding="utf-8")
    return model_names(path)


def test_the_partitions_are_those_of_the_committed_catalogue() -> None:
    assert model_names(CATALOGUE)[: len(SIX)] == SIX
    assert MODEL_PARTITIONS.get_partition_keys() == model_names(CATALOGUE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("partitions:\n  - {name: phi, title: name}\n  - title: T\n    licence: {name: MIT}\n    name: qwen\n", ["phi", "qwen"]),
        ("references:\n  - name: gpt\npartitions:\n- name: phi\nmore:\n- name: other\n", ["phi"]),
        ("partitions:\n  - family: &f x\n    title: *f\n    name: phi\n", ["phi"]),
        ("partitions:\n  - name: phi\n  - name: phi\n  - name: lenovo-nano\n", ["phi"]),
        ("partitions: []\n", []),
        ("partitions: phi\n", []),
        ("- name: phi\n", []),
        ("", []),
    ],
)
def test_only_names_of_entries_of_the_section_count_wherever_they_stand(text: str, expected: list[str], tmp_path: Path) -> None:
    assert names_in(text, tmp_path) == [DEFAULT_MODEL, *expected]


def test_what_can_be_read_before_a_fault_counts_and_a_name_that_cannot_be_one_does_not(tmp_path: Path) -> None:
    good = "partitions:\n  - name: phi\n  - name: qwen-2.5\n"
    assert names_in(good + "references: [{{{\n", tmp_path) == [DEFAULT_MODEL, "phi", "qwen-2.5"]
    assert names_in(good + "  - name: [\n", tmp_path) == [DEFAULT_MODEL, "phi", "qwen-2.5"]
    assert names_in(good + "  - name: ../../etc\n  - name: 'a...b'\n  - name:\n  - name: Phi 4\n", tmp_path) == [
        DEFAULT_MODEL,
        "phi",
        "qwen-2.5",
    ]


def test_no_catalogue_or_one_that_is_no_text_leaves_the_bundled_model(tmp_path: Path) -> None:
    assert model_names(tmp_path / "absent.yaml") == [DEFAULT_MODEL]
    assert model_names(tmp_path) == [DEFAULT_MODEL]
    (tmp_path / "models.yaml").write_bytes(b"\xff\x00partitions:\n- name: phi\n")
    assert model_names(tmp_path / "models.yaml") == [DEFAULT_MODEL]
