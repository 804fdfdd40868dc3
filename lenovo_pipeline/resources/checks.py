"""How an asset check is declared: from a contract, or from a function that returns what is wrong.

A check passes only if it looked and found nothing. Its metadata lists what it found, so that the UI shows the reason.

    @violations_check("enterprise/incidents", blocking=True)
    def time_runs_forward(warehouse: ResourceParam[Warehouse]) -> list[str]:
        \"\"\"Nothing is fixed before it broke.\"\"\"
        return [...]   # one sentence for each violation
"""

import inspect
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from dagster import AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, MetadataValue, ResourceParam, asset_check

from lenovo_pipeline.contracts import Table, digest
from lenovo_pipeline.contracts.expectations import validate
from lenovo_pipeline.failures import as_dagster_failure
from lenovo_pipeline.resources.assets import Upstream, asset_key
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.verdicts import passed_before, remember_passed
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_SHOWN = 20


def violations_check(
    asset: Upstream,
    *,
    blocking: bool = False,
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
    deps: Sequence[Upstream] = (),
) -> Callable[[Callable[..., Sequence[str]]], AssetChecksDefinition]:
    """Declare a check of an asset: the function returns one sentence for each violation; its docstring says what must hold."""

    def declare(function: Callable[..., Sequence[str]]) -> AssetChecksDefinition:
        own = inspect.signature(function).parameters
        annotations: dict[str, Any] = {"store": ResourceParam[Store], **{name: p.annotation for name, p in own.items()}}

        def compute(**arguments: Any) -> AssetCheckResult:
            with as_dagster_failure():
                return check_result(function(**{name: arguments[name] for name in own}), severity)

        compute.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=a) for n, a in annotations.items()],
            return_annotation=AssetCheckResult,
        )
        compute.__annotations__ = {**annotations, "return": AssetCheckResult}
        compute.__name__ = function.__name__
        return asset_check(
            asset=asset_key(asset),
            name=function.__name__,
            description=inspect.getdoc(function),
            blocking=blocking,
            additional_deps=[asset_key(dep) for dep in deps],
        )(compute)

    return declare


def check_result(violations: Sequence[str], severity: AssetCheckSeverity = AssetCheckSeverity.ERROR) -> AssetCheckResult:
    """Passed if there is no violation; otherwise the count and the first twenty as readable metadata."""
    metadata: dict[str, Any] = {"violations": len(violations)}
    if violations:
        lines = [f"- {violation}" for violation in violations[:_SHOWN]]
        if len(violations) > _SHOWN:
            lines.append(f"- … and {len(violations) - _SHOWN} more")
        metadata["found"] = MetadataValue.md("\n".join(lines))
    return AssetCheckResult(passed=not violations, severity=severity, metadata=metadata)


def contract_check(table: Table) -> AssetChecksDefinition:
    """The blocking check that a stored table fits its contract, by the Great Expectations suite made from it."""

    @asset_check(
        asset=asset_key(table),
        name=f"{table.name}_fit_their_contract",
        description=f"Types, ranges, uniqueness, not-null and references of {table.qualified_name}, as its contract says.",
        blocking=True,
    )
    def fit_their_contract(warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]) -> AssetCheckResult:
        with as_dagster_failure():
            judged = _judged(table, warehouse, settings)
            passed = passed_before(warehouse, table, judged)
            if passed is not None:
                return AssetCheckResult(passed=True, metadata={"violations": 0, "expectations": passed, "reused": True})
            referred = referred_values(table, warehouse)
            verdicts = [validate(part, table, referred, scale=settings.effective_scale) for part in warehouse.slices(table)]
            failures = [failure for verdict in verdicts for failure in verdict.failures]
            if len(verdicts) > 1:
                # Each part was judged alone, so what repeats across parts is still to be found.
                keys = {table.key, *((column.name,) for column in table.columns if column.unique)}
                repeats = {key: warehouse.repeated(table, key) for key in sorted(keys)}
                failures += [f"{', '.join(key)}: {count} rows repeat another one" for key, count in repeats.items() if count]
            expectations = sum(verdict.expectations for verdict in verdicts)
            if not failures:
                remember_passed(warehouse, table, judged, expectations)
        result = check_result(failures)
        return AssetCheckResult(
            passed=result.passed, severity=result.severity, metadata={**result.metadata, "expectations": expectations}
        )

    return fit_their_contract


def _judged(table: Table, warehouse: Warehouse, settings: Settings) -> str:
    """Everything that a verdict follows from: the rules, the code that applies them, the rows, and the rows referred to.

    The rows are looked at as they lie there, not as the register says, so that a row changed by hand is judged anew.
    """
    referred = sorted({target for _, target, _ in table.references()} - {table.qualified_name})
    rows = [f"{name} {warehouse.fingerprint(name)}" for name in (table.qualified_name, *referred)]
    versions = f"great-expectations {version('great-expectations')}, duckdb {version('duckdb')}"
    return digest([repr(table), code_version(validate), str(settings.effective_scale), versions, *rows])


def referred_values(table: Table, warehouse: Warehouse) -> dict[str, set[Any]]:
    """For each reference of a contract, the values that exist where it points."""
    values: dict[str, set[Any]] = {}
    for column, target_table, target in table.references():
        assert column.references
        if column.references not in values:
            with warehouse.read() as connection:
                rows = connection.execute(f'SELECT DISTINCT "{target}" FROM {target_table}').fetchall()
            values[column.references] = {row[0] for row in rows}
    return values
