"""The embedded graph server as a process, and the store that speaks to it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lenovo_pipeline.failures import PermanentFailure, PipelineError, TransientFailure
from lenovo_pipeline.resources import graph_java, graph_process, graph_server
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.graph_server import GraphServer, Ports
from lenovo_pipeline.settings import Settings

_PATIENCE_S = 60


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    with GraphStore(GraphServer(tmp_path_factory.mktemp("store") / "graph")) as store:
        store.read("RETURN 1")
        yield store


def server_of(store: GraphStore) -> GraphServer:
    assert store.server is not None
    return store.server


def child_with_server(folder: Path, then: str) -> tuple["subprocess.Popen[str]", int]:
    """A Python process that starts a server over `folder` and then runs `then`; with the server's process id."""
    program = textwrap.dedent(
        f"""
        import sys, threading, time
        from pathlib import Path
        from lenovo_pipeline.resources.graph_server import GraphServer
        server = GraphServer(Path({str(folder)!r}))
        """
    ) + textwrap.dedent(then)
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line.strip().isdigit(), line + (child.stderr.read() if child.stderr else "")
    return child, int(line)


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.05)


def test_threads_that_ask_first_at_the_same_time_are_served_by_one_server(tmp_path: Path) -> None:
    found: list[object] = []
    together = threading.Barrier(8)

    def ask(store: GraphStore) -> None:
        together.wait(_PATIENCE_S)
        try:
            found.append((store.rows("RETURN 1 AS one")[1], server_of(store).ports))
        except Exception as error:
            found.append(error)

    with GraphStore(GraphServer(tmp_path / "graph")) as store:
        threads = [threading.Thread(target=ask, args=(store,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * _PATIENCE_S)
        assert found == [([[1]], server_of(store).ports)] * 8


def end(child: "subprocess.Popen[str]") -> tuple[str, str]:
    return child.communicate(timeout=_PATIENCE_S)


def test_it_listens_on_loopback_only(served: GraphStore) -> None:
    listening = [c for c in psutil.Process(server_of(served).pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
    ports = server_of(served).ports
    assert ports is not None
    assert {c.laddr.port for c in listening} == {ports.bolt, ports.http}
    assert {c.laddr.ip.removeprefix("::ffff:") for c in listening} == {"127.0.0.1"}


def test_the_password_is_in_a_private_file_and_nowhere_else(served: GraphStore) -> None:
    server = server_of(served)
    assert server.password_file.read_text() == server.password
    assert stat.S_IMODE(server.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.password_file.parent.stat().st_mode) == 0o700
    process = psutil.Process(server.pid)
    assert server.password not in " ".join([*process.cmdline(), *process.environ().values()])
    others = [path for path in server.folder.rglob("*") if path.is_file() and path != server.password_file]
    assert others
    assert not [path for path in others if server.password.encode() in path.read_bytes()]


def test_it_inherits_nothing_that_changes_java_or_tells_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    monkeypatch.setenv("LENOVO_NEO4J_PASSWORD", "a secret of the run")
    server = GraphServer(tmp_path / "graph")
    try:
        server.start()
        assert {"JAVA_TOOL_OPTIONS", "LENOVO_NEO4J_PASSWORD"}.isdisjoint(psutil.Process(server.pid).environ())
    finally:
        server.stop()


def test_without_the_password_nobody_gets_in(served: GraphStore) -> None:
    stranger = GraphStore(None, uri=served.address().uri, user="root", password="a guess", database="graph")
    with stranger, pytest.raises(PermanentFailure, match=r"refuses user 'root'.*LENOVO_NEO4J_PASSWORD") as caught:
        stranger.read("RETURN 1")
    assert "a guess" not in str(caught.value)


def test_files_of_the_machine_cannot_be_read_through_a_query(served: GraphStore, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("secret\n")
    with pytest.raises(PipelineError):
        served.read("LOAD CSV FROM $url AS line RETURN line", url=(tmp_path / "secret.csv").as_uri())


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    store = GraphStore(GraphServer(tmp_path / "graph"))
    with store:
        assert (
            store.write_batches("UNWIND $rows AS row MERGE (n:Thing {id: row.id})", ({"id": i} for i in range(25)), size=10) == 25
        )
        first = server_of(store).password
    assert not server_of(store).running
    with store:
        assert store.read("MATCH (n:Thing) RETURN count(n) AS n") == [{"n": 25}]
        assert server_of(store).password != first


def test_a_normal_end_without_closing_leaves_no_server(tmp_path: Path) -> None:
    child, pid = child_with_server(tmp_path / "graph", "server.start(); print(server.pid, flush=True)")
    out, err = end(child)
    assert child.returncode == 0
    assert (out, err) == ("", "")
    wait_until_gone(pid)
    assert not (tmp_path / "graph" / "server.json").exists()


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start stops the orphan")
def test_a_killed_run_leaves_no_server(tmp_path: Path, kind: signal.Signals) -> None:
    child, pid = child_with_server(tmp_path / "graph", "server.start(); print(server.pid, flush=True); time.sleep(600)")
    child.send_signal(kind)
    end(child)
    wait_until_gone(pid)
    with GraphStore(GraphServer(tmp_path / "graph")) as store:
        assert store.read("RETURN 1 AS one") == [{"one": 1}]


def test_a_server_started_in_a_thread_outlives_the_thread(tmp_path: Path) -> None:
    then = """
    thread = threading.Thread(target=server.start)
    thread.start(); thread.join()
    time.sleep(1)
    print(server.pid if server.running else "dead", flush=True)
    """
    child, pid = child_with_server(tmp_path / "graph", then)
    end(child)
    wait_until_gone(pid)


def test_a_forked_child_that_ends_does_not_stop_the_server(tmp_path: Path) -> None:
    then = """
    import os
    server.start()
    child = os.fork()
    if child == 0:
        server.stop()
        sys.exit(0)
    os.waitpid(child, 0)
    print(server.pid if not server.wait(1) else "dead", flush=True)
    """
    child, pid = child_with_server(tmp_path / "graph", then)
    end(child)
    wait_until_gone(pid)


def test_an_orphan_of_a_killed_run_is_stopped_at_the_next_start(tmp_path: Path) -> None:
    """Where the system has no parent-death signal, the server of a killed run lives on: here it is made to."""
    folder = tmp_path / "graph"
    then = """
    from lenovo_pipeline.resources import graph_process
    bare = Path(server.folder.parent) / "launcher.py"
    bare.write_text("import os, sys; os.execv(sys.argv[2], sys.argv[2:])")
    graph_process._LAUNCHER = bare
    server.start(); print(server.pid, flush=True); time.sleep(600)
    """
    child, pid = child_with_server(folder, then)
    child.kill()
    end(child)
    assert psutil.pid_exists(pid)
    with GraphStore(GraphServer(folder)) as store:
        assert store.read("RETURN 1 AS one") == [{"one": 1}]
        wait_until_gone(pid)


def test_a_process_that_merely_has_the_noted_id_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        known = {"pid": bystander.pid, "created": psutil.Process(bystander.pid).create_time() - 3600, "owner": 1}
        folder = tmp_path / "graph"
        folder.mkdir()
        (folder / "server.json").write_text(json.dumps(known))
        with GraphStore(GraphServer(folder)) as store:
            store.read("RETURN 1")
        assert bystander.poll() is None
        graph_process.stop_orphan(bystander.pid, psutil.Process(bystander.pid).create_time())
        wait_until_gone(bystander.pid)
    finally:
        bystander.kill()


def test_a_second_server_on_one_folder_is_refused(served: GraphStore) -> None:
    second = GraphStore(GraphServer(server_of(served).folder))
    with pytest.raises(TransientFailure, match=f"already served for process {os.getpid()} .*make graph"):
        second.read("RETURN 1")
    second.close()
    assert served.read("RETURN 1 AS one") == [{"one": 1}]


def test_a_lock_and_notes_left_behind_do_not_hinder(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    with GraphStore(GraphServer(folder)) as store:
        store.write("CREATE (:Thing {id: 1})")
    for path in ("lock", "server.json", "databases/graph/database.lck", "session/password"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("left behind")
    with GraphStore(GraphServer(folder)) as store:
        assert store.read("MATCH (n:Thing) RETURN n.id AS id") == [{"id": 1}]


@pytest.mark.parametrize("which", ["bolt", "http"])
def test_a_fixed_port_that_is_taken_is_named(tmp_path: Path, which: str) -> None:
    with socket.socket() as taken, socket.socket() as other:
        for one in (taken, other):
            one.bind(("127.0.0.1", 0))
        taken.listen()
        port, free = taken.getsockname()[1], other.getsockname()[1]
        other.close()
        ports = Ports(bolt=port, http=free) if which == "bolt" else Ports(bolt=free, http=port)
        with pytest.raises(TransientFailure, match=f"port {port} on 127.0.0.1 cannot be used"):
            GraphServer(tmp_path / "graph", ports=ports).start()


def test_a_free_port_that_somebody_else_takes_first_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose = graph_server._free_ports
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        offers = iter([Ports(bolt=taken.getsockname()[1], http=choose().http), choose()])
        monkeypatch.setattr(graph_server, "_free_ports", lambda: next(offers))
        with GraphStore(GraphServer(tmp_path / "graph")) as store:
            assert store.read("RETURN 1 AS one") == [{"one": 1}]
        assert next(offers, None) is None


def test_a_server_killed_between_two_writes_recovers_what_was_committed(tmp_path: Path) -> None:
    written: list[int] = []
    with GraphStore(GraphServer(tmp_path / "graph")) as store:
        store.write("CREATE CONSTRAINT thing_id IF NOT EXISTS FOR (n:Thing) REQUIRE n.id IS UNIQUE")
        pid = server_of(store).pid
        assert pid is not None

        def kill_soon(rows: int) -> None:
            written.append(rows)
            if len(written) == 5:
                threading.Thread(target=os.kill, args=(pid, signal.SIGKILL)).start()

        rows = ({"id": i, "text": "x" * 200} for i in range(1_000_000))
        cypher = "UNWIND $rows AS row MERGE (n:Thing {id: row.id}) SET n = row"
        with pytest.raises(TransientFailure, match=r"died.*log") as caught:
            store.write_batches(cypher, rows, size=200, done=kill_soon)
        assert "it is started anew" in str(caught.value)
        [row] = store.read("MATCH (n:Thing) RETURN count(n) AS n, count(DISTINCT n.id) AS ids, max(n.id) AS last")
        assert row["n"] == row["ids"] == row["last"] + 1 >= written[-1]
        assert store.write_batches(cypher, [{"id": i, "text": "y"} for i in range(300)], size=100) == 300


def test_a_server_killed_between_two_looks_is_told_and_started_again(tmp_path: Path) -> None:
    with GraphStore(GraphServer(tmp_path / "graph")) as store:
        store.write("CREATE (:Kept {id: 'a'})")
        assert store.look("MATCH (n:Kept) RETURN n.id") == [["a"]]
        os.kill(server_of(store).pid or 0, signal.SIGKILL)
        server_of(store).wait(20)
        try:
            found = store.look("MATCH (n:Kept) RETURN n.id")
        except TransientFailure:
            found = store.look("MATCH (n:Kept) RETURN n.id")
        assert found == [["a"]]


def test_a_damaged_folder_is_refused_with_the_log_and_the_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    (folder / "databases").mkdir(parents=True)
    (folder / "databases" / "graph").write_text("not a database")
    store = GraphStore(GraphServer(folder))
    with pytest.raises(PermanentFailure, match=r"Last lines of its log:\n.*") as caught:
        store.read("RETURN 1")
    assert "Not a directory" in str(caught.value)
    assert f"delete {folder}" in str(caught.value)
    assert not server_of(store).running
    (folder / "databases" / "graph").unlink()
    with store:
        assert store.read("RETURN 1 AS one") == [{"one": 1}]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PermanentFailure, match=r"cannot be used.*LENOVO_STORE"):
        GraphServer(tmp_path / "file" / "graph").start()


def test_a_missing_java_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "arcadedb_embedded").mkdir()
    (tmp_path / "arcadedb_embedded" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PermanentFailure, match=r"lacks .*java and .*jars.*LENOVO_NEO4J_URI"):
        graph_java._installed()
    with pytest.raises(PermanentFailure, match="lacks"):
        GraphServer(tmp_path / "graph").start()


def test_only_two_generations_of_logs_are_kept(tmp_path: Path) -> None:
    server = GraphServer(tmp_path / "graph")
    for _ in range(3):
        server.start()
        server.stop()
    held = sorted(path.name for path in server.folder.iterdir())
    assert held == ["databases", "lock", "log", "log.previous"]
    assert "limit=2000000" in graph_java._logging_properties(server.log_folder)


def test_a_bad_query_is_permanent_and_says_where_it_is_wrong(served: GraphStore) -> None:
    with pytest.raises(PermanentFailure, match=r"Syntax error at line 1.*Correct the query"):
        served.read("MATCH (n RETURN n")
    assert served.read("RETURN 1 AS one") == [{"one": 1}]


def test_a_look_reads_what_a_reading_transaction_reads_and_goes_on_after_a_bad_query(served: GraphStore) -> None:
    query = "UNWIND $ids AS id RETURN id, id * 2 AS twice"
    assert served.look(query, ids=[1, 2]) == served.rows(query, ids=[1, 2])[1] == [[1, 2], [2, 4]]
    with pytest.raises(PermanentFailure, match="refused a query"):
        served.look("MATCH (n RETURN n")
    assert served.look(query, ids=[3]) == [[3, 6]]


def test_a_broken_constraint_is_permanent(served: GraphStore) -> None:
    served.write("CREATE CONSTRAINT only_id IF NOT EXISTS FOR (n:Only) REQUIRE n.id IS UNIQUE")
    served.write("CREATE (:Only {id: 1})")
    with pytest.raises(PermanentFailure, match="ConstraintValidationFailed"):
        served.write("CREATE (:Only {id: 1})")


@pytest.mark.parametrize(
    ("uri", "failure", "says"),
    [
        ("bolt://127.0.0.1:{free}", TransientFailure, "cannot be reached"),
        ("bolt://somebody:hidden-in-address@127.0.0.1:{free}", PermanentFailure, "cannot be addressed"),
        ("no address at all", PermanentFailure, "cannot be addressed"),
        ("bolt://127.0.0.1:port", PermanentFailure, "cannot be addressed"),
    ],
)
def test_a_server_that_is_not_there_fails_within_seconds_without_the_password(
    uri: str, failure: type[PipelineError], says: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    store = GraphStore(None, uri=uri.format(free=free), user="neo4j", password="never-shown", database="neo4j")
    with pytest.raises(failure, match=f"{says}.*LENOVO_NEO4J_URI") as caught:
        store.read("RETURN 1")
    assert "never-shown" not in str(caught.value)
    assert "hidden-in-address" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_configured_server_is_used_instead_of_our_own(served: GraphStore, tmp_path: Path) -> None:
    settings = Settings(
        store=tmp_path,
        neo4j_uri=served.address().uri,
        neo4j_user="root",
        neo4j_password=server_of(served).password,
        neo4j_database="graph",
    )
    with GraphStore.from_settings(settings) as store:
        assert not store.embedded
        assert store.read("RETURN 1 AS one") == [{"one": 1}]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PermanentFailure, match=r"no database 'absent'.*LENOVO_NEO4J_DATABASE"):
        GraphStore.from_settings(settings.model_copy(update={"neo4j_database": "absent"})).read("RETURN 1")
    with pytest.raises(PermanentFailure, match="LENOVO_NEO4J_PASSWORD is not set"):
        GraphStore.from_settings(settings.model_copy(update={"neo4j_password": None}))


def test_nothing_starts_before_the_first_use(tmp_path: Path) -> None:
    with GraphStore.from_settings(Settings(store=tmp_path, neo4j_uri=None)) as store:
        assert store.embedded
    assert list(tmp_path.iterdir()) == []


def test_make_graph_serves_until_interrupted_and_prints_how_to_connect(tmp_path: Path) -> None:
    ports = graph_server._free_ports()
    environment = {**os.environ, "LENOVO_STORE": str(tmp_path / "store")}
    command = [
        sys.executable,
        "-m",
        "lenovo_pipeline.commands.graph",
        "--bolt-port",
        str(ports.bolt),
        "--http-port",
        str(ports.http),
    ]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None
    told = "".join(iter(child.stdout.readline, "Questions to start with:\n"))
    password_file = tmp_path / "store" / "graph" / "session" / "password"
    assert str(password_file) in told
    password = password_file.read_text()
    assert password not in told
    with GraphStore(None, uri=f"bolt://127.0.0.1:{ports.bolt}", user="root", password=password, database="graph") as store:
        assert store.read("RETURN 1 AS one") == [{"one": 1}]
    second = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=_PATIENCE_S)
    assert second.returncode == 1
    assert "still in use by make graph" in second.stderr
    child.send_signal(signal.SIGINT)
    out, err = end(child)
    assert child.returncode == 0
    assert "has stopped" in out
    assert err == ""
    assert not password_file.exists()
