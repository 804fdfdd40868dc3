"""HTTP to one model server: limits, retries, and what every refusal is called.

Belongs here: which requests are sent, when, and what their status means.
Does not belong here: sockets (exchange.py), wire formats (chat_completions.py, ollama.py).

The token is added to each request for the server's own address, and redirects are never followed, so it goes nowhere else.
Failures are raised outside the handling of httpx's errors, whose requests hold the token.
"""

import ipaddress
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.resources.inference.errors import GenerationFailed, ModelMissing, ModelUnavailable
from lenovo_pipeline.resources.inference.exchange import Line, Problem, Reply
from lenovo_pipeline.resources.inference.limits import RateLimit
from lenovo_pipeline.resources.inference.retrying import RetryPolicy, worth_retrying

if TYPE_CHECKING:
    import ssl

ANSWER_BYTES = 8 * 2**20
"""Longest body of anything that is not an answer to be generated: a list of models, a batch of embeddings."""

_QUOTED_CHARACTERS = 300


@dataclass(frozen=True)
class Server:
    """A server as the user configured it. `start` tells how to have one, `token_from` where its token comes from."""

    name: str
    url: str
    setting: str
    start: str
    token: SecretStr | None = None
    token_from: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    use_proxy: bool = False

    def __post_init__(self) -> None:
        """Raises ModelUnavailable for an address or a token that cannot be used safely."""
        parts = _parts(self.url)
        if parts is None:
            raise ModelUnavailable(
                f"{self.setting} is no address of a server", remedy=f"Set {self.setting} to something like http://127.0.0.1:8000."
            )
        if parts.username is not None or parts.password is not None:
            where = f" and put the key into {self.token_from}" if self.token_from else ""
            raise ModelUnavailable(f"{self.setting} holds a user or a password", remedy=f"Leave them out of the address{where}.")
        if self.token is None:
            return
        if not re.fullmatch(r"[!-~]+", self.token.get_secret_value()):
            raise ModelUnavailable(
                f"The token of {self.name} holds blanks or characters that no token has", remedy=f"Correct {self.token_from}."
            )
        if parts.scheme == "http" and not self.is_local:
            raise ModelUnavailable(
                f"{self.setting} is {self.url}, and the token would cross the network unencrypted",
                remedy=f"Use an https address, or unset {self.token_from}.",
            )

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def clean(self, text: str) -> str:
        """What a server said, fit to be shown: on one line, shortened, without the token."""
        if self.token is not None:
            text = text.replace(self.token.get_secret_value(), "[token]")
        text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
        return text if len(text) <= _QUOTED_CHARACTERS else f"{text[:_QUOTED_CHARACTERS]}…"


