"""The embedded graph server: an ArcadeDB process of our own, on loopback, that never outlives who started it.

Belongs here: start, readiness, stop, what a crash leaves behind, the server's folder.
Does not belong here: Cypher and Bolt (graph.py), what the graph holds (knowledge/graph*.py).

The folder holds `databases/` (the data), `log/` and `log.previous/` (bounded), `session/` (password and configuration of
the running server, made anew at each start), `server.json` (who runs) and `lock`. On Linux the kernel kills the server when
its parent dies; elsewhere the next start finds it through `server.json` and stops it.
"""

import atexit
import fcntl
import http.client
import json
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lenovo_pipeline.failures import PermanentFailure, PipelineError, TransientFailure
from lenovo_pipeline.resources.graph_java import java_command
from lenovo_pipeline.resources.graph_process import KeptProcess, stop_orphan
from lenovo_pipeline.resources.store import write_text_aside

HOST = "127.0.0.1"
USER = "root"
DATABASE = "graph"
HEAP = "1g"

_ATTEMPTS = 3
_READY_WITHIN_S = 120.0
_POLL_S = 0.05
_LOG_LINES = 12
_PORT_TAKEN = ("BindException", "Address already in use", "Unable to listen")
_MAIN_DIED = 'Exception in thread "main"'
_GAVE_UP = 1
_STACK_FRAME = ("\tat ", "\t... ")


@dataclass(frozen=True)
class Ports:
    """Loopback ports of a server."""

    bolt: int
    http: int


