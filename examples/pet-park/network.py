"""A small residual network in plain TensorFlow, and the same network as an ONNX graph.

Three things make it learn from little in little time: batch normalisation behind every convolution, squeeze-and-excitation in
every block, and a first convolution that halves the picture. The ONNX graph answers with the mean of a picture and its
mirror image, and gives the first principal components of the last features beside it: what drift is measured on.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import onnx
import tensorflow as tf
from onnx import TensorProto, helper, numpy_helper

EPSILON = 1e-4
# What the pixels are centred and scaled by, of 0…1; they stand in the signature, for the server to do the same.
MEAN = 0.46
STD = 0.25


@dataclass
class Shape:
    width: int = 48
    stages: tuple = (1, 2, 4, 6)


@dataclass
class Weights:
    """Everything that is trained, by kind: convolutions get another step than the rest."""

    convolutions: list = field(default_factory=list)
    others: list = field(default_factory=list)
    statistics: list = field(default_factory=list)


class Network:
    def __init__(self, shape: Shape, seed: int, half: bool):
        self.random = tf.random.Generator.from_seed(seed)
        self.weights = Weights()
        self.compute = tf.bfloat16 if half else tf.float32
        widths = [int(shape.width * stage) for stage in shape.stages]
        self.layers = [Convolution(self, 5, 3, widths[0], stride=2)]
        for before, after in zip([None, *widths], widths):
            if before is not None:
                self.layers.append(Convolution(self, 3, before, after, stride=2))
            self.layers.append(Block(self, after))
        self.head = Dense(self, widths[-1], 1, 0.1)

    @property
    def variables(self) -> list:
        return self.weights.convolutions + self.weights.others

    def features(self, pixels, training: bool):
        """Pixels of 0…255 [n, height, width, 3] to what the last layer decides by [n, features]."""
        x = tf.cast((pixels - 255 * MEAN) / (255 * STD), self.compute)
        for layer in self.layers:
            x = layer(x, training)
        return tf.cast(tf.reduce_mean(x, (1, 2)), tf.float32)

    def logits(self, pixels, training: bool):
        return self.head(self.features(pixels, training))[:, 0]

    def answer(self, pixels):
        """What the exported graph answers: features and logits, the mean of the picture and its mirror image."""
        both = [self.features(pixels, False), self.features(tf.reverse(pixels, [2]), False)]
        return (both[0] + both[1]) / 2, (self.head(both[0]) + self.head(both[1]))[:, 0] / 2


class Convolution:
    def __init__(self, net: Network, size: int, before: int, after: int, stride=1, active=True, scale=1.0):
        self.net, self.stride, self.active = net, stride, active
        self.kernel = tf.Variable(net.random.normal((size, size, before, after)) / math.sqrt(size * size * before))
        self.scale, self.shift = tf.Variable(tf.ones(after) * scale), tf.Variable(tf.zeros(after))
        self.mean, self.variance = tf.Variable(tf.zeros(after)), tf.Variable(tf.ones(after))
        net.weights.convolutions.append(self.kernel)
        net.weights.others += [self.scale, self.shift]
        net.weights.statistics += [self.mean, self.variance]

    def __call__(self, x, training: bool):
        y = tf.nn.conv2d(x, tf.cast(self.kernel, self.net.compute), self.stride, "SAME")
        normalise = tf.compat.v1.nn.fused_batch_norm
        if training:
            y, mean, variance = normalise(y, self.scale, self.shift, epsilon=EPSILON, is_training=True)
            self.mean.assign_add(0.1 * (mean - self.mean))
            self.variance.assign_add(0.1 * (variance - self.variance))
        else:
            y, _, _ = normalise(
                y, self.scale, self.shift, self.mean, self.variance, epsilon=EPSILON, is_training=False
            )
        return tf.nn.relu(y) if self.active else y

    def folded(self):
        """Kernel [after, before, height, width] and bias, with the normalisation in them."""
        factor = self.scale.numpy() / np.sqrt(self.variance.numpy() + EPSILON)
        return (self.kernel.numpy() * factor).transpose(3, 2, 0, 1), self.shift.numpy() - self.mean.numpy() * factor


class Dense:
    def __init__(self, net: Network, before: int, after: int, scale=1.0):
        self.kernel = tf.Variable(net.random.normal((before, after)) * scale / math.sqrt(before))
        self.bias = tf.Variable(tf.zeros(after))
        net.weights.others += [self.kernel, self.bias]

    def __call__(self, x):
        return tf.matmul(x, self.kernel) + self.bias


class Block:
    """Two convolutions beside a shortcut, weighted channel by channel by what the whole picture shows."""

    def __init__(self, net: Network, width: int):
        self.net = net
        self.first = Convolution(net, 3, width, width)
        self.second = Convolution(net, 3, width, width, active=False, scale=0.5)
        squeezed = max(8, width // 8)
        self.squeeze, self.excite = Dense(net, width, squeezed), Dense(net, squeezed, width, 0.1)

    def __call__(self, x, training: bool):
        y = self.second(self.first(x, training), training)
        whole = tf.cast(tf.reduce_mean(y, (1, 2)), tf.float32)
        gate = 2 * tf.sigmoid(self.excite(tf.nn.relu(self.squeeze(whole))))
        return tf.nn.relu(x + y * tf.cast(gate, self.net.compute)[:, None, None, :])


def export(net: Network, size: int, components: np.ndarray, centre: np.ndarray) -> bytes:
    """
    The network as ONNX: `pixels` [n, 3, size, size], normalised, to `probabilities` [n, 2] and `embedding` [n, k].

    components: [features, k], applied to the features less `centre`
    """
    graph = Graph()
    mirrored = graph.add("Slice", ["pixels", graph.ints([-1]), graph.ints([-(2**31)]), graph.ints([3]), graph.ints([-1])])
    x = graph.add("Concat", ["pixels", mirrored], axis=0)
    side = size
    for layer in net.layers:
        if isinstance(layer, Block):
            x = graph.block(x, layer, side)
        else:
            x, side = graph.convolution(x, layer, side)
    features = graph.add("Flatten", [graph.add("GlobalAveragePool", [x])], axis=1)
    logits = graph.mean_of_mirror(graph.dense(features, net.head.kernel.numpy(), net.head.bias.numpy()))
    probability = graph.add("Sigmoid", [logits])
    rest = graph.add("Sub", [graph.constant(np.ones(1, np.float32)), probability])
    graph.add("Concat", [rest, probability], output="probabilities", axis=1)
    seen = graph.mean_of_mirror(features)
    kernel = components.astype(np.float32)
    graph.dense(seen, kernel, (-centre @ kernel).astype(np.float32), output="embedding")
    return graph.model(size, components.shape[1])


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def ints(self, values: list) -> str:
        return self.constant(np.array(values, np.int64))

    def add(self, kind: str, inputs: list, output: str | None = None, **attributes) -> str:
        name = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def convolution(self, x: str, layer: Convolution, side: int):
        kernel, bias = layer.folded()
        after = -(-side // layer.stride)
        # TensorFlow's SAME: as much at both ends, the odd pixel at the far one.
        total = max(0, (after - 1) * layer.stride + kernel.shape[2] - side)
        pads = [total // 2, total // 2, total - total // 2, total - total // 2]
        y = self.add(
            "Conv",
            [x, self.constant(kernel.astype(np.float32)), self.constant(bias.astype(np.float32))],
            strides=[layer.stride] * 2,
            pads=pads,
        )
        return (self.add("Relu", [y]) if layer.active else y), after

    def dense(self, x: str, kernel: np.ndarray, bias: np.ndarray, output: str | None = None) -> str:
        return self.add("Gemm", [x, self.constant(kernel), self.constant(bias)], output=output)

    def block(self, x: str, block: Block, side: int) -> str:
        y, _ = self.convolution(x, block.first, side)
        y, _ = self.convolution(y, block.second, side)
        whole = self.add("Flatten", [self.add("GlobalAveragePool", [y])], axis=1)
        gate = self.add("Relu", [self.dense(whole, block.squeeze.kernel.numpy(), block.squeeze.bias.numpy())])
        gate = self.add("Sigmoid", [self.dense(gate, block.excite.kernel.numpy(), block.excite.bias.numpy())])
        gate = self.add("Mul", [gate, self.constant(np.full(1, 2, np.float32))])
        gate = self.add("Unsqueeze", [gate, self.ints([2, 3])])
        return self.add("Relu", [self.add("Add", [x, self.add("Mul", [y, gate])])])

    def mean_of_mirror(self, x: str) -> str:
        """[2n, k], the mirror images behind the pictures, to [n, k]."""
        first, second = f"{x}_seen", f"{x}_mirrored"
        self.nodes.append(helper.make_node("Split", [x], [first, second], axis=0, num_outputs=2))
        return self.add("Mul", [self.add("Add", [first, second]), self.constant(np.full(1, 0.5, np.float32))])

    def model(self, size: int, components: int) -> bytes:
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "pets",
            [value("pixels", TensorProto.FLOAT, ["n", 3, size, size])],
            [
                value("probabilities", TensorProto.FLOAT, ["n", 2]),
                value("embedding", TensorProto.FLOAT, ["n", components]),
            ],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        onnx.checker.check_model(model)
        return model.SerializeToString()
