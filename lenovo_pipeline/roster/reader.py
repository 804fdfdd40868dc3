"""What snapshot and book say of the roster, for people: an entry's decisions with every rule, and what runs where.

Belongs here: reading data/store/published and the book of deployments, and putting them in words. Neither pandas nor Dagster is
imported, so that the command answers at once. Nothing is written here.
"""

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.snapshot import open_snapshot, read_manifest
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.deploying.transitions import DecidedOn, Pending
from lenovo_pipeline.roster.dossier.reading import place_of
from lenovo_pipeline.roster.log.chain import FIRST, Head, broken_chain, head_of
from lenovo_pipeline.roster.log.heads import Heads, recorded
from lenovo_pipeline.roster.rule_kinds import FRESH, against_now, broken_rules, clock_behind, not_kept, rules_of
from lenovo_pipeline.roster.tracing import trace

if TYPE_CHECKING:
    import duckdb

LAST = """
SELECT decision_id, sequence, decided_at, environment, use_case, entry, verdict, reason, evidence, headers, rules
FROM roster.decisions d WHERE NOT EXISTS (SELECT 1 FROM roster.decisions n WHERE n.previous = d.decision_id)
"""
_ORDER = {"promoted": 0, "held": 1, "rejected": 2}
_MARKS = {"passed": "ok", "failed": "NO", "missing": "??"}
_LONGEST_REASON = 110
_SHOWN = 8
"""Entries that `status` names for each use case; the others are counted."""


@dataclass(frozen=True)
class Snapshot:
    """An open snapshot of the roster."""

    connection: "duckdb.DuckDBPyConnection"
    published_at: str
    version: str

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        found = self.connection.execute(query, list(values))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def there(self, schema: str, table: str, column: str | None = None) -> bool:
        """Whether it has this table (with this column): an older one may not."""
        query = "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
        found = self.rows(query, [schema, table])
        return any(column in (None, row["column_name"]) for row in found)


@contextmanager
def opened(store: Store) -> Iterator[Snapshot]:
    """The published snapshot. Raises PermanentFailure if there is none, it cannot be read, or it holds no roster yet."""
    import duckdb

    try:
        with open_snapshot(store) as connection:
            manifest = read_manifest(store) or {}
            snapshot = Snapshot(connection, str(manifest.get("published_at", "")), str(manifest.get("version", ""))[:12])
            ((tables,),) = connection.execute(
                "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'roster' AND table_name IN ('decisions', 'deployments')"
            ).fetchall()
            if tables < 2:
                raise PermanentFailure(f"the snapshot in {store.root} holds no decisions yet", remedy="Run: make run")
            yield snapshot
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise PermanentFailure(f"the snapshot in {store.root} cannot be read ({said})", remedy="Run: make run") from error


def status(store: Store, *, every: bool = False, environment: str = "production") -> tuple[str, list[str]]:
    """What runs where, and for each use case of an environment what stands against the entries that come nearest to it, or
    `every` one; and, a sentence each, what shows that log or book were tampered with, which the text begins with.
    """
    book = Book(store.deployments)
    with opened(store) as snapshot:
        running = [asdict(each) for each in book.running()]
        last = _sorted(_decided_on(snapshot.rows(LAST), book))
        entries = {row["entry"] for row in snapshot.rows("SELECT entry FROM roster.entries")}
        tampered = [f"the log of decisions: {problem}" for problem in log_problems(snapshot, Heads(store.deployments))]
    tampered += [f"the book of deployments: {problem}" for problem in book.verify()]
    active = [row for row in running if row["environment"] == "production"]
    lines = [
        f"Roster of snapshot {snapshot.version}, published {snapshot.published_at}",
        f"{_count(len(active), 'entry', 'entries')} in production, {_count(len(entries), 'candidate')}",
        *(f"WARNING, {problem}" for problem in tampered),
    ]
    for place in sorted(place for place in {_place(row) for row in last} if place[0] == environment):
        here = [row for row in last if _place(row) == place and row["entry"] in entries]
        champion = next((row for row in running if _place(row) == place), None)
        runs = f"{champion['entry']} since {_minute(champion['since'])}" if champion else "nothing runs"
        lines += ["", f"{place[1]} ({place[0]}): {runs}", *_beside(book, place)]
        here.sort(key=lambda row: (_ORDER[row["verdict"]], _broken(row), row["entry"]))
        shown = here if every else here[:_SHOWN]
        width = max((len(row["entry"]) for row in shown), default=0)
        lines += [f"  {row['verdict']:<9} {row['entry']:<{max(26, width)}} {_short(row['reason'])}" for row in shown]
        rest = Counter(row["verdict"] for row in here[len(shown) :])
        if rest:
            lines.append(f"  and {', '.join(f'{count} {verdict}' for verdict, count in rest.items())}: status --all names them")
    decided = {_place(row) for row in last}
    for row in running:
        if row["environment"] == environment and _place(row) not in decided:
            runs = f"{row['entry']} since {_minute(row['since'])}"
            lines += ["", f"{row['use_case']} ({environment}): {runs}, though nothing is decided on there any more (make run)"]
    elsewhere = sorted({_place(row)[0] for row in [*last, *running]} - {environment})
    lines += [""] * bool(elsewhere)
    for other in elsewhere:
        there = [f"{row['entry']} for {row['use_case']}" for row in running if row["environment"] == other]
        lines.append(f"{other}: {', '.join(there) or 'nothing runs'} (status --environment {other})")
    return "\n".join([*lines, "", "Every rule of one: python -m lenovo_pipeline.roster why <entry>"]), tampered


