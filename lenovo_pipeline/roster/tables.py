"""The tables of stage `roster`: so far what the manifest of the snapshot lists."""

from lenovo_pipeline.contracts import Column, Table

PUBLISHED_TABLES = Table(
    stage="roster",
    name="published",
    description="One entry of the snapshot's manifest: a table, or one model's part of it.",
    key=("table", "model"),
    columns=(
        Column(name="table", type="text", description="Qualified name of the table in the snapshot."),
        Column(name="model", type="text", description="Model partition; empty for a table that has none."),
        Column(name="data_version", type="text", description="SHA-256 of the rows' content hashes."),
        Column(name="rows", type="integer", description="Rows in the snapshot.", minimum=0),
    ),
)
"""Not a table of the warehouse: it describes the records of the asset `roster/published`."""
