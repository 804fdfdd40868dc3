"""Who may import Dagster: what is declared with it, never the logic. import-linter checks the order of the stages beside this."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "lenovo_pipeline"
FILES = {"assets.py", "checks.py", "failures.py", "partitions.py", "build.py", "definitions.py"}
FOLDERS = {"resources", "automation", "commands"}


def imports(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def test_imports_are_found_wherever_they_stand() -> None:
    assert imports("def f():\n    from dagster._core import x\nimport os.path") == {"dagster", "os"}


def test_only_what_declares_assets_imports_dagster() -> None:
    offenders = [
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name not in FILES
        and path.relative_to(PACKAGE).parts[0] not in FOLDERS
        and {"dagster", "dagster_duckdb", "dagster_mlflow"} & imports(path.read_text(encoding="utf-8"))
    ]
    assert offenders == []