def _decided_on(rows: Sequence[dict[str, Any]], book: Book) -> list[dict[str, Any]]:
    """The decisions about what is still decided on; all of them if no run has said yet what that is."""
    now = {(each.environment, each.use_case, each.entry) for each in book.decided_on()}
    return [row for row in rows if not now or (*_place(row), row["entry"]) in now]


def _beside(book: Book, place: tuple[str, str]) -> list[str]:
    """The challenger, what waits for a person, and the last rollback of a place, a line each."""
    challenger = book.challenger(*place)
    pending = next((each for each in book.pending() if (each.environment, each.use_case) == place), None)
    steps = book.history(*place)
    lines = [f"  challenger {challenger.entry} gets {challenger.share:.0%} of the requests"] if challenger else []
    if pending:
        lines.append(
            f"  waits for approval: {pending.entry} ({pending.reason}); approve {place[1]}, or approve {place[1]} --refuse"
        )
    if steps and steps[-1].kind == "rolled_back":
        last = steps[-1]
        lines.append(f"  rolled back from {last.replaced} by {last.actor} on {_minute(last.at)}: {last.reason}")
    return lines


def require_log(store: Store) -> None:
    """Raises PermanentFailure naming everything that shows that the published log of decisions is not one that was written."""
    with opened(store) as snapshot:
        problems = log_problems(snapshot, Heads(store.deployments))
    if problems:
        rest = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        named = "; ".join(problems[:_SHOWN])
        raise PermanentFailure(
            f"the published log of decisions is not as a run wrote it, so that nothing is promoted: {named}{rest}",
            remedy="Run: make run. If that fails, too, restore data/store from a backup (make restore).",
        )


def log_problems(snapshot: Snapshot, heads: Heads) -> list[str]:
    """One sentence for each thing that shows that the log of a snapshot is none that was ever written. Later decisions than
    those of the snapshot may have been added.
    """
    columns = {row["name"] for row in snapshot.rows("SELECT name FROM pragma_table_info('roster.decisions')")}
    if "hash" not in columns:
        return ["it was published by an older version of the code, which kept no hashes: the next run adds them (make run)"]
    rows = snapshot.rows("SELECT * FROM roster.decisions ORDER BY sequence, decision_id")
    known = [*heads.confirmed(), *filter(None, [heads.announced()])] or [Head(0, FIRST)]
    ends = [] if head_of(rows) in known else ["it ends where no log ever ended"]
    return [*broken_chain(rows), *ends]


