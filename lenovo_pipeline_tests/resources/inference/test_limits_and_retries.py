"""How often a server may be asked, and how long to wait before it is asked again."""

import threading
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenovo_pipeline.resources.inference.limits import RateLimit, Window
from lenovo_pipeline.resources.inference.resource import GITHUB_LIMIT
from lenovo_pipeline.resources.inference.retrying import RetryPolicy, asked_wait, worth_retrying

NOW = 1_700_000_000.0


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_hundred_and_first_request_waits_until_the_first_is_a_minute_old() -> None:
    clock = Clock()
    limit = RateLimit(GITHUB_LIMIT, now=clock)
    for second in range(100):
        clock.now = second * 0.1
        assert limit.take() == 0
    assert limit.take() == pytest.approx(60 - 9.9)
    clock.now = 59.99
    assert limit.take() > 0
    clock.now = 60.0
    assert limit.take() == 0
    assert limit.take() == pytest.approx(0.1)


def test_five_thousand_requests_an_hour_are_the_limit_however_they_are_spread() -> None:
    clock = Clock()
    limit = RateLimit(GITHUB_LIMIT, now=clock)
    sent = 0
    while sent < 5_000:
        wait = limit.take()
        sent += wait == 0
        clock.now += wait
    assert clock.now == pytest.approx(49 * 60)
    clock.now = 3_599.0
    assert limit.take() == pytest.approx(1.0)
    clock.now = 3_600.0
    assert limit.take() == 0


@given(steps=st.lists(st.floats(0, 40), min_size=1, max_size=200))
def test_no_window_ever_holds_more_than_its_limit(steps: list[float]) -> None:
    clock = Clock()
    windows = (Window(3, 10), Window(7, 60))
    limit = RateLimit(windows, now=clock)
    taken: list[float] = []
    for step in steps:
        clock.now += step
        if limit.take() == 0:
            taken.append(clock.now)
    for window in windows:
        for end in taken:
            assert sum(end - window.seconds < at <= end for at in taken) <= window.requests


def test_threads_share_a_limit() -> None:
    limit = RateLimit((Window(50, 3_600),), now=lambda: 0.0)
    granted: list[float] = []

    def take() -> None:
        for _ in range(25):
            granted.append(limit.take())

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted.count(0) == 50


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": formatdate(NOW + 90, usegmt=True)}, 90),
        ({"retry-after": formatdate(NOW - 90, usegmt=True)}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 42)}, 42),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "42"}, 42),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "42"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1.5s"}, 1.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "250ms"}, 0.25),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "never"}, None),
        ({}, None),
    ],
)
def test_a_server_is_asked_again_when_it_says(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, NOW) == (None if seconds is None else pytest.approx(seconds, abs=0.01))


@given(value=st.text(max_size=30))
def test_no_header_makes_the_wait_anything_but_a_time(value: str) -> None:
    for headers in ({"retry-after": value}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": value}):
        found = asked_wait(headers, NOW)
        assert found is None or found >= 0


def test_waits_double_with_jitter_up_to_a_cap_where_the_server_says_nothing() -> None:
    policy = RetryPolicy(first_s=1, cap_s=5)
    for attempt, longest in enumerate((1, 2, 4, 5, 5), start=1):
        drawn = [policy.wait(attempt, {}) for _ in range(50)]
        assert all(longest / 2 <= wait <= longest for wait in drawn)
        assert len(set(drawn)) > 1


def test_only_429_and_5xx_are_worth_a_second_attempt() -> None:
    assert [status for status in range(100, 600) if worth_retrying(status)] == [429, *range(500, 600)]
