"""What is wrong with a train section is found without its data, all of it in one run."""

from __future__ import annotations

import pytest

from cnngraph.judge import judge_text

GAN = """cnn 1
net gan(z: 4, t: ids(9), real: 6) {
  shared G = dense(6)
  shared D = (dense(1) -> sigmoid)
  let p_fake = z -> G -> D
  let hint = t -> embed(6)
  let p_real = real + hint -> D
  let both = p_fake + p_real
  return p_fake
}
train gan {
  noise: normal(z)
  step discriminate { update: D; loss: bce(p_real, 1) + bce(p_fake, 0) }
  step forge { update: G; loss: bce(p_fake, 1) }
  step both { loss: mse(both, 0) }
}
"""

WRONG = {
    "noise: normal(z) -> normal(t)": "t takes ids(9): integers(t) draws ids",
    "noise: integers(z)": "z takes 4, and no ids: normal(z) draws numbers",
    "noise: normal(zz)": "noise is drawn for an input of the net, not for zz",
    "noise: normal(z, 0)": "normal: deviation is above 0, not 0",
    "noise: uniform(z, low = 1)": "uniform: low is below high, not 1 and 1.0",
    "noise: nromal(z)": "there is no noise named nromal",
    "noise: normal": "noise is drawn for an input of the net, not for nothing",
    "freeze: D -> G": "the step discriminate of gan changes nothing: no weight that may change leads to its loss",
    "freeze: H": "the net has no part `H` with weights",
    "freeze: dense(3)": "`freeze` are names of parts of the net",
    "slow: times(G, -1)": "the factor of `times` is a number from 0",
    "slow: G": "`slow` is `times(part, factor)`",
    "step forge { loss: mse(both, 1) }": "two steps `forge`",
    "step { loss: mse(both, 1) }": "a step has a name",
    "step: forge": "a step has a name and braces",
    "loss { a: b }": "`loss` has a value and no braces",
    "step x { epochs: 3 }": "a step has no key `epochs`",
    "step x { loss: both }": "a loss is one number, not 1",
    "step x { update: Q; loss: mse(both, 0) }": "the net has no part `Q` with weights",
    "accumulate: 0": "`accumulate` is a whole number from 1, not 0",
    "class_weights: [1, 0]": "`class_weights` are numbers above 0",
}


def test_a_net_that_plays_against_itself_is_right() -> None:
    assert judge_text(GAN, "gan.cnn").found == ()  # and what only a step uses is used


@pytest.mark.parametrize("entry", WRONG)
def test_what_is_wrong_with_a_section(entry: str) -> None:
    text = GAN.replace("  noise: normal(z)\n", "" if entry.startswith("noise") else "  noise: normal(z)\n")
    found = judge_text(text.replace("train gan {\n", f"train gan {{\n  {entry}\n"), "gan.cnn").found
    assert WRONG[entry] in [finding.message for finding in found]
    assert {finding.code for finding in found} <= {"E0112", "E0101", "E0108"}


def test_an_unknown_part_is_told_with_the_nearest() -> None:
    text = GAN.replace("train gan {\n", 'train gan {\n  freeze: Dd -> "G.dense[1]"\n')
    (finding,) = judge_text(text, "gan.cnn").found
    assert finding.helps == ("did you mean `D`?",)
    assert finding.suggestion is not None
