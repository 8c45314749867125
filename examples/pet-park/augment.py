"""Other views of the same pictures: a network that sees each picture only once in one way learns the picture, not the pet."""

import math

import tensorflow as tf


def augment(pixels, size: int, smallest: float, cutout: float, blurred: float, noise: float):
    """Pixels 0…255 [n, h, w, 3] to [n, size, size, 3]: cropped, mirrored, out of focus, in another light, noisy, with a hole.

    smallest: share of the area that a crop keeps at least; cutout: side of the hole, as a share of the picture's;
    blurred, noise: the largest standard deviation, in pixels and as a share of the scale
    """
    n = tf.shape(pixels)[0]
    x = crop(tf.cast(pixels, tf.float32), n, size, smallest)
    if blurred > 0:
        # By lot: a batch may be in the order of its classes, and focus must not tell them apart.
        chosen = tf.random.shuffle(tf.range(n))[: n // 2]
        x = tf.tensor_scatter_nd_update(x, chosen[:, None], blur(tf.gather(x, chosen), n // 2, blurred))
    x = light(x, n)
    if noise > 0:
        level = 255 * uniform(0, noise, n, 1, 1, 1) * tf.cast(uniform(0, 1, n, 1, 1, 1) < 0.5, tf.float32)
        x += level * tf.random.normal(tf.shape(x))
    return holes(x, n, size, cutout) if cutout > 0 else x


def uniform(low: float, high: float, *shape):
    return tf.random.uniform(shape, low, high)


def crop(x, n, size: int, smallest: float):
    area, aspect = uniform(smallest, 1, n), tf.exp(uniform(-0.2, 0.2, n))
    height, width = tf.minimum(1.0, tf.sqrt(area) * aspect), tf.minimum(1.0, tf.sqrt(area) / aspect)
    top, left = uniform(0, 1, n) * (1 - height), uniform(0, 1, n) * (1 - width)
    mirrored = uniform(0, 1, n) < 0.5
    # A box that ends left of its start is read from right to left.
    start, end = tf.where(mirrored, left + width, left), tf.where(mirrored, left, left + width)
    return tf.image.crop_and_resize(x, tf.stack([top, start, top + height, end], 1), tf.range(n), (size, size))


def blur(x, n, most: float):
    """Gaussian, of another radius for each picture; beyond the edge the picture goes on as its mirror image."""
    reach = math.ceil(2.5 * most)
    at = tf.range(-reach, reach + 1, dtype=tf.float32)
    weights = tf.nn.softmax(-(at**2) / (2 * uniform(0.2, most, n, 1) ** 2))
    for axis, length in ((1, x.shape[1]), (2, x.shape[2])):
        padded = tf.pad(x, [[reach, reach] if a == axis else [0, 0] for a in range(4)], "SYMMETRIC")
        taps = [padded[:, k : k + length] if axis == 1 else padded[:, :, k : k + length] for k in range(2 * reach + 1)]
        x = tf.add_n([tap * weights[:, k, None, None, None] for k, tap in enumerate(taps)])
    return x


def light(x, n):
    mean, grey = tf.reduce_mean(x, (1, 2, 3), keepdims=True), tf.reduce_mean(x, 3, keepdims=True)
    saturation = tf.where(uniform(0, 1, n, 1, 1, 1) < 0.1, 0.0, uniform(0.5, 1.4, n, 1, 1, 1))
    x = grey + (x - grey) * saturation
    return (x - mean) * uniform(0.5, 1.4, n, 1, 1, 1) + mean * uniform(0.4, 1.35, n, 1, 1, 1) + uniform(-15, 15, n, 1, 1, 3)


def holes(x, n, size: int, cutout: float):
    place = tf.range(size, dtype=tf.float32)
    half = cutout * size / 2
    y, z = uniform(0, 1, n, 1, 1) * size, uniform(0, 1, n, 1, 1) * size
    hole = (tf.abs(place[None, :, None] - y) < half) & (tf.abs(place[None, None, :] - z) < half)
    hole &= uniform(0, 1, n, 1, 1) < 0.7
    return tf.where(hole[..., None], 118.0, x)


def blend(x, y, most: float):
    """Half of the pictures with a little of another one in them, and the answer mixed alike (mixup, Zhang et al. 2018)."""
    n = tf.shape(x)[0]
    share = uniform(0, most, n) * tf.cast(uniform(0, 1, n) < 0.5, tf.float32)
    mixed = x * (1 - share[:, None, None, None]) + tf.reverse(x, [0]) * share[:, None, None, None]
    return mixed, y * (1 - share) + tf.reverse(y, [0]) * share
