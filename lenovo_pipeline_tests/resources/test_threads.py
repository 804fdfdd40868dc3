"""One thread inside, and afterwards as many as there were, whoever else was inside meanwhile."""

import threading
from collections.abc import Iterator

import pytest
import torch
from threadpoolctl import ThreadpoolController

from lenovo_pipeline.resources.threads import one_blas_thread, one_thread


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_there_is_one_inside_and_afterwards_as_many_as_before() -> None:
    with one_thread():
        assert torch.get_num_threads() == 1
        with one_thread():
            assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_one_that_enters_while_another_is_inside_and_leaves_last_puts_back_what_the_first_found() -> None:
    entered, left = threading.Event(), threading.Event()
    found: list[int] = []

    def other() -> None:
        with one_thread():
            entered.set()
            left.wait(30)
        found.append(torch.get_num_threads())

    thread = threading.Thread(target=other)
    with one_thread():
        thread.start()
        assert entered.wait(30)
    left.set()
    thread.join()
    later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert (found, torch.get_num_threads()) == ([2, 2], 2)


def test_products_of_numpy_have_one_thread_inside_and_afterwards_as_many_as_before_whoever_leaves_last() -> None:
    def threads() -> set[int]:
        return {each["num_threads"] for each in ThreadpoolController().select(user_api="blas").info()}

    before = threads()
    entered, left = threading.Event(), threading.Event()

    def other() -> None:
        with one_blas_thread():
            entered.set()
            left.wait(30)

    thread = threading.Thread(target=other)
    with one_blas_thread():
        thread.start()
        assert entered.wait(30)
        assert threads() == {1}
    left.set()
    thread.join()
    assert threads() == before
