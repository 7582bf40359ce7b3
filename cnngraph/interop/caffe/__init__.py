"""Networks of Caffe: a prototxt and a caffemodel become a graph of ours and its weights, without protobuf's package."""

from cnngraph.interop.caffe.read import read_caffe

__all__ = ["read_caffe"]
