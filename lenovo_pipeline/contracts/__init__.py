"""The means to declare a table once and get from it the DDL, the checks, the column descriptions and the lineage."""

from lenovo_pipeline.contracts.conform import ContractError, canonical_lines, conform, digest
from lenovo_pipeline.contracts.table import HASH_COLUMN, Column, ColumnType, Table

__all__ = ["HASH_COLUMN", "Column", "ColumnType", "ContractError", "Table", "canonical_lines", "conform", "digest"]
