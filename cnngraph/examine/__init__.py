"""What a trained net sees, mistakes and can be made to mistake: filters, maps, saliency, attacks, tables.

    from cnngraph import examine

    examine.saliency(net, image).sheet().write("saliency.png")     image (H, W, C), as the net is fed it
    examine.filters(net), examine.maps(net, "c3", image)
    examine.occlusion(net, image, 6), examine.class_activation(net, image)
    examine.receptive_field(net, "c3", (5, 5))
    examine.excite(net, [examine.class_target(net, 6)]), examine.patches(net, "c3", images, preprocessing)
    examine.gradient_flow(net, feeds), examine.activity(net, feeds)
    examine.judgement(net, data).chart(), examine.robustness(net, data), examine.attacked(net, data, (0, 8, 16))
    examine.predict(examine.trained(weights), [picture]), examine.predictions(net, data)

Each gives a small value with its arrays, which prints, and draws itself by `.sheet()` or `.chart()`. The names are
imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnngraph.examine.activations import activity as activity
    from cnngraph.examine.adversarial import Attack as Attack
    from cnngraph.examine.answers import examined as examined
    from cnngraph.examine.ascent import excite as excite
    from cnngraph.examine.cam import class_activation as class_activation
    from cnngraph.examine.classes import predict as predict
    from cnngraph.examine.classifier import of_net as of_net
    from cnngraph.examine.classifier import trained as trained
    from cnngraph.examine.covering import occlusion as occlusion
    from cnngraph.examine.damage import attacked as attacked
    from cnngraph.examine.evaluation import judgement as judgement
    from cnngraph.examine.features import maps as maps
    from cnngraph.examine.fields import receptive_field as receptive_field
    from cnngraph.examine.flow import gradient_flow as gradient_flow
    from cnngraph.examine.kernels import filters as filters
    from cnngraph.examine.sensitivity import saliency as saliency
    from cnngraph.examine.shown import predictions as predictions
    from cnngraph.examine.strongest import patches as patches
    from cnngraph.examine.target import class_target as class_target
    from cnngraph.examine.target import unit_target as unit_target
    from cnngraph.examine.withstanding import robustness as robustness

HOMES = {
    "Attack": "adversarial",
    "activity": "activations",
    "attacked": "damage",
    "class_activation": "cam",
    "class_target": "target",
    "examined": "answers",
    "excite": "ascent",
    "filters": "kernels",
    "gradient_flow": "flow",
    "judgement": "evaluation",
    "maps": "features",
    "occlusion": "covering",
    "of_net": "classifier",
    "patches": "strongest",
    "predict": "classes",
    "predictions": "shown",
    "receptive_field": "fields",
    "robustness": "withstanding",
    "saliency": "sensitivity",
    "trained": "classifier",
    "unit_target": "target",
}

__all__ = [
    "Attack", "activity", "attacked", "class_activation", "class_target", "examined", "excite", "filters",
    "gradient_flow", "judgement", "maps", "occlusion", "of_net", "patches", "predict", "receptive_field", "robustness",
    "saliency", "trained", "unit_target",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module 'cnngraph.examine' has no attribute {name!r}")
    return getattr(importlib.import_module(f"cnngraph.examine.{HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
