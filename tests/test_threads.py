"""Threads are Segue's while it works, and as they were before afterwards."""

import threading

import cv2
import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from segue import threads


def now() -> tuple[int, int, set[int]]:
    """Threads of OpenCV, torch and BLAS."""
    blas = {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}
    return cv2.getNumThreads(), torch.get_num_threads(), blas


@pytest.fixture(autouse=True)
def host():
    """A process of somebody else's, with numbers of its own."""
    before = cv2.getNumThreads(), torch.get_num_threads()
    np.ones((2, 2)) @ np.ones((2, 2))
    cv2.setNumThreads(2)
    torch.set_num_threads(3)
    with threadpool_limits(2, "blas"):
        yield
    cv2.setNumThreads(before[0])
    torch.set_num_threads(before[1])


def test_one_number_for_all_and_then_as_before() -> None:
    before = now()
    assert before[:2] == (2, 3)
    with threads.owned(1):
        assert now() == (1, 1, {1})
        assert threads.current() == 1
    assert now() == before
    assert threads.current() == 3


def test_without_a_number_only_blas_is_held() -> None:
    before = now()
    with threads.owned():
        assert now() == (2, 3, {1})
        assert threads.current() == 3
    assert now() == before


def test_blocks_lie_in_one_another() -> None:
    before = now()
    with threads.owned(1):
        with threads.owned(), threads.owned(2):
            assert now() == (2, 2, {1})
        assert now() == (1, 1, {1})
    assert now() == before


def test_what_fails_inside_gives_back_too() -> None:
    before = now()
    with pytest.raises(KeyError), threads.owned(1):
        raise KeyError
    assert now() == before


def test_blocks_of_several_threads_end_in_any_order() -> None:
    before = now()
    first, second = threading.Event(), threading.Event()

    def other() -> None:
        with threads.owned(1):
            first.set()
            second.wait(300)

    worker = threading.Thread(target=other)
    worker.start()
    assert first.wait(300)
    with threads.owned(2):
        assert now() == (2, 2, {1})
        assert threads.current() == 2
        second.set()
        worker.join()
        assert now() == (2, 2, {1})
    assert now() == before


def test_the_processors_of_this_process() -> None:
    assert 1 <= threads.processors() <= 4096
