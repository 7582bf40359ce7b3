"""The number of BLAS threads while runs go on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from cnngraph.runtime.threads import _libraries, one_blas_thread


def blas_threads() -> list[int]:
    """Threads of the libraries that runs use: what another package brings later is none of theirs."""
    used = {library.filepath for library in _libraries().lib_controllers}
    blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return [pool["num_threads"] for pool in blas if pool["filepath"] in used]


def test_the_limit_holds_until_the_last_of_several_runs_has_ended() -> None:
    before = blas_threads()
    with one_blas_thread:
        with one_blas_thread:
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def in_another_thread(work: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def limited() -> list[int]:
    with one_blas_thread:
        return blas_threads()


@pytest.mark.parametrize("count", [2, 3])
def test_a_run_in_another_thread_has_the_limit_too(count: int) -> None:
    with threadpool_limits(count, user_api="blas"):
        for _ in range(2):
            assert set(limited()) == {1}  # this thread was the first to set one
            assert in_another_thread(limited) == limited()
        assert set(blas_threads()) == {count}


def test_the_last_run_lifts_the_limit_from_whatever_thread() -> None:
    before = blas_threads()
    one_blas_thread.__enter__()
    in_another_thread(one_blas_thread.__enter__)
    one_blas_thread.__exit__()
    assert set(blas_threads()) == {1}
    in_another_thread(one_blas_thread.__exit__)
    assert blas_threads() == before
    assert set(limited()) == {1}
