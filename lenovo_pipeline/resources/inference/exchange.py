"""One request and its reply: bounded in time and size, and cut off from another thread when nobody wants it any more.

Belongs here: sockets, time-outs, limits on what is read, and what a broken exchange is called.
Does not belong here: retries and what a status means (connection.py), what the bytes mean (streams.py).

httpx bounds the time between two bytes, not that of a whole reply: a server that sends a byte now and then would hold a
request for ever. So each line to a server has its own client with one connection, and a timer shuts its socket down.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lenovo_pipeline.resources.inference.errors import GenerationFailed

if TYPE_CHECKING:
    import httpx

CONNECT_WITHIN_S = 5.0
_ERROR_BYTES = 65_536

Cut = Literal["late", "cancelled"]


@dataclass(frozen=True)
class Problem:
    """Why there is no reply, as the end of a sentence that begins with the server's name."""

    what: str
    retry: bool = False
    unreachable: bool = False


@dataclass
class Line:
    """A client with one connection, lent to one request at a time; `sent` is when that was sent (monotonic clock, seconds)."""

    client: "httpx.Client"
    timeout_s: float = 0.0
    sent: float = 0.0
    cut: Cut | None = None
    _socket: socket.socket | None = field(default=None, repr=False)
    _turn: int = 0
    _timer: threading.Timer | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def begin(self) -> None:
        """The line is lent to a request."""
        with self._lock:
            self.cut = None
            self._turn += 1

    def send(self, request: "httpx.Request", timeout_s: float) -> "httpx.Response | Problem":
        """The reply as soon as its headers are there, or what went wrong; never raises httpx's errors, which hold the token."""
        import httpx

        self.timeout_s = timeout_s
        connect_s = min(CONNECT_WITHIN_S, timeout_s)
        request.extensions = {
            "timeout": {"connect": connect_s, "read": timeout_s, "write": timeout_s, "pool": timeout_s},
            "trace": self._follow,
        }
        self._timer = threading.Timer(timeout_s, self.cut_off, args=("late", self._turn))
        self._timer.daemon = True
        self._timer.start()
        self.sent = time.monotonic()
        try:
            return self.client.send(request, stream=True, follow_redirects=False)
        except httpx.ConnectTimeout:
            problem = Problem(f"did not accept a connection within {connect_s:g} s", retry=True, unreachable=True)
        except httpx.ConnectError as error:
            problem = _connection_problem(error)
        except UnicodeError:
            problem = Problem("has a name that no look-up takes", unreachable=True)
        except httpx.TimeoutException:
            problem = Problem(f"sent nothing within its time-out of {timeout_s:g} s")
        except httpx.NetworkError:
            problem = self.ended() or Problem("lost the connection before it answered", retry=True)
        except httpx.RemoteProtocolError:
            problem = self.ended() or Problem("closed the connection without an HTTP answer", retry=True)
        except httpx.HTTPError as error:
            problem = self.ended() or Problem(f"could not be asked ({type(error).__name__})")
        return problem

    def ended(self, received: int = 0) -> Problem | None:
        """What to say if this side ended the exchange; None if the server did."""
        if self.cut == "late":
            heard = f"was not done within its time-out of {self.timeout_s:g} s, after {received} bytes"
            return Problem(heard if received else f"sent nothing within its time-out of {self.timeout_s:g} s")
        return Problem("was not waited for: the request was cancelled") if self.cut == "cancelled" else None

    def cut_off(self, why: Cut, turn: int | None = None) -> None:
        """End the exchange under way, from any thread; a timer of an earlier turn comes too late."""
        with self._lock:
            if turn in (None, self._turn) and self.cut is None:
                self.cut = why
                self._shut()

    def end(self) -> None:
        """The exchange is over, the line may be lent again."""
        with self._lock:
            self._turn += 1
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _follow(self, event: str, info: dict[str, Any]) -> None:
        """Learn the socket, which the timer shuts down; called by httpx at each step of a request."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                if self.cut is not None:
                    self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # It was closed already.
                # By the plain socket's method: that of a TLS socket would first take its state from under the reading thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@dataclass
class Reply:
    """A reply whose headers have come. `server` is the name that its failures begin with."""

    line: Line
    response: "httpx.Response"
    server: str
    max_bytes: int
    received: int = 0

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case name."""
        return {name.lower(): value for name, value in self.response.headers.items()}

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes. Raises GenerationFailed when it is too long, late, cut or compressed."""
        import httpx

        encoding = self.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            # Nothing else was asked for, and a compressed body can unpack to any size.
            raise GenerationFailed(f"{self.server} answered in the encoding {encoding[:40]!r}, which was not asked for")
        body = self.response.iter_raw()
        while True:
            problem = None
            try:
                chunk = next(body, None)
            except httpx.HTTPError:
                chunk = None
                problem = self.line.ended(self.received) or Problem(f"broke off its answer after {self.received} bytes")
            if problem is None and chunk is None:
                problem = self.line.ended(self.received)
            if problem is not None:
                raise GenerationFailed(f"{self.server} {problem.what}")
            if chunk is None:
                return
            self.received += len(chunk)
            if self.received > self.max_bytes:
                raise GenerationFailed(
                    f"{self.server} sent more than the {self.max_bytes} bytes that an answer may have; it was cut off"
                )
            yield chunk

    def body(self) -> bytes:
        """The whole body. Raises what `chunks` raises."""
        return b"".join(self.chunks())

    def error_body(self) -> bytes:
        """What there is of the body of a refusal, which is read to quote it: empty if that fails."""
        self.max_bytes = _ERROR_BYTES
        try:
            return self.body()
        except GenerationFailed:
            return b""

    def close(self) -> None:
        """What was not read is dropped, with its connection."""
        self.response.close()


def _connection_problem(error: Exception) -> Problem:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Problem(f"has a certificate that is not trusted ({cause.verify_message})", unreachable=True)
        cause = cause.__cause__ or cause.__context__
    return Problem(f"does not answer ({error})", retry=True, unreachable=True)
