"""`python -m lenovo_pipeline.roster why <entry>` and `… status`: the roster, from the published snapshot alone.

Belongs here: the command line. What it says is put together in reader.py.
"""

import argparse
import sys

from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.reader import status, why
from lenovo_pipeline.settings import get_settings


def main(arguments: list[str] | None = None) -> int:
    """Print the answer; returns 0, or 2 if there is no snapshot or no such entry."""
    parser = argparse.ArgumentParser(prog="python -m lenovo_pipeline.roster", description="What runs where, and why.")
    commands = parser.add_subparsers(dest="command", required=True)
    overview = commands.add_parser("status", help="what runs where, and what stands against the others")
    overview.add_argument("--all", action="store_true", help="name every entry, not only those that come nearest")
    about = commands.add_parser("why", help="every rule, figure, bound and verdict of one entry")
    about.add_argument("entry", help="name of a candidate, for example lenovo-nano/open-book")
    options = parser.parse_args(arguments)
    store = Store(get_settings().store)
    try:
        print(status(store, every=options.all) if options.command == "status" else why(store, options.entry))
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
