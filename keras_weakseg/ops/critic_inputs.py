"""What a critic of label maps looks at: the image under the mask of a class.

Xiao et al., AAAI 2018, multiply "the training image with the mask of each category". One sample per
category asks whether this shape is that of an object, and so carries over to categories that never
had a mask; Luc et al. (2016) join the channels of all categories into one sample instead.
"""
import tensorflow as tf


def present_categories(tags, slots=None):
  """Returns the ids of the tagged classes of every image, the background left out.

  Args:
    tags: number [N,C], multi-hot, index 0 = background.
    slots: S, how many ids an image has room for, so that sizes are static; None = C - 1, all.
      With fewer, an image with more classes loses those with the largest ids.

  Returns:
    int32 [N,S], ascending, -1 in the slots that are left over.

  Example:
    >>> present_categories([[1, 0, 1, 1], [1, 0, 0, 0]], 2).numpy().tolist()
    [[2, 3], [-1, -1]]
  """
  tags = tf.cast(tags, tf.float32)
  classes = tags.shape[1]
  ids = tf.range(1, classes, dtype=tf.int32)[None]
  key = tf.where(tags[:, 1:] > 0, ids, classes)
  key = tf.sort(key, axis=1)[:, :slots]
  return tf.where(key < classes, key, -1)


def category_images(images, masks, categories):
  """Returns, for every slot of every image, the image times the mask of that class.

  Args:
    images: float [N,H,W,3], preprocessed, at the size of the masks.
    masks: float [N,H,W,C], one-hot labels or probabilities.
    categories: int [N,S], class ids, -1 = nothing in this slot.

  Returns:
    samples: float32 [N*S,H,W,3]; all zero in empty slots.
    weights: float32 [N*S], 0 in empty slots, else 1.

  Example:
    >>> masks = tf.one_hot([[[0, 2]]], 3)
    >>> samples, weights = category_images(5 * tf.ones([1, 1, 2, 3]), masks, [[2, -1]])
    >>> samples[..., 0].numpy().tolist(), weights.numpy().tolist()
    ([[[0.0, 5.0]], [[0.0, 0.0]]], [1.0, 0.0])
  """
  images, masks = tf.cast(images, tf.float32), tf.cast(masks, tf.float32)
  categories = tf.cast(categories, tf.int32)
  # `one_hot` of -1 is all zero. A product, whose gradient is one too, where `gather` would scatter.
  chosen = tf.einsum("nhwc,nsc->nshw", masks, tf.one_hot(categories, masks.shape[-1]))
  samples = images[:, None] * chosen[..., None]
  shape = tf.shape(samples)
  samples = tf.reshape(samples, tf.concat([[shape[0] * shape[1]], shape[2:]], 0))
  return samples, tf.reshape(tf.cast(categories >= 0, tf.float32), [-1])


def product_images(images, masks):
  """Returns the image times the mask of every class, side by side (Luc et al. 2016, "product").

  Args:
    images: float [N,H,W,3], preprocessed, at the size of the masks.
    masks: float [N,H,W,C], one-hot labels or probabilities.

  Returns:
    float32 [N,H,W,3C]: the colours under class 0, then under class 1, ...

  Example:
    >>> product_images(5 * tf.ones([1, 1, 1, 3]), [[[[0., 1.]]]])[0, 0, 0].numpy().tolist()
    [0.0, 0.0, 0.0, 5.0, 5.0, 5.0]
  """
  images, masks = tf.cast(images, tf.float32), tf.cast(masks, tf.float32)
  product = masks[..., None] * images[..., None, :]
  shape = tf.shape(product)
  return tf.reshape(product, tf.concat([shape[:3], [3 * masks.shape[-1]]], 0))
