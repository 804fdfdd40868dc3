"""The code location that Dagster loads."""

from lenovo_pipeline.build import build_defs

defs = build_defs()
