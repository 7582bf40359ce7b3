"""Trials where earlier ones were good, as Optuna suggests them. The only file that imports optuna, of `[optuna]`.

source: Bergstra et al.: Algorithms for hyper-parameter optimization, NIPS 2011, section 4 (tree of Parzen estimators).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from cnngraph.diagnostics import error
from cnngraph.search.rounds import Rounds, Task, whole_task
from cnngraph.search.spaces import Between, Listed, Log, Space, Value, Whole, rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.distributions import BaseDistribution

AT_ONCE = 4  # trials between two looks at the figures, whatever the number of processes: so it changes nothing
FIRST = 8  # trials that are drawn at random before there are figures to look at


def suggested(spaces: Mapping[str, Space], trials: int, seed: int, epochs: int) -> Rounds:
    """Rounds of four trials each. The same seed and figures give the same trials. Errors: E0603 without optuna."""
    if find_spec("optuna") is None:
        raise error("E0603", "--sampler tpe is Optuna's, which is not installed", "pip install 'cnngraph[optuna]'")
    return _rounds(spaces, trials, seed, epochs)


def _rounds(spaces: Mapping[str, Space], trials: int, seed: int, epochs: int) -> Rounds:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=FIRST)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {name: _distribution(space) for name, space in spaces.items()}
    for begin in range(0, trials, AT_ONCE):
        asked = [study.ask(distributions) for _ in range(min(AT_ONCE, trials - begin))]
        tasks: list[Task] = []
        for number, trial in enumerate(asked, begin + 1):
            settings = {name: _value(space, trial.params[name]) for name, space in spaces.items()}
            tasks.append(whole_task(number, settings, epochs))
        goodness = yield tasks
        for trial, figure in zip(asked, goodness, strict=True):
            if figure is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, figure)


def _distribution(space: Space) -> BaseDistribution:
    from optuna import distributions as known

    if isinstance(space, Listed):
        return known.CategoricalDistribution(list(space.grid()))
    assert isinstance(space, Between)
    if isinstance(space, Whole):
        return known.IntDistribution(int(space.low), int(space.high))
    return known.FloatDistribution(space.low, space.high, log=isinstance(space, Log))


def _value(space: Space, value: Value) -> Value:
    """Numbers are as short as those that are drawn without Optuna."""
    return rounded(value) if isinstance(value, float) and not isinstance(space, Listed) else value