class GraphServer:
    """One server over one folder. Safe to start again after `stop`; nothing happens before `start`.

    `ports` fixes the ports; left out, free ones are taken. `heap` bounds the memory of the Java heap (`1g`, `512m`).
    The password is random at each start; `password_file` (mode 0600) keeps it as long as the server runs.
    """

    def __init__(self, folder: Path, *, ports: Ports | None = None, heap: str = HEAP) -> None:
        self.folder = folder.absolute()
        self.ports: Ports | None = None
        self.password = ""
        self._fixed_ports = ports
        self._heap = heap
        self._process: KeptProcess | None = None
        self._lock: int | None = None
        self._owner = 0

    @property
    def running(self) -> bool:
        """Whether the server process that this object started still lives."""
        return self._process is not None and self._process.running

    def wait(self, seconds: float) -> bool:
        """Wait for the server to end, at most `seconds`; whether it has."""
        return self._process is None or self._process.wait(seconds)

    @property
    def pid(self) -> int | None:
        """Process id of the server, None before `start` and after `stop`."""
        return self._process.pid if self._process else None

    @property
    def password_file(self) -> Path:
        return self.folder / "session" / "password"

    @property
    def state_file(self) -> Path:
        return self.folder / "server.json"

    @property
    def log_folder(self) -> Path:
        return self.folder / "log"

    def start(self) -> Ports:
        """Start the server and wait until it answers; the ports it listens on. Does nothing if it runs already.

        Raises TransientFailure if another process serves the folder, a port is taken or the server dies for a reason
        that may pass; PermanentFailure if Java is missing or the folder cannot be used. Both end with the last log lines.
        """
        if self.running and self.ports is not None:
            return self.ports
        self.stop()
        self._take_lock()
        try:
            self._stop_orphan()
            self.ports = self._start_with_retries()
        except BaseException:
            self.stop()
            raise
        atexit.register(self.stop)
        return self.ports

    def stop(self) -> None:
        """Stop the server, cleanly if it lets itself be; give the folder free. Does nothing if it does not run."""
        # A forked child inherits this object and the exit hook, but the server is not its own to stop.
        if self._owner and self._owner != os.getpid():
            return
        process, self._process, self.ports = self._process, None, None
        try:
            if process is not None:
                process.stop()
                self.state_file.unlink(missing_ok=True)
                shutil.rmtree(self.folder / "session", ignore_errors=True)
        finally:
            self._drop_lock()
            atexit.unregister(self.stop)

    def last_log_lines(self, lines: int = _LOG_LINES) -> str:
        """The end of what the server and its Java runtime wrote, newest last; never holds the password."""
        parts = [*sorted(self.log_folder.glob("server.*.log"), reverse=True), self.log_folder / "console.log"]
        text = ""
        for part in parts:
            with suppress(OSError):
                text += part.read_text(encoding="utf-8", errors="replace") + "\n"
        said = [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith(_STACK_FRAME)]
        kept = said[-lines:]
        found = "\n".join(kept) or "(the log is empty)"
        return found.replace(self.password, "***") if self.password else found

    def _start_with_retries(self) -> Ports:
        for attempt in range(1, _ATTEMPTS + 1):
            ports = self._fixed_ports or _free_ports()
            if self._fixed_ports is not None:
                _check_free(ports)
            try:
                self._launch(ports)
                self._wait_until_ready(ports)
                return ports
            except TransientFailure:
                if self._process is not None:
                    self._process.stop()
                    self._process = None
                if attempt == _ATTEMPTS or self._fixed_ports is not None:
                    raise
        raise AssertionError("unreachable")

    def _launch(self, ports: Ports) -> None:
        self.password = secrets.token_urlsafe(24)
        with _folder_errors(self.folder):
            session = _made_anew(self.folder / "session")
            shutil.rmtree(self.folder / "log.previous", ignore_errors=True)
            if self.log_folder.exists():
                self.log_folder.rename(self.folder / "log.previous")
            self.log_folder.mkdir()
            _write_secret(self.password_file, self.password)
            command = java_command(
                session=session,
                databases=self.folder / "databases",
                logs=self.log_folder,
                password_file=self.password_file,
                database=DATABASE,
                user=USER,
                host=HOST,
                bolt=ports.bolt,
                http=ports.http,
                heap=self._heap,
            )
            with (self.log_folder / "console.log").open("wb") as console:
                process = self._process = KeptProcess(command, cwd=session, output=console.fileno())
            known = {"pid": process.pid, "created": process.created, "owner": os.getpid()}
            write_text_aside(self.state_file, json.dumps(known))

    def _wait_until_ready(self, ports: Ports) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + _READY_WITHIN_S
        while not _answers_ready(ports.http):
            if not process.running:
                raise self._start_failure(f"the graph server ended while starting (exit status {process.exit_status})")
            # A port that is taken ends the server's main thread but not its process.
            if _MAIN_DIED in self._console():
                raise self._start_failure("the graph server failed while starting")
            if time.monotonic() > deadline:
                raise self._start_failure(f"the graph server did not answer within {_READY_WITHIN_S:.0f} s")
            process.wait(_POLL_S)

    def _start_failure(self, message: str) -> PipelineError:
        assert self._process is not None
        lines = self.last_log_lines()
        message = f"{message}. Folder: {self.folder}. Last lines of its log:\n{lines}\n"
        refused = self._process.exit_status == _GAVE_UP or _MAIN_DIED in self._console()
        if refused and not any(sign in lines for sign in _PORT_TAKEN):
            return PermanentFailure(message, remedy=f"If the log does not tell what to do: {rebuild(self.folder)}")
        return TransientFailure(message, remedy=f"Try again. If it fails the same way: {rebuild(self.folder)}")

    def _console(self) -> str:
        with suppress(OSError):
            return (self.log_folder / "console.log").read_text(encoding="utf-8", errors="replace")
        return ""

    def _take_lock(self) -> None:
        with _folder_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            known = self._state()
            holder = f"process {known['owner']} (its server: process {known['pid']})" if known else "another process"
            raise TransientFailure(
                f"the graph folder {self.folder} is already served for {holder}",
                remedy="Wait until that run or `make graph` has ended, or stop it; then try again.",
            ) from error
        self._lock = lock
        self._owner = os.getpid()

    def _drop_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _state(self) -> dict[str, float]:
        try:
            known = json.loads(self.state_file.read_text(encoding="utf-8"))
            return {name: float(known[name]) if name == "created" else int(known[name]) for name in ("pid", "created", "owner")}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _stop_orphan(self) -> None:
        known = self._state()
        if not known:
            return
        stop_orphan(int(known["pid"]), known["created"])
        self.state_file.unlink(missing_ok=True)


def rebuild(folder: Path) -> str:
    """The remedy for a folder that is damaged: nothing in it is original."""
    return f"delete {folder} and run again (make run), which rebuilds the graph from the tables."


def _check_free(ports: Ports) -> None:
    taken = []
    for port in (ports.bolt, ports.http):
        with socket.socket() as probe:
            # As the server does: a port whose last connections linger may be taken again.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                taken.append(f"port {port} on {HOST} cannot be used ({error.strerror})")
    if taken:
        raise TransientFailure(
            f"the graph server cannot start: {' and '.join(taken)}", remedy="Stop what listens there, or choose other ports."
        )


def _free_ports() -> Ports:
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.bind((HOST, 0))
        return Ports(bolt=first.getsockname()[1], http=second.getsockname()[1])


def _answers_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/api/v1/ready")
        return connection.getresponse().status == http.HTTPStatus.NO_CONTENT
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _made_anew(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    return folder


def _write_secret(path: Path, secret: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secret)


@contextmanager
def _folder_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PermanentFailure(
            f"the graph folder {folder} cannot be used ({error.strerror or error})",
            remedy="Make it writable and see that the disk has room, or point LENOVO_STORE at another folder.",
        ) from error
