"""`python -m lenovo_pipeline.retrieval ask "…"`: what retrieval finds for a question, and why; with --answer, what a model says.

Belongs here: the command line. What it does is put together in asking.py.
"""

import argparse
import sys

from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.retrieval.asking import SOURCES, Asked, answered
from lenovo_pipeline.retrieval.interface import RECORD_TYPES
from lenovo_pipeline.settings import get_settings


def main(arguments: list[str] | None = None) -> int:
    """Print ranked evidence; returns 0, 1 if nothing was found, 2 if the question cannot be asked."""
    given = _parser().parse_args(arguments)
    filters = {"record_types": given.type or (), "languages": given.language or ()}
    filters |= {"context_device": given.device, "context_customer": given.customer}
    asked = Asked(given.question, given.k, filters, given.source, given.model if given.answer else None, given.trace)
    try:
        shown, found = answered(asked, get_settings())
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(shown)
    return 0 if found else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lenovo_pipeline.retrieval", description="Ask the records.")
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask", help="ranked records for a question, with the source that found each, its score and why")
    ask.add_argument("question", help='for example "Which incidents hit the ThinkPad T14 Gen 5?"')
    ask.add_argument("-k", type=int, default=5, help="records wanted (5)")
    ask.add_argument("--source", choices=SOURCES, default="hybrid", help="ask one source alone")
    ask.add_argument("--type", action="append", choices=RECORD_TYPES, help="only records of this type; may be repeated")
    ask.add_argument("--language", action="append", help="only records in this language, such as zh-Hans; may be repeated")
    ask.add_argument("--device", help="id of the device that is meant where the question names none")
    ask.add_argument("--customer", help="id of the customer that is meant where the question names none")
    ask.add_argument("--answer", action="store_true", help="let a model answer from what was found, with its sources")
    ask.add_argument("--model", default=DEFAULT_MODEL, help=f"the model that answers ({DEFAULT_MODEL})")
    ask.add_argument("--trace", action="store_true", help="keep every stage of the question as a trace in MLflow")
    return parser


if __name__ == "__main__":
    exit_with(main)