def promotable(store: Store, environment: str, use_case: str, entry: str, *, anyway: bool = False) -> dict[str, Any]:
    """The last decision about an entry in a place, if it finds every rule kept: what a person may promote it by. `anyway`: even
    if the moment speaks against it, because its evidence is old by now or it did harm there.

    Raises PermanentFailure naming the rules that are not kept, what there is instead of this place or entry, or what was
    tampered with.
    """
    require_log(store)
    with opened(store) as snapshot:
        rows = snapshot.rows(LAST)
        mine = [row for row in rows if row["entry"] == entry]
        models = snapshot.rows("SELECT model FROM roster.entries WHERE entry = ?", [entry])
    if not mine:
        raise _unknown(entry, sorted({row["entry"] for row in rows}))
    decided = {(each.environment, each.use_case): each for each in Book(store.deployments).decided_on() if each.entry == entry}
    here = [row for row in mine if _place(row) == (environment, use_case)]
    if not here or (environment, use_case) not in decided:
        known = ", ".join(sorted(f"{place[1]} ({place[0]})" for place in decided))
        raise PermanentFailure(
            f"nothing is decided about {entry} for {use_case} ({environment})",
            remedy=f"Decided is: {known}." if known else "What is decided on, and about what, the next run says: make run",
        )
    broken = [rule["note"] for rule in broken_rules(here[0])]
    if broken or not models:
        reasons = broken or ["it is no candidate any more"]
        raise PermanentFailure(
            f"{entry} may not run for {use_case} ({environment}): {'; '.join(reasons)}",
            remedy=f"Every rule: python -m lenovo_pipeline.roster why {entry}",
        )
    aged = _aged(decided[environment, use_case], max(recorded(rows, Heads(store.deployments).accepted())))
    now = [*aged, *(rule["note"] for rule in against_now(here[0]) if not aged or rule["rule"] != FRESH)]
    if now and not anyway:
        raise PermanentFailure(
            f"{entry} should not run for {use_case} ({environment}) now: {'; '.join(now)}",
            remedy="Evaluate it again (make run), or say that you know better: promote --anyway",
        )
    return {**here[0], "model": models[0]["model"]}


def _aged(decided: DecidedOn, latest: datetime) -> list[str]:
    """What the age of its evidence says against promoting an entry at this moment. `latest`: of all decisions."""
    if decided.fresh_until is None:
        return []
    now = datetime.now(UTC).replace(tzinfo=None)
    until, judged = (
        datetime.fromisoformat(each).astimezone(UTC).replace(tzinfo=None) for each in (decided.fresh_until, decided.judged_at)
    )
    if behind := clock_behind(now, max(judged, latest)):
        return [behind]
    return [f"its evidence is too old: it was young enough until {until:%Y-%m-%d %H:%M}"] if now > until else []


def approvable(store: Store, asked: Pending) -> None:
    """Raises PermanentFailure, as `promotable` does, unless what waits for a person may run by the decision that it waits by."""
    decision = promotable(store, asked.environment, asked.use_case, asked.entry)
    if decision["decision_id"] != asked.decision_id:
        raise PermanentFailure(
            f"{asked.entry} waits for {asked.use_case} ({asked.environment}) by {asked.decision_id}, but the last published "
            f"decision about it is {decision['decision_id']}",
            remedy="Let the run that decides end, or run: make run. Then look again: python -m lenovo_pipeline.roster status",
        )


def why(store: Store, entry: str, *, every: bool = False) -> str:
    """The last decisions about an entry, in production (or in `every` environment) with every rule, figure, bound and verdict;
    what it costs, and what it was made from.

    Raises PermanentFailure naming entries with a similar name if there is none of this name.
    """
    with opened(store) as snapshot:
        found = _sorted([row for row in snapshot.rows(LAST) if row["entry"] == entry])
        last = _decided_on(found, Book(store.deployments)) or found
        if not last:
            raise _unknown(
                entry, [row["entry"] for row in snapshot.rows("SELECT DISTINCT entry FROM roster.decisions ORDER BY 1")]
            )
        profile = snapshot.rows("SELECT * FROM roster.entries WHERE entry = ?", [entry])
        headers = snapshot.rows(
            "SELECT header, items, items_hash, commit, made_by FROM evaluation.headers WHERE list_contains(?, header)",
            [sorted({header for row in last for header in row["headers"]})],
        )
        history = snapshot.rows("SELECT count(*) AS decisions FROM roster.decisions WHERE entry = ?", [entry])
        costs = snapshot.rows("SELECT * FROM roster.cost WHERE entry = ?", [entry]) if snapshot.there("roster", "cost") else []
        made_from = trace(snapshot, entry, sorted({header for row in last for header in row["headers"]}))
    lines = [f"{entry}: {', '.join(_summary([row for row in last if row['environment'] == 'production'] or last))}"]
    lines += [_profile(row) for row in profile] or ["It is no candidate any more."]
    lines += [cost_line(row) for row in costs]
    lines += [f"dossier: {place}" for place in place_of(store, entry)]
    lines += [_header(row) for row in headers]
    in_full = [row for row in last if every or row["environment"] == "production"]
    for row in in_full or last:
        decided = f"{row['decided_at']:%Y-%m-%d %H:%M}"
        lines += [
            "",
            f"{row['use_case']} ({row['environment']}): {row['verdict']} on {decided}, {row['decision_id']}",
            f"  because {row['reason']}",
            *_rule_lines(rules_of(row)),
        ]
    brief = [row for row in last if in_full and row not in in_full]
    lines += ["", "Before production (why --all shows their rules):"] if brief else []
    lines += [f"  {row['verdict']:<9} {row['use_case']} ({row['environment']}): {_short(row['reason'])}" for row in brief]
    gone = [f"{row['use_case']} ({row['environment']})" for row in found if row not in last]
    lines += ["", f"No longer decided on for {', '.join(gone)}."] if gone else []
    earlier = history[0]["decisions"] - len(last)
    lines += ["", "Made from:", *made_from]
    return "\n".join([*lines, "", f"Evidence: snapshot {snapshot.version}; {_count(earlier, 'earlier decision')} about it."])


