"""`python -m lenovo_pipeline.roster blast-radius WHAT --set|--with|--gone|--version …`: which assets this change makes again.

Belongs here: the command line that the roster's hands over to, once it is told the change.
"""

import argparse
import json
import logging
import os
import sys
from dataclasses import asdict
from pathlib import Path

from dagster import DagsterInstance

from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.commands.rehearsal.changes import Change
from lenovo_pipeline.commands.rehearsal.rehearse import Rehearsed, rehearse
from lenovo_pipeline.commands.run import require_partition
from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT, get_settings


def main(arguments: list[str] | None = None) -> int:
    """Print what is made again; returns 0, or 2 with the reason on stderr if it cannot be found out."""
    parser = argparse.ArgumentParser(prog="python -m lenovo_pipeline.roster blast-radius", description=__doc__.splitlines()[0])
    parser.add_argument("what", help="a record, a file or folder, a package, or a model")
    parser.add_argument(
        "--set", action="append", default=[], metavar="COLUMN=VALUE", help="a record's new value; may be repeated"
    )
    parser.add_argument("--with", dest="by", type=Path, metavar="PATH", help="the file or folder that takes its place")
    parser.add_argument("--gone", action="store_true", help="it is removed")
    parser.add_argument("--version", help="the version that a package gets")
    parser.add_argument("--model", default=DEFAULT_MODEL, help=f"the model that the run is for (default: {DEFAULT_MODEL})")
    parser.add_argument("--among", action="append", metavar="ASSET", help="look at this asset alone; may be repeated")
    parser.add_argument("--whole", action="store_true", help="train and ask models, too: exact, and as long as the run itself")
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    settings = get_settings()
    try:
        require_partition(options.model)
        change = Change(_values(options.set), options.by, options.gone, options.version)
        os.environ.setdefault("DAGSTER_HOME", str(PROJECT_ROOT))
        with DagsterInstance.get() as instance:
            found = rehearse(
                Store(settings.store),
                settings,
                instance,
                options.what,
                change,
                model=options.model,
                among=options.among,
                whole=options.whole,
                say=lambda line: print(line, file=sys.stderr),
            )
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(asdict(found)) if options.json else shown(found))
    return 0


def shown(found: Rehearsed) -> str:
    """The answer for a person."""
    lines = [f"After this change of {found.kind} {found.what} the next run makes {len(found.made)} assets again."]
    for text, names in (
        ("seen in a run on copies", found.again),
        ("again too, and it takes long (a model is trained or asked)", found.long),
        ("made from these, so they follow", found.follow),
        ("look, and take over what there is", found.unchanged),
    ):
        lines += [f"  {len(names)} {text}: {', '.join(names)}"] if names else []
    lines += [f"  {name} would fail: {why}" for name, why in sorted(found.failed.items())]
    return "\n".join(lines)


def _values(pairs: list[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise PermanentFailure(f"{', '.join(wrong)} is no COLUMN=VALUE", remedy="Write --set 'title=Another title'.")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


if __name__ == "__main__":
    exit_with(main)
