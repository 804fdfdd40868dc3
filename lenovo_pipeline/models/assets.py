"""The assets of stage `models`, first half: the catalogue, what can be reached, and each partition's base model. Thin by rule.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.models.tables import AVAILABILITY, CATALOGUE, FOUNDATION
from lenovo_pipeline.partitions import DEFAULT_MODEL, MODEL_PARTITIONS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.settings import PROJECT_ROOT, Settings


@table_asset(CATALOGUE, kinds={"yaml"})
def catalogue(context: AssetExecutionContext, settings: ResourceParam[Settings]) -> pd.DataFrame:
    from lenovo_pipeline.models.catalogue import read_catalogue, shown

    found = read_catalogue(settings.catalogue)
    rows = found.rows()
    context.add_output_metadata(
        {
            "models": MetadataValue.md(markdown_table(pd.DataFrame(shown(rows)))),
            "file_sha256": found.sha256,
            "partitions": len(found.partitions),
            "references": len(found.references),
            "rejected": MetadataValue.md("\n".join(f"- {rejection}" for rejection in found.rejections) or "none"),
        }
    )
    return pd.DataFrame(rows, columns=list(CATALOGUE.column_names))


@table_asset(AVAILABILITY, catalogue=CATALOGUE)
def availability(context: AssetExecutionContext, catalogue: pd.DataFrame, inference: ResourceParam[Inference]) -> pd.DataFrame:
    from lenovo_pipeline.models.availability import survey

    found = pd.DataFrame(survey(catalogue.to_dict("records"), inference, PROJECT_ROOT), columns=list(AVAILABILITY.column_names))
    context.add_output_metadata({"reachable": int(found["reachable"].sum()), "models": MetadataValue.md(markdown_table(found))})
    return found


@table_asset(FOUNDATION, partitions_def=MODEL_PARTITIONS, catalogue=CATALOGUE, deps=[AVAILABILITY])
def foundation(context: AssetExecutionContext, catalogue: pd.DataFrame, inference: ResourceParam[Inference]) -> pd.DataFrame:
    from lenovo_pipeline.models.catalogue import require_row
    from lenovo_pipeline.models.foundation import resolve

    row = require_row(catalogue.to_dict("records"), context.partition_key)
    found = resolve(row, inference, PROJECT_ROOT, bundled=DEFAULT_MODEL)
    return pd.DataFrame([found], columns=list(FOUNDATION.column_names))
