"""Templates: what is right, every way to be wrong, and rendering that never runs anything."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from opencc import OpenCC

from lenovo_pipeline.prompts.library import load_library, shortfalls
from lenovo_pipeline.prompts.rendering import RenderError, render
from lenovo_pipeline.prompts.tables import CATEGORIES
from lenovo_pipeline.prompts.templates import LIBRARIES, Template, check_template
from lenovo_pipeline.settings import PROJECT_ROOT

SHIPPED = PROJECT_ROOT / "data" / "prompts"


def template(values: dict[str, Any]) -> Template:
    checked = check_template(values, "a.yaml")
    assert isinstance(checked, Template), [str(problem) for problem in checked]
    return checked


def test_a_right_template_is_taken_and_its_example_holds_all_examples(values: Any) -> None:
    assert template(values()).example == "Explain the code BAT-1 as it was seen on 2026-03-05."


WRONG: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"language": "fr"}, "language", ["'fr'", "en", "zh-Hant"]),
    ({"task_type": "sing"}, "task_type", ["'sing'", "summarise"]),
    ({"version": 0}, "version", ["0", "greater than or equal to 1"]),
    ({"version": "2"}, "version", ["'2'"]),
    ({"id": "Bad Id"}, "id", ["'Bad Id'"]),
    ({"purpose": None}, "purpose", ["None"]),
    ({"owner": "me"}, "owner", ["only id"]),
    ({"template": "Explain {{cod}} of {{day}}, would you?"}, "template", ["{{cod}}", "code stands nowhere"]),
    ({"template": "Explain {{code}} of {{day}} and {{ this }} }}."}, "template", ["braces"]),
    ({"language": "zh-Hans"}, "template", ["not Chinese"]),
    ({"variables": {}}, "variables", ["at least 1"]),
]


@pytest.mark.parametrize(("changes", "field", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_each_problem_names_file_id_field_what_was_found_and_what_is_allowed(
    values: Any, changes: dict[str, Any], field: str, said: list[str]
) -> None:
    problems = check_template(values(**changes), "device_support/hardware.yaml")
    assert isinstance(problems, list)
    text = "\n".join(map(str, problems))
    assert "device_support/hardware.yaml" in text
    assert f"field {field}" in text
    assert ("Bad Id" if "id" in changes else "explain-code") in text
    assert [part for part in said if part not in text] == []


VARIABLES: list[tuple[dict[str, Any], str]] = [
    ({"type": "choice", "description": "Tone", "example": "loud", "choices": ["soft", "plain"]}, "expected one of soft, plain"),
    ({"type": "choice", "description": "Tone", "example": "soft"}, "two or more distinct choices"),
    ({"type": "text", "description": "Tone", "example": "soft", "choices": ["soft", "plain"]}, "belong to type choice"),
    ({"type": "number", "description": "Count", "example": True}, "a finite number"),
    ({"type": "number", "description": "Count", "example": float("nan")}, "a finite number"),
    ({"type": "date", "description": "Day", "example": "2026-02-30"}, "a date like"),
    ({"type": "list", "description": "Names", "example": []}, "not empty"),
    ({"type": "list", "description": "Names", "example": [["nested"]]}, "a list of text"),
    ({"type": "record", "description": "Device", "example": {}}, "a mapping of names"),
    ({"type": "colour", "description": "Colour", "example": "red"}, "'record'"),
    ({"type": "text", "description": "Empty", "example": " "}, "text that is not empty"),
]


@pytest.mark.parametrize(("variable", "said"), VARIABLES, ids=lambda value: str(value)[:40])
def test_an_example_that_does_not_fit_its_type_is_refused(values: Any, variable: dict[str, Any], said: str) -> None:
    problems = check_template(values(variables={"code": variable}, template="Explain the code {{code}} to me."), "a.yaml")
    assert isinstance(problems, list)
    assert said in "\n".join(map(str, problems))


def test_all_problems_of_a_template_are_listed_at_once(values: Any) -> None:
    problems = check_template(values(language="fr", task_type="sing", version=0), "a.yaml")
    assert isinstance(problems, list)
    assert {problem.field for problem in problems} == {"language", "task_type", "version"}


def test_rendering_names_every_missing_extra_and_ill_typed_variable(values: Any) -> None:
    with pytest.raises(RenderError) as raised:
        render(template(values()), {"day": "tomorrow", "extra": 1})
    for part in ("code is missing", "extra is not declared", "day is 'tomorrow'", "code (text), day (date)"):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    "value", ["{{day}}", "{{ code }}", "{code.__class__}", "${HOME}", "{% for x in y %}", "%s", "\\g<0>", "__import__('os')"]
)
def test_a_value_is_put_in_as_it_is_and_never_read_again(values: Any, value: str) -> None:
    rendered = render(template(values()), {"code": value, "day": date(2026, 3, 5)})
    assert rendered == f"Explain the code {value} as it was seen on 2026-03-05."


def test_lists_and_records_become_lines(values: Any) -> None:
    variables = {
        "steps": {"type": "list", "description": "Steps", "example": ["a"]},
        "device": {"type": "record", "description": "Device", "example": {"name": "x"}},
    }
    made = template(values(variables=variables, template="Steps:\n{{steps}}\nDevice:\n{{device}}"))
    assert render(made, {"steps": ["one", 2.0], "device": {"name": "razr", "bought": date(2026, 1, 2)}}) == (
        "Steps:\n- one\n- 2\nDevice:\nname: razr\nbought: 2026-01-02"
    )


def test_the_shipped_libraries_are_right_and_whole() -> None:
    found = load_library(SHIPPED)
    assert [str(problem) for problem in found.problems] == []
    assert shortfalls(found, 4) == []
    assert set(LIBRARIES) == set(CATEGORIES)
    assert {entry.template.language for entry in found.entries} == {"en", "zh-Hans", "zh-Hant"}
    assert len({entry.text_sha256 for entry in found.entries}) == len(found.entries)
    used = {variable.type for entry in found.entries for variable in entry.template.variables.values()}
    assert used == {"text", "number", "date", "choice", "list", "record"}


def test_shipped_chinese_is_in_the_script_that_it_says() -> None:
    simplified, traditional = OpenCC("t2s"), OpenCC("s2t")
    texts = [(entry.template.language, entry.template.template) for entry in load_library(SHIPPED).entries]
    assert [text for language, text in texts if language == "zh-Hans" and simplified.convert(text) != text] == []
    # Some characters have several traditional forms, so it is enough that the text is not the simplified one.
    assert [text for language, text in texts if language == "zh-Hant" and simplified.convert(text) == text] == []
    assert traditional.convert("设备") == "設備"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "prompts"))


def test_a_bad_template_is_reported_and_the_good_ones_beside_it_still_load(library: Path) -> None:
    path = library / "device_support" / "hardware.yaml"
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    good = len(read["templates"])
    read["templates"] += [{"id": "broken"}, "no mapping", read["templates"][0]]
    path.write_text(yaml.safe_dump(read, allow_unicode=True), encoding="utf-8")
    found = load_library(library)
    assert sum(entry.file == "device_support/hardware.yaml" for entry in found.entries) == good
    told = [str(problem) for problem in found.problems]
    assert any("template broken, field template: found nothing" in one for one in told)
    assert any("'no mapping'" in one for one in told)
    assert any("field id: found it twice" in one for one in told)
    assert found.template("device_support.hardware.repair-steps").task_type == "draft"
    with pytest.raises(KeyError, match=r"library\.sub_domain\.id"):
        found.template("broken")


BROKEN_FILES: list[tuple[bytes, str]] = [
    (b"templates: [", "no YAML"),
    (b"templates: []\ntemplates: []\n", "stands twice"),
    (b"- a list", "without a list"),
    (b"\xff\xfe\xff", "no UTF-8"),
    (b"!!python/object/apply:os.system ['true']", "no YAML"),
    (b"[" * 100_000, "nested too deeply"),
    (b"x" * 600_000, "at most 500000 bytes"),
    (b"templates: []\nowner: me\n", "the key owner"),
]


@pytest.mark.parametrize(("content", "said"), BROKEN_FILES, ids=[said for _, said in BROKEN_FILES])
def test_a_file_that_cannot_be_read_is_reported_and_the_others_load(library: Path, content: bytes, said: str) -> None:
    (library / "mobile_edge" / "iot.yaml").write_bytes(content)
    found = load_library(library)
    assert any(said in str(problem) and "mobile_edge/iot.yaml" in str(problem) for problem in found.problems)
    assert {entry.library for entry in found.entries} == set(LIBRARIES)
    assert shortfalls(found, 4) == ["mobile_edge/iot has 0 active templates, at least 4 expected"]


def test_missing_and_unknown_files_are_reported(library: Path) -> None:
    (library / "mobile_edge" / "iot.yaml").rename(library / "mobile_edge" / "lot.yaml")
    told = [str(problem) for problem in load_library(library).problems]
    assert any("mobile_edge/iot.yaml" in one and "no such file" in one for one in told)
    assert any("mobile_edge/lot.yaml" in one and "no sub-domain" in one for one in told)
