"""The words of Keras, PyTorch, TensorFlow, Caffe and ONNX for what the language has. Data only; `foreign.py` reads it.

Foreign words are in lower case, without underscores; `*` stands for nothing and for `1d`, `2d` and `3d`.
"""

from __future__ import annotations

LAYERS = {
    "conv": "conv* convolution* convolutional atrousconv* spatialconvolution",
    "upconv": "convtranspose* conv1dtranspose conv2dtranspose conv3dtranspose deconv* deconvolution* transposedconv*",
    "dense": "fc fullyconnected innerproduct gemm matmul linear lazylinear",
    "maxpool": "maxpool* maxpooling*",
    "avgpool": "avgpool* avgpooling* averagepool* averagepooling* meanpool* meanpooling*",
    "globalavgpool": "gap globalaveragepool* globalaveragepooling* globalavgpooling*",
    "globalmaxpool": "globalmaxpool* globalmaxpooling*",
    "adaptive_avgpool": "adaptiveavgpool* adaptiveaveragepool* adaptiveaveragepooling*",
    "adaptive_maxpool": "adaptivemaxpool* adaptivemaxpooling*",
    "l2pool": "lppool*",
    "gaussianpool": "blurpool*",
    "medianpool": "medianblur medianfilter",
    "batchnorm": "bn batchnorm* batchnormalization spatialbatchnorm syncbatchnorm",
    "layernorm": "ln layernormalization",
    "rmsnorm": "rmsnormalization",
    "groupnorm": "gn groupnormalization",
    "lrn": "localresponsenorm localresponsenormalization crossmaplrn2d",
    "relu": "rectifier rectifiedlinear rectify",
    "leaky_relu": "lrelu leakyrectify",
    "prelu": "parametricrelu",
    "silu": "swish",
    "sign": "signum",
    "log_softmax": "logsoftmax*",
    "hard_swish": "hswish",
    "hard_sigmoid": "hsigmoid",
    "sigmoid": "logistic sigm",
    "tanh": "hyperbolictangent",
    "abs": "absval absolute",
    "clip": "clamp clipbyvalue hardtanh",
    "identity": "noop",
    "reshape": "view unflatten",
    "split": "chunk unstack",
    "slice": "stridedslice",
    "crop": "cropping* centercrop",
    "upsample": "upsample* upsampling* interpolate",
    "resize": "resizing resizebilinear resizenearest",
    "shuffle": "channelshuffle",
    "embed": "embedding embeddingbag lookuptable",
    "dropout": "drop dropout* spatialdropout* alphadropout featuredropout",
    "concat": "concatenate cat filterconcat depthconcat hstack",
    "add": "eltwise sum elementwiseadd",
    "mul": "multiply product",
    "max": "maximum",
    "min": "minimum",
    "div": "divide truediv quotient",
    "exp": "exponential",
    "log": "logarithm naturallog",
    "pixel_shuffle": "depthtospace subpixel*",
    "pixel_unshuffle": "spacetodepth reorg passthrough",
    "stop_gradient": "detach stopgradient",
    "reverse_gradient": "gradientreversal grl",
    "cross_entropy": "crossentropyloss categoricalcrossentropy sparsecategoricalcrossentropy softmaxloss "
    "softmaxwithloss softmaxcrossentropy nllloss negativeloglikelihood",
    "bce": "bceloss binarycrossentropy sigmoidcrossentropyloss",
    "kl_divergence": "kldiv kldivloss kldivergence kld kl",
    "hinge": "hingeloss perceptronloss",
    "multiclass_hinge": "multimarginloss categoricalhinge svmloss",
    "contrastive": "contrastiveloss",
    "mse": "mseloss meansquarederror l2loss euclideanloss",
    "l1": "l1loss meanabsoluteerror mae",
    "smooth_l1": "smoothl1loss huber huberloss",
    "triplet": "tripletmarginloss tripletloss",
    "sgd": "momentum nesterov stochasticgradientdescent",
    "adam": "amsgrad",
    "rmsprop": "rms",
}

