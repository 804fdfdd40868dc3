"""The stores behind the tools, opened together and only for reading.

Belongs here: what tools may read, names to ids, and what of each customer must not reach the wrong eyes.
Does not belong here: any tool.

The warehouse is reached through an allow-list of views (resources/views.py): gold questions, scores and decisions are not among
them. The graph is only ever asked, in transactions that read.
"""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from lenovo_pipeline.agents.tools.interface import Actor
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.views import Views, open_views
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.interface import Retriever
from lenovo_pipeline.retrieval.library import open_library
from lenovo_pipeline.retrieval.linking import Linker, Name
from lenovo_pipeline.retrieval.passages import Passages
from lenovo_pipeline.retrieval.register import VIEWED, Register
from lenovo_pipeline.retrieval.settings import HybridSettings
from lenovo_pipeline.retrieval.words import plain

VIEWED_BY_TOOLS = (*VIEWED, enterprise.PROCESS_METRICS)
WITHHELD = "[withheld]"
"""What stands in a result for something of a customer whom the actor may not see."""

_DEVICE_WORDS = re.compile(r"[^\W_]")


class GraphReader(Protocol):
    """What tools need of the graph: reading queries."""

    def rows(self, cypher: str, **parameters: Any) -> tuple[list[str], list[list[Any]]]: ...


@dataclass(frozen=True)
class Stores:
    """Everything that the tools read. Several attempts may share it: whoever searches takes its turn."""

    views: Views
    register: Register
    retriever: Retriever
    passages: Passages
    graph: GraphReader
    turn: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @cached_property
    def linker(self) -> Linker:
        """Names of what tools are given: devices, parts, customers, processes."""
        names = [Name("device", device_id, one.name) for device_id, one in self.register.devices.items()]
        for kind, query in _NAMES.items():
            names += [Name(kind, identity, form) for form, identity in self.rows(query)]
        return Linker(names, fuzzy=("device", "customer", "process", "part"))

    def find(self, kind: str, said: str) -> str | None:
        """The id of that kind that a text names, by id or by name, misspelt or not; None if it names none, or more than one.

        A name that holds more than the known one ("ThinkPad T14 Gen 9" beside "ThinkPad T14") names nothing that is known.
        """
        text = plain(said.strip())
        links = [link for link in self.linker.find(text) if link.kind == kind]
        whole = [link for link in links if not _DEVICE_WORDS.search(text[: link.start] + text[link.end :])]
        ids = {identity for link in whole for identity in link.ids}
        return ids.pop() if len(ids) == 1 else None

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of one SELECT on the views."""
        with self.turn:
            return self.views.rows(query, parameters or {})

    @cached_property
    def confidential(self) -> dict[str, tuple[str, ...]]:
        """By customer, what only those may see who may see the customer: contact, address, journeys, documents and values."""
        found: dict[str, list[str]] = {}
        for query in _CONFIDENTIAL:
            for customer_id, value in self.rows(query):
                if value:
                    found.setdefault(customer_id, []).append(str(value))
        return {customer_id: tuple(values) for customer_id, values in found.items()}

    @cached_property
    def _owners(self) -> dict[str, frozenset[str]]:
        """Whose each confidential value is."""
        found: dict[str, set[str]] = {}
        for customer_id, values in self.confidential.items():
            for value in values:
                found.setdefault(value, set()).add(customer_id)
        return {value: frozenset(customers) for value, customers in found.items()}

    @cached_property
    def _confidential_pattern(self) -> re.Pattern[str]:
        return re.compile(any_of(self._owners))

    def hidden_in(self, text: str, actor: Actor) -> list[str]:
        """Everything confidential in a text that this actor may not see."""
        found = self._confidential_pattern.findall(text)
        return [value for value in found if self._owners[value].isdisjoint(actor.customer_ids)]

    def withheld(self, text: str, actor: Actor) -> str:
        """The text without what this actor may not see."""

        def instead(match: re.Match[str]) -> str:
            return WITHHELD if self._owners[match[0]].isdisjoint(actor.customer_ids) else match[0]

        return self._confidential_pattern.sub(instead, text)


def any_of(values: Iterable[str]) -> str:
    """A pattern of any of these texts, the longest first; one is found only where no digit touches it: 125000 does not stand in
    1250001. None of them: nothing.

    Beginnings that texts share stand in it once, so that a place is not compared with each of thousands.
    """
    begin: dict[str, Any] = {}
    for value in values:
        node = begin
        for letter in value:
            node = node.setdefault(letter, {})
        node[_END] = {}
    return rf"(?<!\d){_rest(begin)}" if begin else r"(?!)"


def _rest(node: Mapping[str, Any]) -> str:
    """A pattern of everything that goes on from here, what ends here last."""
    parts = []
    for letter, following in sorted(node.items()):
        text = ""
        while letter != _END and len(following) == 1:
            text += re.escape(letter)
            [(letter, following)] = following.items()
        parts.append(text + (r"(?!\d)" if letter == _END else re.escape(letter) + _rest(following)))
    # The end sorts first, and is tried last.
    parts = [*parts[1:], parts[0]] if _END in node else parts
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


_END = ""

_NAMES = {
    "part": "SELECT name, component_id FROM enterprise.components UNION ALL SELECT component_id, component_id "
    "FROM enterprise.components",
    "device": "SELECT device_id, device_id FROM enterprise.devices UNION ALL SELECT machine_type, device_id "
    "FROM enterprise.devices",
    "customer": "SELECT name, customer_id FROM enterprise.customers UNION ALL SELECT customer_id, customer_id "
    "FROM enterprise.customers",
    "process": "SELECT name, process_id FROM enterprise.processes UNION ALL SELECT process_id, process_id "
    "FROM enterprise.processes",
    "incident": "SELECT error_code, incident_id FROM enterprise.incidents UNION ALL SELECT incident_id, incident_id "
    "FROM enterprise.incidents",
}
_CONFIDENTIAL = (
    "SELECT customer_id, contact_name FROM enterprise.customers",
    "SELECT customer_id, contact_email FROM enterprise.customers",
    "SELECT customer_id, journey_id FROM enterprise.journeys",
    "SELECT customer_id, CAST(CAST(value_usd AS BIGINT) AS VARCHAR) FROM enterprise.journeys WHERE value_usd >= 100000",
    "SELECT customer_id, document_id FROM enterprise.documents WHERE customer_id IS NOT NULL",
)


@contextmanager
def open_stores(
    warehouse: Warehouse,
    store: Store,
    vectors: Vectors,
    encoder: Encoder,
    graph: GraphStore,
    settings: HybridSettings | None = None,
) -> Iterator[Stores]:
    """The stores for the length of the block; `settings` are retrieval's. Raises what the stores raise where one is missing."""
    with (
        open_library(warehouse, store, vectors, encoder, graph) as library,
        open_views(warehouse, VIEWED_BY_TOOLS) as views,
    ):
        retriever = library.hybrid(settings or HybridSettings())
        yield Stores(views, library.register, retriever, Passages(views, library.register), graph)
