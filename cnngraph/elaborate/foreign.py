"""What other tools call our layers: the names of Keras, PyTorch, Caffe and ONNX, lower case without underscores."""

from __future__ import annotations

FOREIGN = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution", "convolution2d", "convolutional"), "conv"),
    **dict.fromkeys(("depthwiseconv2d", "separableconv2d"), "conv(..., groups = it.c)"),
    **dict.fromkeys(("convtranspose1d", "convtranspose2d", "convtranspose3d", "conv2dtranspose"), "upconv"),
    **dict.fromkeys(("deconv", "deconvolution", "convtranspose", "transposedconv"), "upconv"),
    **dict.fromkeys(("fc", "fullyconnected", "innerproduct", "gemm"), "dense"),
    **dict.fromkeys(("maxpool1d", "maxpool2d", "maxpool3d", "maxpooling2d", "maxpooling"), "maxpool"),
    **dict.fromkeys(("avgpool1d", "avgpool2d", "avgpool3d", "averagepool", "averagepooling2d", "meanpool"), "avgpool"),
    **dict.fromkeys(("globalaveragepool", "globalaveragepooling2d", "gap", "adaptiveavgpool2d"), "globalavgpool"),
    **dict.fromkeys(("globalmaxpooling2d", "adaptivemaxpool2d"), "globalmaxpool"),
    **dict.fromkeys(("batchnorm1d", "batchnorm2d", "batchnorm3d", "batchnormalization", "bn"), "batchnorm"),
    **dict.fromkeys(("localresponsenorm", "localresponsenormalization"), "lrn"),
    **dict.fromkeys(("leakyrelu",), "leaky_relu"),
    **dict.fromkeys(("logistic", "sigm"), "sigmoid"),
    **dict.fromkeys(("hyperbolictangent",), "tanh"),
    **dict.fromkeys(("rectifier", "rectifiedlinear"), "relu"),
    **dict.fromkeys(("concatenate", "cat", "filterconcat", "depthconcat"), "concat"),
    **dict.fromkeys(("eltwise", "sum", "elementwiseadd"), "add"),
    **dict.fromkeys(("multiply", "elementwisemul"), "mul"),
    **dict.fromkeys(("drop", "dropout2d"), "dropout"),
    **dict.fromkeys(("crossentropyloss", "categoricalcrossentropy", "softmaxloss", "nllloss"), "cross_entropy"),
    **dict.fromkeys(("mseloss", "meansquarederror", "l2loss"), "mse"),
}
