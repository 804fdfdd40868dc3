"""`python -m lenovo_pipeline.roster status|why|dossier|blast-radius|promote|challenge|rollback|approve|accept-log|accept-book`.

Belongs here: the command line. What is said is put together in reader.py from the published snapshot and the book of
deployments; what is changed is one transaction of that book, which a sensor records in Dagster. Only accept-log, which a
person runs who looked into a log that was tampered with, opens the warehouse; accept-book is the same for the book.
"""

import argparse
import getpass
import runpy
import sys
from datetime import timedelta

from lenovo_pipeline.command_line import exit_with, is_text
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.blast import blast_radius, shown
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.deploying.transitions import ENVIRONMENTS, LEAST_SHARE, MOST_SHARE, Transition
from lenovo_pipeline.roster.dossier.reading import tell
from lenovo_pipeline.roster.reader import approvable, promotable, status, why
from lenovo_pipeline.settings import Settings, get_settings

_SETTLED = timedelta(minutes=10)
"""For so long after a rollback, the next one by hand has to name the entry that it means."""


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; returns 0, 1 if the status tells of tampering, or 2 with the reason on stderr if it cannot be done."""
    parser = _parser()
    options = parser.parse_args(arguments)
    for name, value in vars(options).items():
        if isinstance(value, str) and not is_text(value):
            parser.error(f"{name} {value!r} is no text: it holds bytes that are no UTF-8")
    if options.command == "blast-radius" and options.change:
        return _rehearsed(options.what, options.change)
    store = Store(get_settings().store)
    try:
        if options.command == "status":
            said, tampered = status(store, every=options.all, environment=options.environment)
            print(said)
            return 1 if tampered else 0
        print(_answer(options, store))
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _answer(options: argparse.Namespace, store: Store) -> str:
    if options.command == "why":
        return why(store, options.entry, every=options.all)
    if options.command == "dossier":
        return tell(store, options.entry)
    if options.command == "blast-radius":
        return shown(blast_radius(store, get_settings(), options.what))
    if options.command == "accept-log":
        return _accepted(store, get_settings(), options.actor, options.reason)
    book = Book(store.deployments)
    if options.command == "accept-book":
        return book.accept(actor=options.actor, reason=options.reason)
    place = (options.environment, options.use_case)
    if options.command == "promote":
        running = book.active(*place)
        decision = promotable(store, *place, options.entry, anyway=options.anyway)
        named = {"actor": options.actor, "reason": options.reason, "model": decision["model"]}
        seen = running.version if running else 0
        return _said(book.promote(*place, options.entry, decision["decision_id"], seen_version=seen, **named))
    if options.command == "challenge" and options.remove:
        return _said(book.remove_challenger(*place, actor=options.actor, reason=options.reason))
    if options.command == "challenge":
        decision = promotable(store, *place, options.entry, anyway=options.anyway)
        named = {"actor": options.actor, "reason": options.reason, "model": decision["model"]}
        return _said(book.set_challenger(*place, options.entry, decision["decision_id"], share=options.share, **named))
    if options.command == "rollback":
        named = {"actor": options.actor, "reason": options.reason}
        return _said(book.rollback(*place, only=options.entry, settled=_SETTLED, **named))
    asked = next((each for each in book.pending() if (each.environment, each.use_case) == place), None)
    if asked is not None and not options.refuse:
        approvable(store, asked)
    only = asked.decision_id if asked is not None else None
    return _said(book.approve(*place, actor=options.actor, reason=options.reason, refuse=options.refuse, only=only))


def _rehearsed(what: str, change: list[str]) -> int:
    """Hand over to the rehearsal, which stands above the roster and is run by name: it needs the whole graph."""
    sys.argv = ["blast-radius", what, *change]
    try:
        runpy.run_module("lenovo_pipeline.commands.rehearsal", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _accepted(store: Store, settings: Settings, actor: str, reason: str) -> str:
    from lenovo_pipeline.resources.warehouse import Warehouse
    from lenovo_pipeline.roster.log.decisions import DecisionLog
    from lenovo_pipeline.roster.log.heads import Heads

    with store.held("the log of decisions (accept-log)", settings.lock_wait_s, print):
        log = DecisionLog(Warehouse(settings.warehouse or str(store.warehouse)), Heads(store.deployments))
        return log.accept(actor=actor, reason=reason)


def _said(step: Transition) -> str:
    where = f"for {step.use_case} ({step.environment})"
    runs = {
        "confirmed": f"{step.entry} runs {where} already; its decision is now {step.decision_id}.",
        "challenger_set": f"{step.entry} challenges {step.replaced} {where} with {step.share:.0%} of the requests.",
        "challenger_removed": f"{step.entry} no longer challenges {step.replaced} {where}.",
        "refused": f"{step.entry} is refused {where}; {step.replaced or 'nothing'} runs there as before.",
    }
    instead = f" instead of {step.replaced}" if step.replaced else ""
    said = runs.get(step.kind, f"{step.entry or 'Nothing'} runs {where} now{instead}.")
    return f"{said} (transition {step.sequence})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lenovo_pipeline.roster", description="What runs where, and why.")
    commands = parser.add_subparsers(dest="command", required=True)
    overview = commands.add_parser("status", help="what runs where, and what stands against the others")
    overview.add_argument("--all", action="store_true", help="name every entry, not only those that come nearest")
    about = commands.add_parser("why", help="every rule, figure, bound and verdict of one entry")
    about.add_argument("entry", help="name of a candidate, for example lenovo-nano/open-book")
    about.add_argument("--all", action="store_true", help="the rules of every environment, not only those of production")
    papers = commands.add_parser("dossier", help="model card, dataset card, licences, materials, evidence of a production entry")
    papers.add_argument("entry", help="name of an entry that runs in production")
    radius = commands.add_parser("blast-radius", help="what a change would touch, before it is made")
    radius.add_argument("what", help="an asset (stage/name), a record, a file, a package, a build or a model")
    radius.add_argument(
        "change",
        nargs=argparse.REMAINDER,
        help="how it changes, which is then tried on copies to say exactly what is made again: --set COLUMN=VALUE, --with PATH,"
        " --gone, or --version VERSION (--help after WHAT lists all)",
    )
    promote = commands.add_parser("promote", help="let an entry that keeps every rule run")
    challenge = commands.add_parser(
        "challenge", help="give an entry a share of the requests: the canary compares it with what runs"
    )
    rollback = commands.add_parser("rollback", help="put the last good entry back")
    rollback.add_argument("--entry", help="roll back only if this entry runs; asked for soon after another rollback")
    approve = commands.add_parser("approve", help="approve, or refuse, the promotion that waits")
    approve.add_argument("--refuse", action="store_true", help="refuse it instead")
    accept = commands.add_parser(
        "accept-log", help="let a log of decisions go on, or begin again, that was tampered with, or say that a clock was ahead"
    )
    book = commands.add_parser("accept-book", help="let a book of deployments go on, or begin again, that was tampered with")
    for command in (accept, book):
        command.add_argument("--reason", required=True, help="what was found out; kept")
    for command in (promote, challenge, rollback, approve):
        command.add_argument("use_case", help="use case of the policy, for example support_desk")
        command.add_argument("--reason", default="by hand", help="kept with the change")
    for command in (overview, promote, challenge, rollback, approve):
        command.add_argument("--environment", default="production", choices=ENVIRONMENTS, help="default: production")
    for command in (promote, challenge, rollback, approve, accept, book):
        command.add_argument("--actor", default=_user(), help="who does it (default: the user of this machine)")
    for command in (promote, challenge):
        command.add_argument("--anyway", action="store_true", help="even if its evidence is old, or it did harm there before")
    promote.add_argument("entry", help="name of a candidate")
    which = challenge.add_mutually_exclusive_group(required=True)
    which.add_argument("entry", nargs="?", help="name of a candidate")
    which.add_argument("--remove", action="store_true", help="send all requests to what runs again instead")
    shares = f"{LEAST_SHARE:g} to {MOST_SHARE:g}"
    challenge.add_argument("--share", type=float, default=0.1, help=f"of the requests, {shares} (default 0.1)")
    return parser


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


if __name__ == "__main__":
    exit_with(main)
