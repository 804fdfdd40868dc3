"""`python -m lenovo_pipeline.models.registry list|search|show|verify|restore|release`: the adapters.

Belongs here: the command line. Looking reads the published snapshot alone; going back to an adapter writes, and publishes anew.
"""

import argparse
import sys
from datetime import UTC, datetime

from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.models.registry import reader
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT, Settings, get_settings


def main(arguments: list[str] | None = None) -> int:
    """Print the answer; returns 0, 1 if an adapter that was verified cannot be used, 2 if there is nothing to answer with."""
    options = _parser().parse_args(arguments)
    settings = get_settings()
    store = Store(settings.store)
    try:
        if options.command in ("restore", "release"):
            print(_changed(options, store, settings))
            return 0
        if options.command in ("list", "search"):
            filters = {name: getattr(options, name, None) for name in ("model", "domain", "base", "method", "text")}
            print(reader.table(reader.adapters(store, **filters)))
            return 0
        rows = reader.adapters(store)
        if options.command == "show":
            row = _one_of(rows, options.adapter)
            print(reader.shown(row, [each for each in rows if (each["model"], each["build"]) == (row["model"], row["build"])]))
            return 0
        return _verify(store, [_one_of(rows, options.adapter)] if options.adapter else rows)
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lenovo_pipeline.models.registry", description="The adapters.")
    commands = parser.add_subparsers(dest="command", required=True)
    listed = commands.add_parser("list", help="every version of every adapter, and which one is used")
    search = commands.add_parser("search", help="those that fit")
    search.add_argument("text", nargs="?", help="sought in name, domain, licence, training set, modules and what made it")
    for each in (listed, search):
        for name, what in (("model", "model partition"), ("domain", "domain"), ("method", "lora, qlora, weighted, stacked, …")):
            each.add_argument(f"--{name}", help=what)
        each.add_argument("--base", help="name of the base model, or the beginning of its revision")
    about = "name of a build, or the beginning of an adapter's content"
    commands.add_parser("show", help="everything about one").add_argument("adapter", help=about)
    commands.add_parser("verify", help="hold files, rows and base against each other").add_argument(
        "adapter", nargs="?", help=about
    )
    restore = commands.add_parser("restore", help="use an earlier adapter again, until it is released")
    restore.add_argument("adapter", help="the beginning of its content, as `list` shows it")
    release = commands.add_parser("release", help="let the validation loss choose again")
    release.add_argument("model")
    release.add_argument("domain")
    return parser


def _one_of(rows: list[dict[str, object]], wanted: str) -> dict[str, object]:
    from lenovo_pipeline.models.registry.finding import one_of

    return dict(one_of(rows, wanted))


def _verify(store: Store, rows: list[dict[str, object]]) -> int:
    found = reader.verified(store, rows, PROJECT_ROOT)
    for name, problems in found.items():
        print(f"{'NO' if problems else 'ok'}  {name}")
        for problem in problems:
            print(f"      {problem}")
    return 1 if any(found.values()) else 0


def _changed(options: argparse.Namespace, store: Store, settings: Settings) -> str:
    """Write what was asked for, tell MLflow, and publish it."""
    from lenovo_pipeline.models.registry import champions
    from lenovo_pipeline.models.registry.mlflow_models import synchronise
    from lenovo_pipeline.models.tables import ADAPTER_CHAMPIONS, ADAPTER_REGISTRY
    from lenovo_pipeline.resources.ledger import Ledger
    from lenovo_pipeline.resources.published import publish
    from lenovo_pipeline.resources.snapshot import read_manifest
    from lenovo_pipeline.resources.tracking import Tracking
    from lenovo_pipeline.resources.warehouse import Warehouse

    manifest = read_manifest(store)
    if manifest is None:
        raise PermanentFailure(f"nothing has been published in {store.root} yet", remedy="Run: make run")
    warehouse = Warehouse(settings.warehouse or str(store.warehouse))
    with store.held(f"the adapter registry ({options.command})", settings.lock_wait_s, print):
        if options.command == "restore":
            row = champions.restore(store, warehouse, options.adapter, datetime.now(UTC).replace(tzinfo=None))
            said = f"{row['build']} {row['champion']} is the champion of {row['model']} for {row['domain']}."
        else:
            champions.release(warehouse, options.model, options.domain)
            said = "The next run chooses again."
        tracking = Tracking(store.mlflow, store.artifacts / "mlflow")
        try:
            registered, used = (Ledger(warehouse, table).rows() for table in (ADAPTER_REGISTRY, ADAPTER_CHAMPIONS))
            synchronise(tracking.client(), store, registered, used, uri=tracking.uri)
        finally:
            tracking.close()
        publish(store, warehouse, made_by=manifest["made_by"])
    return said


if __name__ == "__main__":
    exit_with(main)
