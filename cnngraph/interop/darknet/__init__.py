"""Networks of darknet: a cfg and its weights become a graph of ours."""

from cnngraph.interop.darknet.read import read_darknet

__all__ = ["read_darknet"]
