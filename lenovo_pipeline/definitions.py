"""The code location that Dagster loads."""

import gc

# What loading makes lives on: collecting garbage meanwhile finds none and takes a tenth of the time.
gc.disable()

from lenovo_pipeline.build import build_defs  # noqa: E402

defs = build_defs()

# Nor does it become garbage later: left out of collections, it costs the process nothing more. The first of them, over
# every module and definition, took as long as a quarter of the loading.
gc.freeze()
gc.enable()
