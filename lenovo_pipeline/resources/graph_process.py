"""A child process that never outlives its parent, and what to do about one that did.

Belongs here: making, watching and ending the process of the graph server. Does not belong here: what the server is.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from lenovo_pipeline.failures import PermanentFailure, TransientFailure

_STOP_WITHIN_S = 20.0
# The server needs none of the caller's environment, and JAVA_TOOL_OPTIONS and the like would change how it runs.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
_LAUNCHER = Path(__file__).with_name("graph_launcher.py")


class KeptProcess:
    """A child whose parent thread lives as long as it does.

    Linux sends the parent-death signal when the *thread* that made the child ends. Runs are driven from short-lived
    threads too, so a thread of its own makes the child and waits for it.
    """

    def __init__(self, command: list[str], *, cwd: Path, output: int) -> None:
        self.pid = 0
        self.created = 0.0
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._error: OSError | None = None
        made = threading.Event()

        def keep() -> None:
            try:
                # A session of its own: Ctrl-C in the terminal must reach the run, which then stops the server in order.
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *command],
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                )
            except OSError as error:
                self._error = error
                return
            finally:
                made.set()
            self._process.wait()
            self._ended.set()

        threading.Thread(target=keep, name="graph-server-keeper", daemon=True).start()
        made.wait()
        if self._process is None:
            raise PermanentFailure(
                f"the graph server cannot be started: {self._error}", remedy="Install again: make clean, then make run."
            )
        import psutil

        self.pid = self._process.pid
        try:
            self.created = psutil.Process(self.pid).create_time()
        except psutil.Error:
            self.created = time.time()

    @property
    def running(self) -> bool:
        return not self._ended.is_set()

    @property
    def exit_status(self) -> int | None:
        return self._process.returncode if self._process else None

    def wait(self, seconds: float) -> bool:
        return self._ended.wait(seconds)

    def stop(self) -> None:
        assert self._process is not None
        for ask in (self._process.terminate, self._process.kill):
            if self.running:
                ask()
                self._ended.wait(_STOP_WITHIN_S)


def stop_orphan(pid: int, created: float) -> None:
    """Stop the process that a killed run left behind, if the one with this id is the one made at `created` (seconds, epoch).

    Raises TransientFailure if it does not end.
    """
    import psutil

    try:
        orphan = psutil.Process(pid)
        if abs(orphan.create_time() - created) > 1:
            return
        orphan.terminate()
        try:
            orphan.wait(_STOP_WITHIN_S)
        except psutil.TimeoutExpired:
            orphan.kill()
            orphan.wait(_STOP_WITHIN_S)
    except psutil.NoSuchProcess:
        return
    except (psutil.AccessDenied, psutil.TimeoutExpired) as error:
        raise TransientFailure(
            f"process {pid}, a graph server that an earlier run left behind, does not end ({error})",
            remedy=f"Stop it (kill -9 {pid}), then try again.",
        ) from error
