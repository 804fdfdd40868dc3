"""`make graph`: serve the graph alone, on the standard ports, to browse and query it. Ctrl-C stops it.

Run: python -m lenovo_pipeline.commands.graph [--bolt-port 7687] [--http-port 2480]
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.failures import PermanentFailure, PipelineError, TransientFailure
from lenovo_pipeline.resources.graph_server import DATABASE, HOST, USER, GraphServer, Ports
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings, get_settings

BOLT_PORT = 7687
HTTP_PORT = 2480
_POLL_S = 0.5
_EXAMPLES = (
    "MATCH (s:Series)<-[:IN_SERIES]-(d:Device) RETURN s.name, count(d) AS devices ORDER BY devices DESC LIMIT 10",
    "MATCH (a:Article)-[:EXPLAINS]->(i:Incident)-[:AFFECTS]->(d:Device) RETURN d.name, i.symptom, a.name LIMIT 10",
    "MATCH (i:Incident)-[:FIXED_BY]->(f:Firmware)-[:RUNS_ON]->(d:Device) RETURN d.name, f.name, i.error_code LIMIT 10",
    "MATCH path = (:Document)-[:SUPERSEDES*1..5]->(:Document) RETURN [n IN nodes(path) | n.name] AS versions LIMIT 10",
    "MATCH (u:Upload)-[:MENTIONS]->(d:Device) RETURN u.name, collect(d.name) AS devices",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the exit status: 0, or 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(description="Serve the graph alone, to browse and query it.")
    parser.add_argument("--bolt-port", type=int, default=BOLT_PORT, help="port of Bolt, for drivers and Cypher clients")
    parser.add_argument("--http-port", type=int, default=HTTP_PORT, help="port of the HTTP interface")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        serve(get_settings(), Ports(bolt=given.bolt_port, http=given.http_port))
    except PipelineError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("The graph server has stopped.")
    return 0


def serve(settings: Settings, ports: Ports) -> None:
    """Serve the embedded graph on `ports` until KeyboardInterrupt.

    Raises TransientFailure if a run holds the store or a port is taken, PermanentFailure if the graph is a server elsewhere.
    """
    if settings.neo4j_uri is not None:
        raise PermanentFailure(
            "the graph is kept by the server that LENOVO_NEO4J_URI names, so there is none of our own to serve",
            remedy="Connect to that server, or unset LENOVO_NEO4J_URI.",
        )
    store = Store(settings.store)
    server = GraphServer(store.graph, ports=ports)
    with store.held("make graph", wait_s=0):
        try:
            server.start()
            print(_instructions(server, ports), flush=True)
            while not server.wait(_POLL_S):
                pass
            raise TransientFailure(
                f"the graph server died. Last lines of its log ({server.log_folder}):\n{server.last_log_lines()}\n",
                remedy="Start it again (make graph).",
            )
        finally:
            server.stop()


def _instructions(server: GraphServer, ports: Ports) -> str:
    return "\n".join(
        (
            "The graph is served on this machine only; runs wait until it is stopped (Ctrl-C).",
            f"  Bolt      bolt://{HOST}:{ports.bolt}   database {DATABASE}, for any Neo4j client",
            f"  HTTP      http://{HOST}:{ports.http}/api/v1/query/{DATABASE}",
            f"  user      {USER}",
            f"  password  in {server.password_file} (new at each start)",
            "",
            "Questions to start with:",
            *(f"  {example}" for example in _EXAMPLES),
            "",
            "From a shell:",
            f"  curl -s -u {USER}:$(cat '{server.password_file}') http://{HOST}:{ports.http}/api/v1/command/{DATABASE} \\",
            """    -d '{"language": "cypher", "command": "MATCH (n) RETURN labels(n) AS labels, count(n) AS nodes"}'""",
        )
    )


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    exit_with(main)
