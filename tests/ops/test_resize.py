"""Resizing: parity, linear exactness, adjoint, and label maps that never gain a class."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import resize

CASES = ["up8", "up8_grad", "down8", "any_up", "any_down", "075", "from_1x1", "to_1x1"]
MODES = ["eager", "graph", "dynamic", "xla"]


def resizer(size, mode):
  """Returns x -> resized, with a static size, a size tensor in a graph, or compiled."""
  if mode == "eager":
    return lambda x: resize.resize_aligned(x, size)
  if mode == "dynamic":
    traced = tf.function(resize.resize_aligned, input_signature=[
        tf.TensorSpec([None, None, None, None]), tf.TensorSpec([2], tf.int32)])
    return lambda x: traced(x, tf.constant(size))
  return tf.function(lambda x: resize.resize_aligned(x, size), autograph=False,
                     jit_compile=mode == "xla")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES)
def test_resize_aligned_golden(golden, case, mode):
  data = golden("losses.npz")
  x = tf.constant(data[f"interp_{case}__in"])
  with tf.GradientTape() as tape:
    tape.watch(x)
    out = resizer(data[f"interp_{case}__size"].tolist(), mode)(x)
  np.testing.assert_allclose(out, data[f"interp_{case}__out"], rtol=0, atol=2e-5)
  if f"interp_{case}__grad_out" in data:
    grad = tape.gradient(out, x, data[f"interp_{case}__grad_out"])
    np.testing.assert_allclose(grad, data[f"interp_{case}__grad_in"], rtol=0, atol=5e-5)


def test_aligned_scores_survive_up_and_down():
  x = np.random.default_rng(0).normal(size=[2, 6, 5, 3]).astype(np.float32)
  up = resize.resize_aligned(x, (41, 33))
  np.testing.assert_array_equal(up[:, ::8, ::8], x)
  np.testing.assert_array_equal(resize.resize_aligned(up, (6, 5)), x)


@pytest.mark.parametrize("size", [(23, 31), (4, 3), (9, 11), (1, 7)])
def test_linear_functions_are_resized_exactly(size):
  def plane(height, width):
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    return (3 * y - 2 * x + 5)[None, :, :, None].astype(np.float32)

  np.testing.assert_allclose(resize.resize_aligned(plane(9, 11), size), plane(*size), atol=1e-6)


def test_gradient_is_the_adjoint():
  rng = np.random.default_rng(1)
  x = tf.constant(rng.normal(size=[2, 7, 12, 3]).astype(np.float32))
  y = rng.normal(size=[2, 19, 5, 3]).astype(np.float32)
  with tf.GradientTape() as tape:
    tape.watch(x)
    out = resize.resize_aligned(x, (19, 5))
  grad = tape.gradient(out, x, y)
  np.testing.assert_allclose(np.sum(out * y), np.sum(grad * x), rtol=1e-5)


def test_equals_interpolation_in_float64():
  x = np.random.default_rng(2).normal(size=[37, 50]).astype(np.float32)
  rows = np.stack([np.interp(np.arange(77) * 49 / 76, np.arange(50), row) for row in x])
  wanted = np.stack([np.interp(np.arange(101) * 36 / 100, np.arange(37), column)
                     for column in rows.T], axis=1)
  out = resize.resize_aligned(x[None, :, :, None], (101, 77))[0, :, :, 0]
  np.testing.assert_allclose(out, wanted, rtol=0, atol=1e-6)
  # The kernel of TensorFlow rounds positions, not weights: the looser bound of the parity data.
  kernel = tf.compat.v1.image.resize(x[None, :, :, None], (101, 77), "bilinear", True)[0, :, :, 0]
  np.testing.assert_allclose(out, kernel, rtol=0, atol=2e-5)


def test_resize_to_the_same_size_is_the_same():
  x = tf.random.stateless_normal([2, 5, 6, 3], [1, 2], dtype=tf.float16)
  out = resize.resize_aligned(x, (5, 6))
  assert out.dtype == tf.float32
  np.testing.assert_array_equal(out, tf.cast(x, tf.float32))


def test_result_has_the_static_shape():
  assert resize.resize_aligned(tf.zeros([1, 3, 3, 2]),
                               (9, 17)).shape == [1, 9, 17, 2]

  @tf.function(input_signature=[tf.TensorSpec([None, None, None, 21])])
  def upsample(x):
    out = resize.resize_aligned(x, (33, 41))
    assert out.shape.as_list() == [None, 33, 41, 21]
    return out

  assert upsample(tf.zeros([2, 5, 6, 21])).shape == [2, 33, 41, 21]


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
def test_size_may_be_the_shape_of_another_tensor(dtype):
  x = tf.random.stateless_normal([1, 4, 6, 2], [3, 4])

  @tf.function(input_signature=[tf.TensorSpec([None, None, None, 2]),
                                tf.TensorSpec([None, None, None], tf.uint8)])
  def like(x, labels):
    height, width = tf.unstack(tf.shape(labels, out_type=dtype)[1:])
    return resize.resize_aligned(x, (height, width))

  out = like(x, tf.zeros([1, 9, 7], tf.uint8))
  np.testing.assert_allclose(out, resize.resize_aligned(x, (9, 7)), atol=1e-6)


# Label maps.


def test_decimate_golden(golden):
  data = golden("losses.npz")
  out = resize.decimate_labels(data["label_decimate__in"], 8)
  assert out.dtype == tf.uint8
  np.testing.assert_array_equal(out, data["label_decimate__out"])
  np.testing.assert_array_equal(resize.decimate_labels(data["label_decimate__in"][0], 8),
                                data["label_decimate__out"][0])


def test_decimated_labels_meet_the_aligned_scores():
  """A one-hot map shrunk with aligned corners is the decimated label map, one-hot."""
  labels = np.random.default_rng(3).integers(0, 5, [2, 17, 33])
  scores = resize.resize_aligned(tf.one_hot(labels, 5), (3, 5))
  np.testing.assert_array_equal(tf.argmax(scores, -1), resize.decimate_labels(labels, 8))


def test_decimate_refuses_a_stride_of_zero():
  with pytest.raises(ValueError, match="stride >= 1. Received: 0"):
    resize.decimate_labels([[1]], 0)


@pytest.mark.parametrize("size", [(30, 41), (7, 5), (13, 17), (1, 1), (26, 34)])
def test_resize_labels_equals_nearest_of_tensorflow(size):
  labels = np.random.default_rng(4).integers(0, 256, [2, 13, 17]).astype(np.uint8)
  wanted = tf.image.resize(labels[..., None], size, method="nearest")[..., 0]
  for resized in (resize.resize_labels(labels, size),
                  resize.resize_labels(labels, tf.constant(size, tf.int64)),
                  tf.function(lambda x: resize.resize_labels(x, size), jit_compile=True)(labels)):
    assert resized.dtype == tf.uint8
    np.testing.assert_array_equal(resized, wanted)
  np.testing.assert_array_equal(resize.resize_labels(labels[0], size), wanted[0])


def test_resize_labels_invents_no_class():
  labels = np.where(np.arange(40) % 7 < 3, 255, 9)[None].repeat(20, 0).astype(np.int32)
  assert set(np.unique(resize.resize_labels(labels, (33, 97)))) == {9, 255}


def test_resize_labels_keeps_flips():
  labels = np.random.default_rng(5).integers(0, 9, [11, 14])
  resized = resize.resize_labels(labels, (33, 28)).numpy()
  np.testing.assert_array_equal(resize.resize_labels(labels[:, ::-1], (33, 28)), resized[:, ::-1])


def test_resized_labels_of_a_photograph_keep_their_shares(shared_data):
  import cv2

  path = sorted(shared_data("voc_animals").rglob("*.png"))[0]
  mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
  small = resize.resize_labels(mask, (mask.shape[0] // 2, mask.shape[1] // 2)).numpy()
  assert set(np.unique(small)) <= set(np.unique(mask))
  for value in np.unique(mask):
    assert abs((small == value).mean() - (mask == value).mean()) < .01
