"""The whole asset graph as text that a person can review, and the command that writes it: a change of it is a decision.

python lenovo_pipeline_tests/asset_graph.py
"""

import sys
from pathlib import Path
from typing import Any

import yaml
from dagster import AssetKey, Definitions

from lenovo_pipeline.partitions import MODEL_PARTITIONS

SNAPSHOT = Path(__file__).with_name("asset_graph.yaml")
UPDATE = ".venv/bin/python lenovo_pipeline_tests/asset_graph.py"


def described(defs: Definitions) -> dict[str, Any]:
    """Keys, groups, dependencies, checks, partitions, jobs, schedules and sensors, in plain values."""
    graph = defs.resolve_asset_graph()
    assets = {}
    for key in sorted(graph.materializable_asset_keys):
        node = graph.get(key)
        checks = {
            check.name + (" (blocking)" if graph.get_check_spec(check).blocking else ""): None
            for check in sorted(node.check_keys, key=lambda check: check.name)
        }
        partitions = node.partitions_def
        assets[_name(key)] = {
            "group": node.group_name,
            "kinds": sorted(node.kinds or ()),
            "made from": sorted(_name(parent) for parent in node.parent_keys),
            "checks": list(checks),
            # Which models there are is the catalogue's business: adding one leaves the graph as it is.
            "partitions": "models" if partitions == MODEL_PARTITIONS else None if partitions is None else str(partitions),
            "follows": node.automation_condition.get_label() if node.automation_condition else None,
        }
    repository = defs.get_repository_def()
    return {
        "assets": assets,
        "jobs": {
            job.name: sorted(map(_name, job.asset_layer.selected_asset_keys)) or sorted(node.name for node in job.nodes)
            for job in sorted(repository.get_all_jobs(), key=lambda job: job.name)
            if not job.name.startswith("__")
        },
        "schedules": {
            schedule.name: f"{schedule.cron_schedule} {schedule.execution_timezone}: {schedule.job_name}"
            for schedule in sorted(repository.schedule_defs, key=lambda schedule: schedule.name)
        },
        "sensors": {
            sensor.name: f"{sensor.sensor_type.value.lower()}, every {sensor.minimum_interval_seconds or 30} s"
            for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name)
        },
    }


def as_text(found: dict[str, Any]) -> str:
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=130)


def _name(key: AssetKey) -> str:
    return "/".join(key.path)


def main() -> int:
    from lenovo_pipeline.build import build_defs

    SNAPSHOT.write_text(as_text(described(build_defs())), encoding="utf-8")
    print(f"Wrote {SNAPSHOT}; look at its difference before you commit it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
