"""A production entry has a whole dossier that anybody can open; an empty roster says why; every way to be wrong is found."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_string
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.evaluation.tables import HEADERS, LEADERBOARD
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.catalogue import read_catalogue
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster import checks
from lenovo_pipeline.roster.decide import decide
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.dossier.gathering import dossiers, not_running, upstream
from lenovo_pipeline.roster.dossier.packages import UNKNOWN, Package, licence_of, packages
from lenovo_pipeline.roster.dossier.reading import tell
from lenovo_pipeline.roster.dossier.writing import dossier_problems, write_dossiers
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.log.heads import Heads
from lenovo_pipeline.roster.reader import why
from lenovo_pipeline.roster.record import record_decisions, record_deployments
from lenovo_pipeline.roster.tables import COST, DEPLOYMENTS, ENTRIES
from lenovo_pipeline.settings import PROJECT_ROOT

Make = Callable[..., Any]
NAME, HEADER = "lenovo-nano/open-book", "0123456789abcdef"
NOON = datetime(2026, 3, 1, 12)
HASH = "f" * 16
GRAPH: dict[str, dict[str, Any]] = {
    "evaluation/raw_foundation": {"deps": ["evaluation/items"], "code_version": "c1"},
    "evaluation/items": {"deps": [], "code_version": "c2"},
    "roster/decisions": {"deps": ["evaluation/raw_foundation"], "code_version": "c3"},
    "uploads/files": {"deps": [], "code_version": "c4"},
}
SOME = (
    Package("lenovo_pipeline", "0.1.0", "Apache-2.0", ("numpy", "odd-one")),
    Package("numpy", "2.4.6", "BSD-3-Clause AND 0BSD", ()),
    Package("odd.one", "1", UNKNOWN, ("numpy",)),
)


class Roster:
    """A warehouse in which an entry runs at the desk and nothing for phones."""

    def __init__(self, store: Store, log: DecisionLog, policy: Make, entry: Make, figures: Make) -> None:
        self.store, self.log, self.warehouse = store, log, log.warehouse
        self.entry, self.figures = entry, figures
        self.policy = policy(desk={}, phone={"floors": [{"metric": "correct", "slice": "answerable", "at_least": 0.9}]})
        self.book = Book(store.deployments, clock=lambda: NOON.replace(tzinfo=UTC))
        self.fill()
        self.run()

    def run(self, correct: float = 0.8) -> None:
        entries = [self.entry()]
        record_decisions(self.log, decide(self.policy, entries, {NAME: self.figures(correct=correct)}), NOON)
        record_deployments(self.log, self.book, self.policy.decided([(NAME, "raw_foundation")]))

    def fill(self) -> None:
        entry = {name: list(v) if isinstance(v, tuple) else v for name, v in vars(self.entry()).items()}
        self.warehouse.replace(ENTRIES, pd.DataFrame([entry]))
        catalogue = read_catalogue(PROJECT_ROOT / "data" / "catalogue" / "models.yaml").rows()
        self.warehouse.replace(CATALOGUE, pd.DataFrame(catalogue, columns=list(CATALOGUE.column_names)))
        foundation: dict[str, Any] = {
            "model": "lenovo-nano",
            "source": "folder",
            "identifier": "data/models/lenovo-nano",
            "revision": "r1",
        }
        foundation |= {"tokenizer_hash": "t1", "template_hash": "c1", "parameters": 5_000_000, "size_bytes": 19_000_000}
        foundation |= {"context_length": 4096, "licence_class": "open_source", "targets": ["server"], "identity": "a" * 64}
        self.warehouse.replace(FOUNDATION, pd.DataFrame([foundation]), model="lenovo-nano")
        made_by = {"candidate": NAME, "items": 2, "items_hash": HASH, "seed": 1, "packages": {"torch": "2"}}
        header = {"header": HEADER, "candidate": NAME, "kind": "raw_foundation", "model": "lenovo-nano", "items": 2}
        header |= {"items_hash": HASH, "prompt_version": HASH, "commit": None}
        header |= {"made_by": {**made_by, "described": {"prompt_version": HASH, "generation": {"max_tokens": 128}}}}
        self.warehouse.replace(HEADERS, pd.DataFrame([header]))
        figure: dict[str, Any] = {
            "candidate": NAME,
            "kind": "raw_foundation",
            "model": "lenovo-nano",
            "metric": "correct",
            "slice": "answerable",
        }
        figure |= {"value": 0.8, "lower": 0.75, "upper": 0.85, "scored": 2, "unscored": 0, "clusters": 2, "unit": "1"}
        self.warehouse.replace(LEADERBOARD, pd.DataFrame([{**figure, "current": True, "header": HEADER}]))
        cost = dict.fromkeys(COST.column_names) | {"entry": NAME, "kind": "raw_foundation", "model": "lenovo-nano"}
        cost |= {"answers": 2, "per_1000": 0.002, "currency": "USD", "unknown": ["energy: no meter was read"], "header": HEADER}
        self.warehouse.replace(COST, pd.DataFrame([cost]))
        with self.warehouse.write() as connection:
            connection.execute("CREATE TABLE evaluation.items AS SELECT 'one_hop' AS category, 'en' AS language FROM range(2)")
            connection.execute("CREATE SCHEMA gold")
            connection.execute("CREATE TABLE gold.questions AS SELECT 'test' AS split, 'Q' AS question_id, ['R'] AS evidence_ids")
            connection.execute("INSERT INTO pipeline.tables SELECT 'gold.questions', '', 'd1', 'c', 1, 1, now()::TIMESTAMP")

    @property
    def place(self) -> Path:
        return self.store.artifacts / "dossier"

    def write(self) -> Any:
        found = dossiers(self.warehouse, self.book, GRAPH, SOME)
        return write_dossiers(found, not_running(self.warehouse), SOME, self.place, code="c")

    def problems(self) -> list[str]:
        rows: list[Any] = self.warehouse.load(DEPLOYMENTS).to_dict("records")
        return dossier_problems(self.place, rows)


@pytest.fixture
def roster(tmp_path: Path, warehouse: Warehouse, policy: Make, entry: Make, figures: Make) -> Roster:
    store = Store(tmp_path / "store")
    store.open()
    return Roster(store, DecisionLog(warehouse, Heads(store.deployments)), policy, entry, figures)


def test_a_production_entry_has_a_folder_with_page_data_and_materials(roster: Roster) -> None:
    written = roster.write()
    assert (written.dossiers, written.changed) == (1, True)
    assert {path.name for path in (roster.place / "desk").iterdir()} == {"index.html", "dossier.json", "sbom.cdx.json"}
    said = json.loads((roster.place / "desk" / "dossier.json").read_text())
    assert said["model"]["title"] == "Lenovo Nano"
    assert (said["model"]["revision"], said["model"]["generation"]) == ("r1", {"max_tokens": 128})
    assert said["model"]["cost"]["per_1000"] == 0.002
    assert [each["use_case"] for each in said["model"]["not_for"]] == ["phone"]
    (figure,) = said["model"]["figures"]
    assert (figure["value"], figure["lower"], figure["scored"]) == (0.8, 0.75, 2)
    assert said["datasets"]["judged_by"]["strata"] == [{"category": "one_hop", "language": "en", "questions": 2}]
    assert said["datasets"]["versions"] == {"gold.questions": "d1"}
    assert said["licences"]["model"]["licence"] == "Apache License 2.0"
    assert said["licences"]["packages"] == {"Apache-2.0": 1, "BSD-3-Clause AND 0BSD": 1, UNKNOWN: 1}
    assert {rule["verdict"] for rule in said["decision"]["rules"]} == {"passed"}
    assert [step["kind"] for step in said["deployments"]] == ["promoted"]
    assert said["lineage"]["assets"] == {name: GRAPH[name]["code_version"] for name in sorted(GRAPH) if name != "uploads/files"}
    assert roster.problems() == []


def test_the_page_needs_nothing_else_and_escapes_what_others_wrote(roster: Roster) -> None:
    with roster.warehouse.write() as connection:
        connection.execute("UPDATE models.catalogue SET title = '<script>alert(1)</script>' WHERE name = 'lenovo-nano'")
    roster.write()
    page = (roster.place / "desk" / "index.html").read_text()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    for part in ("Model card", "Dataset card", "Licences", "Evidence", "Lineage", "correct of answerable &gt;= 0.6"):
        assert part in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert 'href="desk/index.html"' in (roster.place / "index.html").read_text()


def test_the_bill_of_materials_is_valid_and_lists_model_data_and_packages(roster: Roster) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    roster.write()
    text = (roster.place / "desk" / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["metadata"]["component"]["type"] == "machine-learning-model"
    assert bill["metadata"]["component"]["name"] == NAME
    by_name = {part["name"]: part for part in bill["components"]}
    assert by_name["numpy"]["purl"] == "pkg:pypi/numpy@2.4.6"
    assert by_name["numpy"]["licenses"] == [{"expression": "BSD-3-Clause AND 0BSD"}]
    assert "licenses" not in by_name["odd.one"]
    assert (by_name["gold.questions"]["type"], by_name["gold.questions"]["version"]) == ("data", "d1")
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert needs["pkg:lenovo-pipeline@0.1.0"] == ["pkg:numpy@2.4.6", "pkg:odd.one@1"]


def test_the_same_facts_are_written_once_and_new_ones_again(roster: Roster) -> None:
    first = roster.write()
    before = (roster.place / "desk" / "sbom.cdx.json").read_bytes()
    again = roster.write()
    assert (again.changed, again.version) == (False, first.version)
    shutil.rmtree(roster.place)
    assert roster.write().version == first.version
    assert (roster.place / "desk" / "sbom.cdx.json").read_bytes() == before
    roster.run(correct=0.82)
    assert roster.write().changed


@pytest.mark.parametrize("use_case", ["../outside", "{absolute}", "..", ".", "", "desk/deep"])
def test_no_dossier_is_written_outside_its_folder_whatever_the_use_case_is_called(
    roster: Roster, use_case: str, tmp_path: Path
) -> None:
    roster.write()
    outside = tmp_path / "outside"
    with roster.warehouse.write() as connection:
        connection.execute("UPDATE roster.deployments SET use_case = ?", [use_case.format(absolute=outside)])
    with pytest.raises(PermanentFailure, match="no folder can be named after the use cases"):
        roster.write()
    assert not outside.exists() and not (roster.place.parent / "outside").exists()
    assert (roster.place / "desk" / "index.html").is_file()


def test_an_entry_whose_decision_is_gone_from_the_log_is_named(roster: Roster) -> None:
    with roster.warehouse.write() as connection:
        connection.execute("UPDATE roster.deployments SET decision_id = 'DEC-0000000000000000'")
    with pytest.raises(PermanentFailure, match=f"{NAME} runs for desk by the decision DEC-0+, which the log .* does not hold"):
        roster.write()


def test_an_empty_roster_has_no_dossier_and_says_why(roster: Roster) -> None:
    roster.run(correct=0.1)
    assert roster.write().dossiers == 0
    assert [path.name for path in roster.place.iterdir() if path.is_dir()] == []
    page = (roster.place / "index.html").read_text()
    assert "Nothing runs in production" in page
    assert "correct of answerable lower bound 0.05 &lt; 0.60" in page
    assert roster.problems() == []
    with pytest.raises(PermanentFailure, match="has no dossier, since it does not run in production"):
        tell(roster.store, NAME)


def test_the_command_and_why_show_where_it_lies(roster: Roster) -> None:
    roster.write()
    said = tell(roster.store, NAME)
    assert f"{NAME}, in production for desk since 2026-03-01 12:00" in said
    assert str(roster.place / "desk" / "index.html") in said
    assert "3 packages" in said
    publish(roster.store, roster.warehouse, made_by={})
    assert "dossier: artifacts/dossier/desk/index.html" in why(roster.store, NAME)
    with pytest.raises(PermanentFailure, match=f"There are those of {NAME}"):
        tell(roster.store, "nobody")


def judged(roster: Roster) -> AssetCheckResult:
    result = checks.production_entries_have_their_dossier(warehouse=roster.warehouse, store=roster.store)
    assert isinstance(result, AssetCheckResult)
    return result


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lambda place: shutil.rmtree(place / "desk"), f"the dossier of {NAME} for desk lacks index.html"),
        (lambda place: (place / "desk" / "sbom.cdx.json").unlink(), "for desk lacks sbom.cdx.json"),
        (lambda place: (place / "desk" / "sbom.cdx.json").write_text("{}"), "the bill of materials"),
        (lambda place: (place / "desk" / "dossier.json").write_text("{"), "cannot be read"),
        (lambda place: (place / "desk" / "dossier.json").write_text('{"entry": "x"}'), "is of x, but"),
        (lambda place: (place / "attic").mkdir(), "there is a dossier of attic, where nothing runs"),
        (lambda place: (place / "index.html").unlink(), "the page of all dossiers, index.html, is missing"),
    ],
)
def test_a_dossier_that_is_missing_damaged_or_of_something_else_is_found(
    roster: Roster, harm: Callable[[Path], Any], expected: str
) -> None:
    roster.write()
    assert judged(roster).passed
    harm(roster.place)
    result = judged(roster)
    assert not result.passed
    assert expected in str(result.metadata["found"].value)


def test_a_dossier_of_an_earlier_decision_is_found(roster: Roster) -> None:
    roster.write()
    roster.run(correct=0.82)
    result = judged(roster)
    assert not result.passed
    assert f"but {NAME} runs by DEC-" in str(result.metadata["found"].value)


def test_packages_are_those_that_are_installed_with_their_licences() -> None:
    found = {package.name.lower(): package for package in packages("dagster")}
    assert found["dagster"].version == version("dagster")
    assert "jinja2" in found["dagster"].needs and "jinja2" in found and "markupsafe" in found
    assert all(package.licence for package in found.values())
    assert "pytest" not in found, "what only an extra needs is not needed"


def test_a_licence_is_read_wherever_a_package_states_it() -> None:
    def stated(**fields: str) -> str:
        text = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items())
        return licence_of(message_from_string(text))  # type: ignore[arg-type]  # as importlib reads it

    assert stated(License_Expression="MIT", License="something else") == "MIT"
    assert stated(License="BSD 3-Clause\n  Copyright") == "BSD 3-Clause"
    assert stated(Classifier="License :: OSI Approved :: Apache Software License") == "Apache Software License"
    assert stated(License="UNKNOWN") == stated() == UNKNOWN
    assert len(stated(License="x" * 500)) == 80


def test_upstream_is_everything_that_something_is_made_from() -> None:
    assert upstream(GRAPH, ["roster/decisions"]) == ["evaluation/items", "evaluation/raw_foundation", "roster/decisions"]
    assert upstream(GRAPH, ["nowhere"]) == []
