"""All models of the corpus by name."""

from __future__ import annotations

from collections.abc import Mapping

from interop.pytorch_corpus import convolutional, mobile, pictures, sequences
from interop.pytorch_corpus.exported import Dynamic, Model
from interop.pytorch_corpus.sequences import Builtin, ByHand, FusedHeads, Recurrent, VisionTransformer
from torch import nn


def batch_of(*inputs: str) -> Dynamic:
    return {name: {0: "batch"} for name in inputs}


def pictured(make: type[nn.Module] | object, *shape: int, dynamic: Dynamic | None = None) -> Model:
    return Model(make, {"image": shape}, batch_of("image") if dynamic is None else dynamic)  # type: ignore[arg-type]


def texts(make: object, ids: int, *shape: int) -> Model:
    return Model(make, {"text": shape}, batch_of("text"), ids)  # type: ignore[arg-type]


ANY_SIZE = {"image": {0: "batch", 2: "height", 3: "width"}}

VISION = {
    "lenet": pictured(convolutional.LeNet, 2, 1, 32, 32),
    "alexnet": pictured(convolutional.alexnet, 2, 3, 62, 62),
    "local_norm": pictured(convolutional.local_norm, 2, 3, 9, 8),
    "vgg": pictured(convolutional.vgg, 2, 3, 16, 16),
    "resnet_basic": pictured(convolutional.resnet_basic, 2, 3, 32, 32),
    "resnet_any_size": pictured(convolutional.resnet_basic, 2, 3, 36, 44, dynamic=ANY_SIZE),
    "resnet_bottleneck": pictured(convolutional.resnet_bottleneck, 2, 3, 32, 32),
    "resnet_one_picture": pictured(convolutional.resnet_basic, 1, 3, 32, 32, dynamic={}),
    "googlenet": pictured(convolutional.googlenet, 2, 3, 19, 19),
    "densenet": pictured(convolutional.DenseNet, 2, 3, 8, 10),
    "c3d": Model(convolutional.c3d, {"clip": (2, 3, 4, 8, 12)}, batch_of("clip")),
    "padded": pictured(convolutional.Padded, 2, 2, 9, 8),
    "normalised": pictured(convolutional.Normalised, 2, 3, 7, 9),
    "pooled": pictured(convolutional.Pooled, 2, 3, 5, 6),
    "attentive_gate": pictured(convolutional.AttentiveGate, 2, 3, 9, 8),
    "speech_cnn": Model(convolutional.SpeechCNN, {"sound": (2, 5, 30)}, batch_of("sound")),
    "siamese": Model(
        convolutional.Siamese, {"left": (2, 1, 8, 8), "right": (2, 1, 8, 8)}, batch_of("left", "right")
    ),
}  # fmt: skip
MOBILE = {
    "mobilenet_v2": pictured(mobile.mobilenet_v2, 2, 3, 17, 17),
    "mobilenet_v3": pictured(mobile.mobilenet_v3, 2, 3, 16, 16),
    "efficientnet": pictured(mobile.efficientnet, 2, 3, 12, 12),
    "efficientnet_any_size": pictured(mobile.efficientnet, 2, 3, 12, 14, dynamic=ANY_SIZE),
    "se_net": pictured(mobile.se_net, 2, 3, 7, 6),
    "shufflenet": pictured(mobile.shufflenet, 2, 3, 11, 13),
    "convnext": pictured(mobile.ConvNeXt, 2, 3, 24, 32),
    "convnext_any_size": pictured(mobile.ConvNeXt, 2, 3, 24, 32, dynamic=ANY_SIZE),
}
PICTURES = {
    "unet": pictured(pictures.UNet, 2, 1, 16, 12),
    "unet_any_size": pictured(pictures.UNet, 2, 1, 16, 12, dynamic=ANY_SIZE),
    "autoencoder": pictured(pictures.autoencoder, 2, 1, 8, 8),
    "projected": Model(pictures.projected, {"noise": (2, 7)}, batch_of("noise")),
    "dcgan_generator": Model(pictures.Generator, {"noise": (2, 7)}, batch_of("noise")),
    "dcgan_discriminator": pictured(pictures.Discriminator, 2, 3, 16, 16),
    "super_resolution": pictured(pictures.SuperResolution, 2, 1, 6, 5, dynamic=ANY_SIZE),
}
SEQUENCES = {
    "text_cnn": texts(convolutional.TextCNN, 23, 2, 9),
    "rnn": texts(lambda: Recurrent(nn.RNN), 19, 2, 7),
    "lstm": texts(lambda: Recurrent(nn.LSTM), 19, 2, 7),
    "gru": texts(lambda: Recurrent(nn.GRU), 19, 2, 7),
    "lstm_two_layers": texts(lambda: Recurrent(nn.LSTM, num_layers=2), 19, 2, 7),
    "lstm_two_ways": texts(lambda: Recurrent(nn.LSTM, by_state=True, bidirectional=True), 19, 2, 7),
    "gru_two_layers_two_ways": texts(
        lambda: Recurrent(nn.GRU, by_state=True, num_layers=2, bidirectional=True), 19, 2, 7
    ),
    "char_rnn": Model(sequences.CharRNN, {"x": (7, 2, 4)}, {"x": {1: "batch"}}),
    "both_ways": Model(sequences.BothWays, {"x": (2, 6, 4)}, batch_of("x")),
    "seq2seq": Model(
        sequences.Seq2Seq, {"source": (2, 5), "target": (2, 4)}, batch_of("source", "target"), ids=11
    ),
}  # fmt: skip
ATTENTION = {
    "attention": Model(ByHand, {"x": (2, 6, 12)}, batch_of("x")),
    "attention_of_any_length": Model(ByHand, {"x": (2, 6, 12)}, {"x": {0: "batch", 1: "time"}}),
    "attention_masked": Model(lambda: ByHand(masked=True), {"x": (2, 6, 12)}, batch_of("x")),
    "attention_by_function": Model(lambda: ByHand(builtin=True), {"x": (2, 6, 12)}, batch_of("x")),
    "attention_by_function_masked": Model(
        lambda: ByHand(masked=True, builtin=True), {"x": (2, 6, 12)}, batch_of("x")
    ),
    "attention_by_module": Model(Builtin, {"x": (2, 6, 12)}, batch_of("x")),
    "attention_of_parts": Model(FusedHeads, {"x": (2, 6, 12)}, batch_of("x")),
    "vit": pictured(lambda: VisionTransformer(ByHand(), Builtin(), FusedHeads()), 2, 3, 16, 16),
    "decoder": Model(sequences.DecoderLayer, {"x": (2, 5, 12), "memory": (2, 7, 12)}, batch_of("x", "memory")),
    "mixer": pictured(sequences.Mixer, 2, 3, 8, 6),
    "root_norm": Model(sequences.RootNorm, {"x": (2, 5, 10)}, batch_of("x")),
    "language_model": texts(lambda: sequences.LanguageModel(ByHand(masked=True, builtin=True)), 31, 2, 6),
    "transformer_encoder": Model(sequences.transformer_encoder, {"x": (2, 6, 7)}, batch_of("x")),
}  # fmt: skip
MODELS: Mapping[str, Model] = {**VISION, **MOBILE, **PICTURES, **SEQUENCES, **ATTENTION}
