"""The number of BLAS threads while runs go on."""

from __future__ import annotations

from threadpoolctl import threadpool_info

from cnngraph.runtime.threads import one_blas_thread


def blas_threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_the_limit_holds_until_the_last_of_several_runs_has_ended() -> None:
    before = blas_threads()
    with one_blas_thread:
        with one_blas_thread:
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
