"""The graph store: Cypher over Bolt, to a Neo4j server if one is configured, otherwise to the embedded server.

Belongs here: connections, batches, and what an error of the driver means for whoever reads it.
Does not belong here: how the embedded server runs (graph_server.py), what the graph holds (knowledge/graph*.py).
"""

import itertools
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from lenovo_pipeline.failures import PermanentFailure, PipelineError, TransientFailure
from lenovo_pipeline.resources import graph_server
from lenovo_pipeline.resources.graph_server import GraphServer
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings

if TYPE_CHECKING:
    from neo4j import Driver, ManagedTransaction, Session

ROWS_PER_BATCH = 2_000
"""Rows of one transaction. Larger ones are hardly faster and hold more memory on both sides."""

_CONNECT_WITHIN_S = 5.0
_RETRY_SERVER_FOR_S = 15.0
# The embedded server dies for good: whoever restarts it is the next use of the store, not the driver's retries.
_RETRY_EMBEDDED_FOR_S = 2.0
_ROWS_PER_FETCH = 5_000

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class GraphAddress:
    """Where the graph answers. `embedded` tells whether it is a server of our own."""

    uri: str
    user: str
    database: str
    embedded: bool


class GraphStore:
    """The graph, reached at the first use and again after a lost server. Several threads may `read` and ask for `rows` at once;
    everything else is for one thread.

    With `uri` it is a Neo4j server, otherwise an embedded one over `server.folder`, started lazily and stopped by `close`.
    The database belongs to this pipeline alone.
    """

    def __init__(
        self, server: GraphServer | None, *, uri: str | None = None, user: str = "", password: str = "", database: str = ""
    ) -> None:
        if (server is None) == (uri is None):
            raise ValueError("give an embedded server or the address of another, not both and not neither")
        self.server = server
        self._uri = uri
        self._user = user
        self._password = password
        self._database = database
        self._driver: Driver | None = None
        self._looking: Session | None = None
        # Threads that ask at the same time wait for one server, and do not start one each.
        self._connecting = threading.Lock()

    @classmethod
    def from_settings(cls, settings: Settings) -> "GraphStore":
        """The store that the settings name. Raises PermanentFailure if an address is given without its password."""
        if settings.neo4j_uri is None:
            return cls(GraphServer(Store(settings.store).graph))
        if settings.neo4j_password is None:
            raise PermanentFailure(
                f"LENOVO_NEO4J_URI names {_public(settings.neo4j_uri)}, but LENOVO_NEO4J_PASSWORD is not set",
                remedy="Set LENOVO_NEO4J_PASSWORD, or leave both out to use the embedded server.",
            )
        return cls(
            None,
            uri=settings.neo4j_uri,
            user=settings.neo4j_user,
            password=settings.neo4j_password.get_secret_value(),
            database=settings.neo4j_database,
        )

    @property
    def embedded(self) -> bool:
        return self.server is not None

    def address(self) -> GraphAddress:
        """Where the graph answers now; starts the embedded server. Never holds the password."""
        if self.server is not None:
            ports = self.server.start()
            return GraphAddress(f"bolt://{graph_server.HOST}:{ports.bolt}", graph_server.USER, graph_server.DATABASE, True)
        assert self._uri is not None
        return GraphAddress(_public(self._uri), self._user, self._database, False)

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """A driver session on the database. Errors of the driver leave it as TransientFailure or PermanentFailure."""
        with self._errors():
            driver = self._connected()
            database = graph_server.DATABASE if self.embedded else self._database
            with driver.session(database=database, fetch_size=_ROWS_PER_FETCH) as session:
                yield session

    def read(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a reading query, each as name -> value.

        Raises PermanentFailure for a query that the server refuses, TransientFailure for a server that cannot be reached.
        """
        names, rows = self.rows(cypher, **parameters)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def rows(self, cypher: str, **parameters: Any) -> tuple[list[str], list[list[Any]]]:
        """The column names and rows of a reading query: `read` for results of many rows."""

        def work(transaction: "ManagedTransaction") -> tuple[list[str], list[list[Any]]]:
            result = transaction.run(cypher, parameters)
            return list(result.keys()), result.values()

        return self._in_session(lambda session: session.execute_read(work))

    def look(self, cypher: str, **parameters: Any) -> list[list[Any]]:
        """The rows of a reading query in a single round trip, for what is asked often and answered at once.

        Without a transaction around it, so that the driver tries nothing again. Raises as `read` does.
        """
        with self._errors():
            driver = self._connected()
            if self._looking is None:
                from neo4j import READ_ACCESS

                database = graph_server.DATABASE if self.embedded else self._database
                self._looking = driver.session(database=database, default_access_mode=READ_ACCESS, fetch_size=_ROWS_PER_FETCH)
            try:
                return self._looking.run(cypher, parameters).values()
            except BaseException:
                self._forget_looking()
                raise

    def write(self, cypher: str, **parameters: Any) -> dict[str, int]:
        """Run a writing query in one transaction; what the server counted (`nodes_created`, `properties_set` …)."""

        def work(transaction: "ManagedTransaction") -> dict[str, int]:
            return _counters(transaction.run(cypher, parameters).consume().counters)

        return self._in_session(lambda session: session.execute_write(work))

    def write_batches(
        self,
        cypher: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        size: int = ROWS_PER_BATCH,
        done: Callable[[int], None] = lambda _: None,
        **parameters: Any,
    ) -> int:
        """Run a writing query for `rows` as its parameter `$rows`, `size` of them in each transaction; the rows written.

        The query must be one that may run again (MERGE): a batch whose answer is lost is sent again.
        `done` hears after each batch how many rows are written.
        """
        written = 0
        pending = iter(rows)
        with self.session() as session:
            while batch := [dict(row) for row in itertools.islice(pending, size)]:
                session.execute_write(_run, cypher, {**parameters, "rows": batch})
                written += len(batch)
                done(written)
        return written

    def close(self) -> None:
        """Close the connection and stop the embedded server. The next use opens both again."""
        self._disconnect()
        if self.server is not None:
            self.server.stop()

    def __enter__(self) -> "GraphStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _in_session(self, work: Callable[["Session"], _Result]) -> _Result:
        with self.session() as session:
            return work(session)

    def _connected(self) -> "Driver":
        with self._connecting:
            return self._connected_alone()

    def _connected_alone(self) -> "Driver":
        if self._driver is not None and (self.server is None or self.server.running):
            return self._driver
        self._disconnect()
        address = self.address()
        from neo4j import GraphDatabase

        # What the driver would log is raised as an error with a remedy; without a handler it would go to the console.
        logging.getLogger("neo4j").setLevel(logging.CRITICAL)
        password = self.server.password if self.server is not None else self._password
        try:
            self._driver = GraphDatabase.driver(
                self._uri or address.uri,
                auth=(address.user, password),
                connection_timeout=_CONNECT_WITHIN_S,
                connection_acquisition_timeout=4 * _CONNECT_WITHIN_S,
                max_transaction_retry_time=_RETRY_EMBEDDED_FOR_S if address.embedded else _RETRY_SERVER_FOR_S,
                notifications_min_severity="OFF",
                telemetry_disabled=True,
                user_agent="lenovo_pipeline",
            )
            with self._driver.session(database=address.database) as session:
                session.run("RETURN 1").consume()
        except ValueError as error:
            self._disconnect()
            raise self._bad_address(self._without_password(str(error))) from None
        return self._driver

    def _forget_looking(self) -> None:
        session, self._looking = self._looking, None
        if session is not None:
            # What it was doing has failed already, and that is what is told.
            with suppress(Exception):
                session.close()

    def _disconnect(self) -> None:
        self._forget_looking()
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from neo4j.exceptions import DriverError, Neo4jError

        try:
            yield
        except (DriverError, Neo4jError) as error:
            failure = self._failure(error)
            if isinstance(failure, TransientFailure):
                self._disconnect()
            # The driver's own exception may quote the address with what stands in it: it is not chained.
            raise failure from None

    def _failure(self, error: Exception) -> PipelineError:
        from neo4j.exceptions import AuthError, ConfigurationError, DriverError, Neo4jError

        told = self._without_password(error.message or "" if isinstance(error, Neo4jError) else str(error))
        told = " ".join(told.split()).rstrip(".")
        code = str(getattr(error, "code", None) or type(error).__name__)
        where = "the embedded graph server" if self._uri is None else f"the graph server {_public(self._uri)}"
        if self.server is not None and not self.server.running:
            return TransientFailure(
                f"{where} died. Last lines of its log ({self.server.log_folder}):\n{self.server.last_log_lines()}\n",
                remedy="Run again: it is started anew, recovers what was committed, and the rest is written.",
            )
        if isinstance(error, AuthError):
            return PermanentFailure(
                f"{where} refuses user {self._user!r} ({code})",
                remedy="Correct LENOVO_NEO4J_USER and LENOVO_NEO4J_PASSWORD.",
            )
        if code.endswith("DatabaseNotFound"):
            return PermanentFailure(
                f"{where} has no database {self._database!r}",
                remedy="Create it, or set LENOVO_NEO4J_DATABASE to one that exists.",
            )
        if isinstance(error, ConfigurationError):
            return self._bad_address(told)
        if isinstance(error, Neo4jError) and not error.is_retryable() and not code.startswith("Neo.DatabaseError"):
            return PermanentFailure(f"{where} refused a query ({code}): {told}", remedy="Correct the query or what it writes.")
        if isinstance(error, DriverError) and not error.is_retryable() and not isinstance(error, OSError):
            return PermanentFailure(
                f"the graph driver failed ({code}): {told}", remedy="Report this: the query was not answered."
            )
        if self.server is not None:
            return TransientFailure(
                f"{where} failed ({code}): {told}. Its log is in {self.server.log_folder}",
                remedy=f"Run again. If it fails the same way: {graph_server.rebuild(self.server.folder)}",
            )
        return TransientFailure(
            f"{where} cannot be reached or failed ({code}): {told}",
            remedy="See that it runs and that LENOVO_NEO4J_URI names it, then run again.",
        )

    def _bad_address(self, told: str) -> PermanentFailure:
        return PermanentFailure(
            f"the graph server {_public(self._uri or '')} cannot be addressed ({told})",
            remedy="Set LENOVO_NEO4J_URI to an address such as bolt://127.0.0.1:7687 or neo4j+s://host:7687.",
        )

    def _without_password(self, text: str) -> str:
        secrets = [self._password, self.server.password if self.server is not None else ""]
        if self._uri is not None:
            secrets.append(urlsplit(self._uri).password or "")
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return text


def _run(transaction: "ManagedTransaction", cypher: str, parameters: dict[str, Any]) -> None:
    transaction.run(cypher, parameters).consume()


def _counters(counters: Any) -> dict[str, int]:
    names = ("nodes_created", "nodes_deleted", "relationships_created", "relationships_deleted", "properties_set")
    return {name: getattr(counters, name) for name in names}


def _public(uri: str) -> str:
    """An address without the user and password that some people put into it."""
    try:
        parts = urlsplit(uri)
        if "@" not in parts.netloc:
            return uri
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return uri.rpartition("@")[2]
