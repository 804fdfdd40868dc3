"""The code location as Dagster loads it: quick, complete, and with the graph that was reviewed."""

import difflib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dagster import AssetSpec, Definitions, TableSchema

from lenovo_pipeline.build import TABLES, build_defs
from lenovo_pipeline.resources.assets import OWNERS
from lenovo_pipeline.settings import PROJECT_ROOT

HEAVY = {
    "bm25s",
    "bs4",
    "chromadb",
    "dagster_mlflow",
    "datasketch",
    "faker",
    "great_expectations",
    "langchain",
    "llama_index",
    "lxml",
    "mlflow",
    "neo4j",
    "onnx",
    "onnxruntime",
    "opencc",
    "openpyxl",
    "peft",
    "pypdf",
    "scipy",
    "sentence_transformers",
    "sklearn",
    "smolagents",
    "torch",
    "transformers",
    "zhconv",
}


@pytest.fixture(scope="module")
def defs() -> Definitions:
    return build_defs()


def specs(defs: Definitions) -> list[AssetSpec]:
    return list(defs.resolve_all_asset_specs())


def test_loading_the_definitions_imports_no_heavy_library_and_opens_no_store(tmp_path: Path) -> None:
    code = "import sys, lenovo_pipeline.definitions; print('\\n'.join(sorted(sys.modules)))"
    environment = {**os.environ, "LENOVO_STORE": str(tmp_path / "store"), "DAGSTER_HOME": ""}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
    )
    loaded = {name.split(".")[0] for name in ended.stdout.split()}
    assert "lenovo_pipeline" in loaded
    assert loaded.isdisjoint(HEAVY), sorted(loaded & HEAVY)
    assert list(tmp_path.iterdir()) == []


def test_loading_the_definitions_leaves_garbage_collection_on_and_what_it_made_out_of_it(tmp_path: Path) -> None:
    code = (
        "import gc, lenovo_pipeline.definitions as loaded\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 100_000, any(each is loaded.defs for each in gc.get_objects()))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ended.stdout.split() == ["True", "True", "False"]


def test_loading_the_definitions_does_not_depend_on_the_environment(tmp_path: Path) -> None:
    code = (
        "from lenovo_pipeline.definitions import defs\n"
        "print(sorted(k.to_user_string() for k in defs.resolve_asset_graph().get_all_asset_keys()))"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("LENOVO_")}
    found = set()
    for changes in (
        {},
        {"LENOVO_PROFILE": "smoke", "LENOVO_SEED": "7", "LENOVO_SCALE": "100", "LENOVO_STORE": "/nonexistent/store"},
    ):
        ended = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, env={**plain, **changes}
        )
        found.add(ended.stdout)
    assert len(found) == 1


def test_every_asset_carries_what_an_asset_must_carry(defs: Definitions) -> None:
    lacking: list[str] = []
    for spec in specs(defs):
        name = spec.key.to_user_string()
        references = spec.metadata.get("dagster/code_references")
        problems = {
            "group is not its stage": spec.group_name != spec.key.path[0],
            "no description": not (spec.description or "").strip(),
            "no owner": list(spec.owners) != [OWNERS[spec.key.path[0]]],
            "no kinds beside python": len(spec.kinds) < 2,
            "no stage tag": spec.tags.get("stage") != spec.key.path[0],
            "no code version": not spec.code_version,
            "no freshness policy": spec.freshness_policy is None,
            "no column schema": not isinstance(spec.metadata.get("dagster/column_schema"), TableSchema),
            "no code reference": references is None or not Path(references.code_references[0].file_path).is_file(),
        }
        lacking += [f"{name}: {problem}" for problem, found in problems.items() if found]
    assert lacking == []


def test_every_table_has_an_asset_with_its_columns_a_contract_check_and_lineage_into_the_graph(defs: Definitions) -> None:
    by_key = {"/".join(spec.key.path): spec for spec in specs(defs)}
    graph = defs.resolve_asset_graph()
    for table in TABLES.values():
        spec = by_key[f"{table.stage}/{table.name}"]
        schema = spec.metadata["dagster/column_schema"]
        assert isinstance(schema, TableSchema)
        assert [column.name for column in schema.columns] == [*table.column_names, "content_hash"]
        assert all(column.description for column in schema.columns), table.qualified_name
        checks = {check.name: graph.get_check_spec(check).blocking for check in graph.get(spec.key).check_keys}
        assert checks.get(f"{table.name}_fit_their_contract") is True, table.qualified_name


def test_references_and_sources_of_every_column_exist_and_come_from_upstream(defs: Definitions) -> None:
    graph = defs.resolve_asset_graph()
    wrong: list[str] = []
    for table in TABLES.values():
        for column in table.columns:
            for source in {*column.derived_from, *([column.references] if column.references else [])}:
                other, _, name = source.rpartition(".")
                place = f"{table.qualified_name}.{column.name} -> {source}"
                if other not in TABLES or name not in TABLES[other].column_names:
                    wrong.append(f"{place}: no such column")
                elif other != table.qualified_name and column.references == source:
                    own, upstream = _key(table.qualified_name), _key(other)
                    if upstream not in graph.get_ancestor_asset_keys(own):
                        wrong.append(f"{place}: not upstream")
    assert wrong == []


def _key(qualified: str) -> Any:
    from dagster import AssetKey

    return AssetKey(qualified.split("."))


def test_every_check_and_job_and_sensor_says_what_it_is_for(defs: Definitions) -> None:
    graph = defs.resolve_asset_graph()
    assert [key.to_user_string() for key in graph.asset_check_keys if not graph.get_check_spec(key).description] == []
    repository = defs.get_repository_def()
    named: list[Any] = [*repository.get_all_jobs(), *repository.schedule_defs, *repository.sensor_defs]
    assert [each.name for each in named if not each.description and not each.name.startswith("__")] == []


def _asset_graph() -> ModuleType:
    spec = importlib.util.spec_from_file_location("asset_graph", PROJECT_ROOT / "lenovo_pipeline_tests" / "asset_graph.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_asset_graph_is_the_one_that_was_reviewed(defs: Definitions) -> None:
    tool = _asset_graph()
    found = tool.as_text(tool.described(defs)).splitlines(keepends=True)
    reviewed = tool.SNAPSHOT.read_text(encoding="utf-8").splitlines(keepends=True)
    changes = "".join(difflib.unified_diff(reviewed, found, "reviewed", "now"))
    assert not changes, f"The asset graph changed. If that is meant: {tool.UPDATE}\n{changes}"