FORMS = {
    "depthwise depthwiseconv* dwconv": "a depthwise convolution is `conv(it.c, 3x3, same, groups = it.c)`",
    "separableconv*": 'write `depthwise_separable(c)` after `import depthwise_separable from "std/mobile.cnn"`',
    "lstm lstmcell gru grucell rnn simplernn bidirectional":
        'a recurrence is a cell along the positions: `import lstm from "std/recurrent.cnn"`, then `scan(lstm(n))`',
    "range": "`0..n` counts from 0 to n - 1: `for i in 0..4 { ... }`; `repeat 4 { ... }` needs no count",
    "mean average reducemean":
        '`globalavgpool` is the mean over all positions, `reduce("mean")` that over the features',
    "up": "`upsample(2)` repeats values, and `upconv(c, 2x2/2)` learns how",
    "zeropadding* zeropad* pad":
        "zeros are an argument of the layer that follows: `conv(64, 3x3, pad = 1)`; `padding(1)` adds them by itself",
    "reflectionpad* reflectpad*": 'write `padding(1, "reflect")`',
    "replicationpad* replicatepad*": 'write `padding(1, "edge")`',
    "circularpad*": 'write `padding(1, "wrap")`',
    "permute swapaxes": "`transpose((1, 0))` exchanges the axes of the positions; the features are always last",
    "reducesum reducemax reducemin":
        'write `reduce("sum")` over the features, `reduce("sum", over = "positions")` over the positions; so max, min',
    "timedistributed": "a layer such as `linear(n)` acts at every position by itself",
    "input inputlayer placeholder": "inputs are parameters of the net: `net name(image: 3@224x224)`",
    "sequential model": "a net is a body of lines, each of which receives the line above: `net name(...) { ... }`",
    "activation": "an activation is a layer by its own name: `relu`, `tanh`, `sigmoid`",
    "instancenorm* instancenormalization": "instance normalization is `groupnorm(it.c)`, a group for each channel",
    "multiheadattention": "attention is made of `split_heads`, `dot`, `softmax`, `mix` and `join_heads`",
    "bcewithlogitsloss": "write `sigmoid` at the end of the net, and `bce` as its loss",
}  # fmt: skip
"""What takes more than another word."""

PARAMETERS = {
    "features": "filters outchannels units numoutput outfeatures nout channels embeddingdim outputdim numfilters",
    "window": "kernelsize kernelshape poolsize ksize kernel filtersize size",
    "stride": "strides subsample",
    "pad": "padding pads bordermode",
    "dilation": "dilationrate dilations rate",
    "groups": "group numgroups",
    "output_padding": "outputpad adj",
    "bias": "usebias biasterm",
    "rate": "p droprate dropoutratio prob ratio",
    "epsilon": "eps",
    "ceil": "ceilmode",
    "count_padding": "countincludepad",
    "positions": "outputsize",
    "smoothing": "labelsmoothing",
    "class_weights": "weight weights classweight",
    "slope": "negativeslope alpha",
    "lr": "learningrate rate",
    "weight_decay": "decay weightdecayrate",
    "heads": "numheads nhead",
    "factor": "scalefactor scale size",
    "mode": "interpolation paddingmode",
    "shape": "targetshape newshape",
    "low": "minvalue minval min",
    "high": "maxvalue maxval max",
}

REMARKS = {
    "inchannels infeatures numfeatures inputdim inputshape inputsize normalizedshape":
        "leave it out: a layer sees the size of its input",
    "dataformat axis dim": "leave it out: features are always last, and `C@HxW` says which is which",
    "activation act": "an activation is a layer of its own, after this one: `-> relu`",
    "name label": "a name stands before its line: `name: ...`",
    "kernelinitializer biasinitializer weightfiller biasfiller": "leave it out: each layer starts as its kind asks",
    "inplace trainable affine trackrunningstats dtype device": "leave it out",
    "numembeddings vocabsize": "leave it out: the input says it, `words: ids(30_000)@T`",
    "returnsequences returnstate": "`scan` gives the whole sequence first, then the final states",
}  # fmt: skip
"""What is said about arguments that have no counterpart here."""

ORDERS = {
    "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose": "features window stride pad",
    "MaxPooling1D MaxPooling2D MaxPooling3D MaxPool2D": "window stride pad",
    "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool2D": "window stride pad",
    "Dense": "features activation bias",
    "Conv1d Conv2d Conv3d": "- features window stride pad dilation groups bias",
    "ConvTranspose1d ConvTranspose2d ConvTranspose3d":
        "- features window stride pad output_padding groups bias dilation",
    "Linear": "- features bias",
    "MaxPool1d MaxPool2d MaxPool3d": "window stride pad",
    "AvgPool1d AvgPool2d AvgPool3d": "window stride pad ceil count_padding",
    "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d": "positions",
    "AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d": "positions",
    "BatchNorm1d BatchNorm2d BatchNorm3d LayerNorm": "- epsilon",
    "GroupNorm": "groups - epsilon",
    "Embedding": "- features",
}
"""Which of our parameters the arguments without a name are, in Keras and then in PyTorch; `-`: a layer here sees it."""

SEEN = "inchannels infeatures numfeatures numembeddings normalizedshape numchannels"
"""Arguments that a layer here sees by itself, by their names."""
