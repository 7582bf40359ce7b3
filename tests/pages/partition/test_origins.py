"""Every operator of a network is found again in what a pipeline executes."""

from __future__ import annotations

import cnngraph
from cnngraph.ir.leaves import State
from cnngraph.pages.partition.origins import Executed, origins_of
from cnngraph.partition.device import Cluster
from cnngraph.pipeline.schedule import Phase
from cnngraph.runtime.pipelining import PipelineOptions, pipeline_plan

NET = """
net small(image: 3@16x16) {
  conv(8, 3x3) -> batchnorm -> relu -> conv(8, 3x3) -> relu -> flatten -> dense(4)
  output: softmax
}
train { loss: cross_entropy(output, label); optimizer: sgd(lr = 0.1) }
"""


def executed(kind: str = "1f1b", gradient: bool = True) -> Executed:
    net, cluster = cnngraph.loads(NET), Cluster.uniform(2)
    options = PipelineOptions(4, kind)
    pipeline = net.pipeline(cluster, options, gradient)
    plan = pipeline_plan(pipeline.graph, {"batch": 8}, cluster, options, pipeline.settings)
    return Executed(net.bound(8, gradient, False), plan)


def test_each_node_has_the_device_that_runs_it() -> None:
    found = executed()
    assert found.device_of.keys() == {node.name for node in found.graph}
    assert set(found.device_of.values()) <= {"gpu0", "gpu1"}


def test_fused_operators_stand_for_all_that_is_in_them() -> None:
    found = executed(gradient=False)
    names = {name for names in found.origins.values() for name in names}
    assert names == {node.name for node in found.graph if not isinstance(node.op, State)}
    fused = [node.name for node in found.plan.partition.graph if node.op.name == "fused"]
    assert max(len(found.origins[name]) for name in fused) > 1


def test_phases_of_a_device_are_forward_backward_and_update() -> None:
    found = executed("zero-bubble")
    phases = {phase for own in found.nodes.values() for phase in own}
    assert phases == {Phase.FORWARD, Phase.BACKWARD, Phase.WEIGHTS, Phase.UPDATE}
    forward = [name for own in found.nodes.values() for name in own[Phase.FORWARD]]
    assert not [name for name in forward if name.startswith(("gradient.", "update."))]
    assert "conv[1]" in forward or "conv" in forward


def test_names_that_the_lowering_made_belong_to_what_they_begin_with() -> None:
    graph = cnngraph.loads(NET).graph
    names = ["batchnorm.folded" if node.name == "batchnorm" else node.name for node in graph]
    assert "batchnorm.folded" in names
    assert origins_of(graph, names)["batchnorm.folded"] == ("batchnorm",)
