"""A graph as readable PyTorch source: a `torch.nn.Module` class for each block, one file that needs nothing of ours.

    graph -> steps (`translate`: what each operator is in PyTorch, and in which order its axes lie)
          -> scopes (`scopes`: the blocks of the `.cnn` file, by the paths of the nodes)
          -> modules (`modules`: chains are `nn.Sequential`, the rest has a `forward`)
          -> classes (`classes`: equal structures are one class, their numbers its parameters)
          -> text (`writing`)

Nothing here imports torch: the source is text. Not for gradients and updates, which PyTorch makes by itself.
"""

from cnngraph.interop.pytorch_source.source import Source, to_pytorch

__all__ = ["Source", "to_pytorch"]
