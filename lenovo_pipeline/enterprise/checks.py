"""The checks of stage `enterprise` beyond the contracts: what only this world knows."""

from collections.abc import Sequence

from dagster import AssetChecksDefinition, ResourceParam

from lenovo_pipeline.enterprise import tables
from lenovo_pipeline.enterprise.anchors import split_of
from lenovo_pipeline.enterprise.causality import RULES, Rule
from lenovo_pipeline.enterprise.texts.similarity import near_duplicate_share
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse

_BY_NAME = {table.name: table for table in tables.TABLES}
_WITH_TEXT = [table for table in tables.TABLES if "template" in table.column_names]
_MOST_SIMILAR_SHARE = 0.01
_MOST_TEXTS = 20_000


def _causality_check(rule: Rule) -> AssetChecksDefinition:
    def obeyed(warehouse: ResourceParam[Warehouse]) -> Sequence[str]:
        world = {name: warehouse.load(_BY_NAME[name]) for name in rule.needs}
        return [f"{row.table} {row.id}: {row.problem}" for row in rule.find(world).itertuples()]

    obeyed.__name__ = rule.name
    obeyed.__doc__ = f"Time runs forward and order holds in {rule.table}, judged beside {', '.join(rule.needs)}."
    deps = [_BY_NAME[name] for name in rule.needs if name != rule.table]
    return violations_check(_BY_NAME[rule.table], blocking=True, deps=deps, pure=True)(obeyed)


causality_checks = [_causality_check(rule) for rule in RULES]


@violations_check(
    tables.SUPPORT_ARTICLES, deps=[table for table in _WITH_TEXT if table is not tables.SUPPORT_ARTICLES], pure=True
)
def texts_differ(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Fewer than 1 % of all pairs of texts share more than half of their shingles."""
    every = " UNION ALL ".join(f"SELECT text FROM {table.qualified_name}" for table in _WITH_TEXT)
    # The share of pairs of a sample estimates that of all pairs without bias; by hash, so that it is always the same sample.
    texts = warehouse.frame(f"SELECT text FROM ({every}) ORDER BY sha256(text) LIMIT {_MOST_TEXTS}")["text"].tolist()
    share = near_duplicate_share(texts)
    return (
        [] if share < _MOST_SIMILAR_SHARE else [f"{share:.2%} of the pairs share more than half of their shingles; under 1 % may"]
    )


@violations_check(
    tables.SUPPORT_ARTICLES,
    blocking=True,
    deps=[table for table in _WITH_TEXT if table is not tables.SUPPORT_ARTICLES],
    pure=True,
)
def template_families_stay_in_their_split(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No template family writes texts of two splits, so that what a model learns in train does not recur in test."""
    splits: dict[str, set[str]] = {}
    for table in _WITH_TEXT:
        rows = warehouse.frame(f"SELECT DISTINCT template, anchor FROM {table.qualified_name}")
        for template, anchor in rows.itertuples(index=False):
            splits.setdefault(template, set()).add(split_of(anchor))
    return [
        f"{template} writes texts of {', '.join(sorted(found))}" for template, found in sorted(splits.items()) if len(found) > 1
    ]
