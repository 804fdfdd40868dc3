"""Ctrl-C in the middle of a run: a clean stop, nothing half-written, nothing locked, and the next run works."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

PIPELINE = """
    import logging
    import sys
    import time
    from pathlib import Path

    import pandas as pd
    from dagster import DagsterInstance, Definitions, define_asset_job, in_process_executor

    from lenovo_pipeline.commands import run
    from lenovo_pipeline.contracts import Column, Table
    from lenovo_pipeline.resources.assets import table_asset
    from lenovo_pipeline.resources.wiring import make_resources
    from lenovo_pipeline.settings import get_settings

    def table_of(name):
        return Table(stage="enterprise", name=name, description=name, key=("id",),
                     columns=(Column(name="id", type="integer", description="Key."),))

    FIRST, SLOW, LAST = table_of("first"), table_of("slow"), table_of("last")

    @table_asset(FIRST)
    def first():
        return pd.DataFrame({"id": [1, 2]})

    @table_asset(SLOW, first=FIRST)
    def slow(first):
        yield pd.DataFrame({"id": [1]})
        Path(sys.argv[1]).touch()
        while sys.argv[2] == "wait":
            time.sleep(0.05)
        yield pd.DataFrame({"id": [2]})

    @table_asset(LAST, slow=SLOW)
    def last(slow):
        return slow[["id"]]

    def small_defs(*, settings):
        tables = {table.qualified_name: table for table in (FIRST, SLOW, LAST)}
        return Definitions(assets=[first, slow, last], resources=make_resources(settings, tables),
                           executor=in_process_executor, jobs=[define_asset_job("everything", "*")])

    run.build_defs = small_defs
    sys.exit(run.main([]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_an_interrupted_run_stops_cleanly_and_the_next_one_goes_on(trial: Any, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(tmp_path / "home"),
        "LENOVO_STORE": str(trial.store.root),
        "LENOVO_LOCK_WAIT_S": "0",
        "LENOVO_PROFILE": "smoke",
    }
    started = tmp_path / "started"
    (tmp_path / "pipeline.py").write_text(textwrap.dedent(PIPELINE))
    line = [sys.executable, str(tmp_path / "pipeline.py"), str(started)]
    with subprocess.Popen([*line, "wait"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        while not started.exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate()
    assert process.returncode == 130, said + errors
    assert "Run stopped: 1 of 3 assets" in said
    assert "Nothing is half-written" in said
    assert "Traceback" not in said + errors

    query = (
        "from dagster import DagsterInstance\n"
        "with DagsterInstance.get() as instance: print([run.status.value for run in instance.get_runs()])"
    )
    statuses = subprocess.run([sys.executable, "-c", query], capture_output=True, text=True, check=True, env=environment).stdout
    assert statuses.strip() in ("['CANCELED']", "['FAILURE']")

    again = subprocess.run([*line, "go on"], capture_output=True, text=True, check=False, env=environment)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Run succeeded: 3 of 3 assets (1 unchanged)" in again.stdout
    assert "Traceback" not in again.stdout + again.stderr
    assert [
        run.info.status for run in trial.client().search_runs([trial.client().get_experiment_by_name("runs").experiment_id])
    ] == [
        "FINISHED",
        "FAILED",
    ]
