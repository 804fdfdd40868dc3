"""How an asset check is declared: from a contract, or from a function that returns what is wrong.

A check passes only if it looked and found nothing. Its metadata lists what it found, so that the UI shows the reason.

    @violations_check("enterprise/incidents", blocking=True)
    def time_runs_forward(warehouse: ResourceParam[Warehouse]) -> list[str]:
        \"\"\"Nothing is fixed before it broke.\"\"\"
        return [...]   # one sentence for each violation

A check declared `pure=True` that passed is not judged again while its code, the settings and all rows that it read are as
they were (recipes.py): for functions that read nothing but tables. What failed is looked at again.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagster import AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, MetadataValue, ResourceParam, asset_check

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.contracts.expectations import validate
from lenovo_pipeline.failures import as_dagster_failure
from lenovo_pipeline.resources.assets import Upstream, asset_key
from lenovo_pipeline.resources.recipes import check_pure, recipe_of, remember, result_before
from lenovo_pipeline.resources.signatures import presented
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_SHOWN = 20
MORE = "- …"
"""How the line begins that says how many violations are not listed."""
_NEEDED: dict[str, Any] = {"store": ResourceParam[Store], "warehouse": ResourceParam[Warehouse]}


def violations_check(
    asset: Upstream,
    *,
    blocking: bool = False,
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
    deps: Sequence[Upstream] = (),
    pure: bool = False,
) -> Callable[[Callable[..., Sequence[str]]], AssetChecksDefinition]:
    """Declare a check of an asset: the function returns one sentence for each violation; its docstring says what must hold."""

    def declare(function: Callable[..., Sequence[str]]) -> AssetChecksDefinition:
        def judge(**arguments: Any) -> tuple[Sequence[str], dict[str, Any]]:
            return function(**arguments), {}

        return _check(asset, function, judge, blocking=blocking, severity=severity, deps=deps, pure=pure)

    return declare


def _check(
    asset: Upstream,
    function: Callable[..., Any],
    judge: Callable[..., tuple[Sequence[str], dict[str, Any]]],
    *,
    blocking: bool,
    severity: AssetCheckSeverity,
    deps: Sequence[Upstream],
    pure: bool,
) -> AssetChecksDefinition:
    """The check with the name, description and parameters of `function`; `judge` says what is wrong, and what else to report."""
    if pure:
        check_pure(function)
    subject = f"{'/'.join(asset_key(asset).path)}: {function.__name__}"

    def compute(given: dict[str, Any]) -> AssetCheckResult:
        arguments = {name: given[name] for name in inspect.signature(function).parameters}
        warehouse: Warehouse = given["warehouse"]
        with as_dagster_failure():
            recipe = recipe_of(subject, function, arguments) if pure else None
            known = recipe and result_before(warehouse, recipe)
            if known:
                return check_result([], severity, {**json.loads(known), "reused": True})
            with warehouse.noting_reads() as reads:
                violations, more = judge(**arguments)
            if recipe and not violations:
                remember(warehouse, recipe, reads, json.dumps(more))
            return check_result(violations, severity, more)

    return asset_check(
        asset=asset_key(asset),
        name=function.__name__,
        description=inspect.getdoc(function),
        blocking=blocking,
        additional_deps=[asset_key(dep) for dep in deps],
    )(presented(compute, function, _NEEDED, returns=AssetCheckResult))


def check_result(
    violations: Sequence[str], severity: AssetCheckSeverity = AssetCheckSeverity.ERROR, more: Mapping[str, Any] | None = None
) -> AssetCheckResult:
    """Passed if there is no violation; otherwise the count and the first twenty as readable metadata, beside `more`."""
    metadata: dict[str, Any] = {"violations": len(violations), **(more or {})}
    if violations:
        lines = [f"- {violation}" for violation in violations[:_SHOWN]]
        if len(violations) > _SHOWN:
            lines.append(f"{MORE} and {len(violations) - _SHOWN} more")
        metadata["found"] = MetadataValue.md("\n".join(lines))
    return AssetCheckResult(passed=not violations, severity=severity, metadata=metadata)


def contract_check(table: Table) -> AssetChecksDefinition:
    """The blocking check that a stored table fits its contract, by the Great Expectations suite made from it."""

    def fit_their_contract(
        warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]
    ) -> tuple[list[str], dict[str, Any]]:
        referred = referred_values(table, warehouse)
        verdicts = [validate(part, table, referred, scale=settings.effective_scale) for part in warehouse.slices(table)]
        failures = [failure for verdict in verdicts for failure in verdict.failures]
        if len(verdicts) > 1:
            # Each part was judged alone, so what repeats across parts is still to be found.
            keys = {table.key, *((column.name,) for column in table.columns if column.unique)}
            repeats = {key: warehouse.repeated(table, key) for key in sorted(keys)}
            failures += [f"{', '.join(key)}: {count} rows repeat another one" for key, count in repeats.items() if count]
        return failures, {"expectations": sum(verdict.expectations for verdict in verdicts)}

    fit_their_contract.__name__ = f"{table.name}_fit_their_contract"
    fit_their_contract.__doc__ = (
        f"Types, ranges, uniqueness, not-null and references of {table.qualified_name}, as its contract says."
    )
    return _check(
        table,
        fit_their_contract,
        fit_their_contract,
        blocking=True,
        severity=AssetCheckSeverity.ERROR,
        deps=(),
        pure=True,
    )


def referred_values(table: Table, warehouse: Warehouse) -> dict[str, set[Any]]:
    """For each reference of a contract, the values that exist where it points."""
    values: dict[str, set[Any]] = {}
    for column, target_table, target in table.references():
        assert column.references
        if column.references not in values:
            values[column.references] = warehouse.distinct(target_table, target)
    return values
