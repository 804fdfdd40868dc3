"""`python -m lenovo_pipeline.roster.monitoring run|once|status|serve|simulate`: watch what the roster runs.

Belongs here: the command line. Ctrl-C ends `run` between two steps; whatever ends it, the next start goes on.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.monitoring.requests import Place
from lenovo_pipeline.roster.tables import ENVIRONMENTS
from lenovo_pipeline.settings import Settings, get_settings

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0; 2 for bad use or a second monitor, 1 where `once` could not do everything, 130 after Ctrl-C while serving."""
    parser = argparse.ArgumentParser(prog="python -m lenovo_pipeline.roster.monitoring", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="watch until Ctrl-C; roll a bad champion back")
    once = commands.add_parser("once", help="judge what is logged now, then end")
    once.add_argument("--all", action="store_true", help="also windows that are not over yet")
    commands.add_parser("status", help="what runs, what was served, which alerts are raised")
    serve = commands.add_parser("serve", help="ask an entry the gold questions, and log what that takes")
    simulate = commands.add_parser("simulate", help="log traffic that is drawn from an entry's evaluation")
    for each in (serve, simulate):
        each.add_argument("use_case", help="use case of the policy, for example support_desk")
        each.add_argument("--environment", choices=ENVIRONMENTS, default="production")
        each.add_argument("--entry", help="the entry (default: the one that runs there)")
        each.add_argument("--seed", type=int, default=0)
    serve.add_argument("--questions", type=int, default=40)
    serve.add_argument("--probe-every", type=int, default=4, help="each such question is scored; 0: none")
    simulate.add_argument("--rate", type=float, default=20.0, help="requests per s")
    simulate.add_argument("--seconds", type=float, default=60.0)
    simulate.add_argument("--fault", help="let the champion go bad on purpose: slow, failing, wrong, silent, stuck")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    settings = get_settings()
    try:
        return _COMMANDS[options.command](settings, options)
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(settings: Settings, options: argparse.Namespace) -> int:
    from lenovo_pipeline.roster.monitoring.opened import opened_monitor
    from lenovo_pipeline.roster.monitoring.process import keep_watching, only_one

    store = Store(settings.store)
    with only_one(store), opened_monitor(settings) as monitor:
        _say(f"Watching {store.monitoring}; windows of {settings.monitor_window_s:g} s. Ctrl-C ends it.")
        keep_watching(monitor, _say)
        _say("Stopped; the next start goes on from here.")
    return 0


def _once(settings: Settings, options: argparse.Namespace) -> int:
    from lenovo_pipeline.roster.monitoring.opened import opened_monitor
    from lenovo_pipeline.roster.monitoring.process import only_one

    with only_one(Store(settings.store)), opened_monitor(settings) as monitor:
        done = monitor.step(finish=options.all)
    for line in (*done.alerts, *done.rolled_back):
        _say(line)
    for problem in done.problems:
        print(f"error: {problem}", file=sys.stderr)
    _say(f"{done.windows} windows closed, {len(done.alerts)} alerts, {len(done.rolled_back)} rollbacks.")
    return 1 if done.problems else 0


def _status(settings: Settings, options: argparse.Namespace) -> int:
    from lenovo_pipeline.roster.monitoring.showing import status

    _say(status(Store(settings.store), settings.monitor_window_s))
    return 0


def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
    from lenovo_pipeline.roster.monitoring.log import MonitorLog
    from lenovo_pipeline.roster.monitoring.opening import opened_entry
    from lenovo_pipeline.roster.monitoring.serving import Server, serve_items

    store, place = Store(settings.store), Place(options.environment, options.use_case)
    entry = options.entry or _champion(store, place)
    encoder = OnnxEncoder(bundled_encoder(), store.artifacts)
    with opened_entry(settings, entry) as (candidate, items):
        server = Server(place, candidate, MonitorLog(store.monitoring), encoder)
        try:
            chosen = items[options.seed % len(items) :] + items[: options.seed % len(items)]
            counts = serve_items(server, chosen[: options.questions], _say, probes=options.probe_every)
        finally:
            server.close()
    unlogged = f", {server.unlogged} not logged" if server.unlogged else ""
    _say(f"{entry} in {place}: {counts['asked']} served, {counts['scored']} scored, {counts['failed']} failed{unlogged}.")
    return 0


def _simulate(settings: Settings, options: argparse.Namespace) -> int:
    import numpy as np

    from lenovo_pipeline.failures import PermanentFailure
    from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
    from lenovo_pipeline.roster.monitoring.known import profile_of
    from lenovo_pipeline.roster.monitoring.log import MonitorLog
    from lenovo_pipeline.roster.monitoring.simulator import Traffic, simulate
    from lenovo_pipeline.roster.monitoring.trials.champions import FAULTS

    store, place = Store(settings.store), Place(options.environment, options.use_case)
    entry = options.entry or _champion(store, place)
    if options.fault not in (None, *FAULTS):
        raise PermanentFailure(f"there is no fault {options.fault!r}", remedy=f"Choose one of {', '.join(FAULTS)}.")
    traffic = Traffic(rate=options.rate, seconds=options.seconds, seed=options.seed)
    profile = profile_of(store, entry, OnnxEncoder(bundled_encoder(), store.artifacts))
    if options.fault:
        profile = FAULTS[options.fault](profile, np.random.default_rng(options.seed))
    # A clock for each simulation: what was simulated before is over.
    began = datetime.now(UTC)
    clock = f"simulated-{options.seed}-{began:%Y%m%dT%H%M%S.%f}"
    requests = list(simulate(place, entry, profile, traffic, clock=clock, began=began))
    MonitorLog(store.monitoring).append(requests)
    _say(f"{len(requests)} requests of {entry} in {place} logged, over {options.seconds:g} s of simulated time.")
    return 0


def _champion(store: Store, place: Place) -> str:
    from lenovo_pipeline.failures import PermanentFailure
    from lenovo_pipeline.roster.deploying.book import Book

    running = Book(store.deployments).active(place.environment, place.use_case)
    if running is None:
        raise PermanentFailure(f"nothing runs in {place}", remedy="Name one with --entry, or promote one first.")
    return running.entry


def _say(line: str) -> None:
    print(line, flush=True)


_COMMANDS = {"run": _run, "once": _once, "status": _status, "serve": _serve, "simulate": _simulate}

if __name__ == "__main__":
    exit_with(main)