def cost_line(row: Mapping[Any, Any]) -> str:
    """What an entry costs (a row of roster.cost), in one line; what is not known is left out."""
    parts = [
        ("machine_s", "{:.3g} s of the machine"),
        ("answer_s", "{:.3g} s of waiting"),
        ("tokens_in", "{:,.0f} tokens in"),
        ("tokens_out", "{:,.0f} out"),
    ]
    measured = ", ".join(text.format(row[name]) for name, text in parts if row[name] is not None)
    money = "not known" if row["per_1000"] is None else f"{row['per_1000']:.3g} {row['currency']}"
    more = [text.format(row[name]) for name, text in _ONCE.items() if row[name] is not None]
    return "; ".join([f"cost of 1,000 answers {money}: an answer takes {measured or 'nobody knows what'}", *more])


_ONCE = {"build_s": "training took {:,.0f} s", "peak_memory_mb": "{:,.0f} MB of memory at most"}


def _rule_lines(rules: Sequence[dict[str, Any]]) -> list[str]:
    width = max(len(rule["text"]) for rule in rules)
    lines = [f"      {'rule':<{width}}  {'figure':>9}  {'95 % interval':>17}  {'bound':>9}  {'limit':>7}"]
    for rule in rules:
        interval = f"{_number(rule['lower'])} to {_number(rule['upper'])}" if rule["lower"] is not None else ""
        numbers = (
            f"{_number(rule['figure']):>9}  {interval:>17}  {_number(rule['bound']):>9}  {_number(rule['limit']):>7}"
            if rule["figure"] is not None
            else rule["note"]
        )
        lines.append(f"  {_MARKS[rule['verdict']]}  {rule['text']:<{width}}  {numbers}".rstrip())
    return lines


def _profile(row: dict[str, Any]) -> str:
    size = "size unknown" if row["size_mb"] is None else f"{row['size_mb']:.1f} MB"
    parameters = "" if row["parameters_billion"] is None else f", {row['parameters_billion'] * 1000:,.1f} M parameters"
    what = f"model {row['model']}, {size}{parameters}" if row["model"] else "no model"
    return f"{row['kind']}; {what}; {row['licence']} ({row['licence_class']}); for {', '.join(row['targets']) or 'no target'}"


def _header(row: dict[str, Any]) -> str:
    described = json.loads(row["made_by"]).get("described", {})
    if judge := described.get("judge"):
        by = f"{judge['model']} (judge {judge['version']}), weight {described['weight']:g}"
        return f"grades {row['header']}: {row['items']} answers of {described['of']}, by {by}"
    revision = described.get("revision")
    of = f", revision {str(revision)[:12]}" if revision else ""
    commit = str(row["commit"] or "unknown")[:12]
    return f"scores {row['header']}: {row['items']} questions ({row['items_hash']}){of}, commit {commit}"


def _broken(row: dict[str, Any]) -> int:
    """How many rules an entry does not keep: of those with one verdict, the fewest come first."""
    return len(not_kept(row))


def _place(row: dict[str, Any]) -> tuple[str, str]:
    return row["environment"], row["use_case"]


def _summary(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{row['verdict']} for {row['use_case']}" for row in rows]


def _minute(at: str) -> str:
    """A time of the book (UTC, ISO 8601) to the minute."""
    return at[:16].replace("T", " ")


def _sorted(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["environment"], row["use_case"], _ORDER[row["verdict"]], row["entry"]))


def _unknown(entry: str, known: Sequence[str]) -> PermanentFailure:
    near = (
        difflib.get_close_matches(entry, known, n=3, cutoff=0.4) or [name for name in known if entry.lower() in name.lower()][:3]
    )
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known) or 'none'}."
    return PermanentFailure(
        f"no entry {entry!r} was ever decided on", remedy=f"{hint} All: python -m lenovo_pipeline.roster status"
    )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 1]}…"