@dataclass
class Connection:
    """Requests to one server, from any number of threads. Opens no socket before the first request."""

    server: Server
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    limit: RateLimit | None = None
    pause: Callable[[float], bool] | None = None
    _idle: list[Line] = field(default_factory=list, repr=False)
    _busy: list[Line] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _cancelled: threading.Event = field(default_factory=threading.Event, repr=False)

    def ask(self, method: str, path: str, body: Any = None, *, timeout_s: float, retry: bool = True) -> Any:
        """The JSON that the server answers. Raises ModelUnavailable or GenerationFailed."""
        with self.open(method, path, body, timeout_s=timeout_s, max_bytes=ANSWER_BYTES, retry=retry) as reply:
            data = reply.body()
        return parse_json(data, self.server)

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout_s: float,
        max_bytes: int,
        retry: bool = True,
        file: Path | None = None,
    ) -> Iterator[Reply]:
        """A successful reply, to be read inside the block. `timeout_s` bounds each attempt from its sending to its last byte.

        `body` is sent as JSON, or the bytes of `file`. Waits, for the limit and between attempts, are not part of the time-out.
        Raises ModelUnavailable (unreachable, token refused, not found, redirected) or GenerationFailed (anything else).
        """
        content = None if body is None else _encoded(body)
        attempt = 0
        while True:
            attempt += 1
            self._wait_for_limit()
            line = self._lend()
            try:
                with file.open("rb") if file is not None else nullcontext() as opened:
                    request = line.client.build_request(
                        method, self.server.url.rstrip("/") + path, content=content or opened, headers=self._headers(content)
                    )
                    got = line.send(request, timeout_s)
                if isinstance(got, Problem):
                    failure, again, asked = self._failure(got), got.retry, dict[str, str]()
                else:
                    reply = Reply(line, got, self.server.name, max_bytes)
                    try:
                        if 200 <= reply.status <= 299:
                            yield reply
                            return
                        failure, again, asked = self._refusal(reply), worth_retrying(reply.status), reply.headers
                    finally:
                        reply.close()
            finally:
                self._take_back(line)
            wait = self.retries.wait(attempt, asked)
            if not (again and retry) or attempt >= self.retries.attempts or wait > self.retries.longest_wait_s:
                raise failure
            self._wait(wait)

    def cancel(self) -> None:
        """End every request under way and refuse further ones, until `resume`."""
        self._cancelled.set()
        with self._lock:
            for line in self._busy:
                line.cut_off("cancelled")

    def resume(self) -> None:
        """Allow requests again."""
        self._cancelled.clear()

    def close(self) -> None:
        """Close every connection."""
        self.cancel()
        with self._lock:
            while self._idle:
                self._idle.pop().client.close()

    @cached_property
    def _tls(self) -> "ssl.SSLContext":
        import ssl

        import httpx

        if urlsplit(self.server.url).scheme == "https":
            return httpx.create_ssl_context(trust_env=True)
        # Loading certificates takes time that a server without TLS need not cost; this context trusts none.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def _headers(self, content: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", **self.server.headers}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if self.server.token is not None:
            headers["Authorization"] = f"Bearer {self.server.token.get_secret_value()}"
        return headers

    def _lend(self) -> Line:
        import httpx

        with self._lock:
            if self._cancelled.is_set():
                raise GenerationFailed(f"{self.server.name} was not asked: the request was cancelled")
            if self._idle:
                line = self._idle.pop()
            else:
                trusted = self.server.use_proxy and not self.server.is_local
                limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
                line = Line(httpx.Client(verify=self._tls, trust_env=trusted, limits=limits))
            line.begin()
            self._busy.append(line)
            return line

    def _take_back(self, line: Line) -> None:
        with self._lock:
            line.end()
            self._busy.remove(line)
            if self._cancelled.is_set():
                line.client.close()
            else:
                self._idle.append(line)

    def _wait_for_limit(self) -> None:
        waited = 0.0
        while self.limit is not None and (wait := self.limit.take()) > 0:
            waited += wait
            if waited > self.retries.longest_wait_s:
                raise GenerationFailed(
                    f"{self.server.name} takes no further request for {wait:.0f} s: the limit of this client is used up",
                    remedy="Wait that long, or ask less.",
                )
            self._wait(wait)

    def _wait(self, seconds: float) -> None:
        cancelled = (self.pause or self._cancelled.wait)(seconds)
        if cancelled:
            raise GenerationFailed(f"{self.server.name} was not asked: the request was cancelled")

    def _failure(self, problem: Problem) -> PipelineError:
        if problem.unreachable:
            return ModelUnavailable(f"{self.server.name} at {self.server.url} {problem.what}", remedy=self.server.start)
        return GenerationFailed(f"{self.server.name} {problem.what}")

    def _refusal(self, reply: Reply) -> PipelineError:
        """What a reply that is no success means, in the server's own words where it has some."""
        said = self.server.clean(error_message(reply.error_body()))
        says = f", which says: {said}" if said else ""
        answered = f"{self.server.name} answered {reply.status}{says}"
        if 300 <= reply.status <= 399:
            target = self.server.clean(reply.headers.get("location", "elsewhere"))
            return ModelUnavailable(
                f"{self.server.name} at {self.server.url} redirects to {target}, and no redirect is followed",
                remedy=f"Set {self.server.setting} to the address that answers itself.",
            )
        if reply.status == 429 or (reply.status == 403 and reply.headers.get("x-ratelimit-remaining") == "0"):
            return GenerationFailed(f"{answered}: it limits how often it may be asked")
        if reply.status in (401, 403):
            given = "refused the token" if self.server.token is not None else "asks for a token"
            remedy = f"Correct {self.server.token_from}." if self.server.token_from else f"Correct {self.server.setting}."
            return ModelUnavailable(f"{self.server.name} at {self.server.url} {given} ({reply.status}){says}", remedy=remedy)
        if reply.status == 404:
            return ModelMissing(
                f"{self.server.name} at {self.server.url} does not have what was asked for (404){says}",
                remedy=f"Correct the model's name, or {self.server.setting}.",
            )
        return GenerationFailed(answered)


def _parts(url: str) -> SplitResult | None:
    """The parts of an address that can be asked: http or https, a host, no query; None for anything else."""
    import httpx

    if not re.fullmatch(r"[!-~]+", url):
        return None
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.query + parts.fragment
    except (ValueError, httpx.InvalidURL):
        return None
    return parts if usable else None


def parse_json(data: bytes, server: Server) -> Any:
    """The value of a JSON text in UTF-8. Raises GenerationFailed saying what it was instead."""
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        found = "bytes that are no UTF-8"
    except (ValueError, RecursionError):
        start = data.lstrip()[:200]
        found = "an HTML page" if start[:1] == b"<" else f"no valid JSON ({server.clean(start.decode('utf-8', 'replace'))!r})"
    raise GenerationFailed(f"{server.name} sent {found} instead of JSON")


def error_message(data: bytes) -> str:
    """The message in the body of a refusal: an error object, its string, a detail, or the text itself; empty for HTML."""
    text = data.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "" if text.lstrip()[:1] == "<" else text
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(key):
            found = found[key]
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _encoded(body: Any) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}"
    raise GenerationFailed(f"The request cannot be written as JSON in UTF-8 ({problem[:_QUOTED_CHARACTERS]})")
