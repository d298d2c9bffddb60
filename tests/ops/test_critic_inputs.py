"""What P-Net sees: the image under each mask, in a batch of categories or side by side."""
import numpy as np
import tensorflow as tf

from keras_weakseg.ops import critic_inputs


def batch(seed=0):
  rng = np.random.default_rng(seed)
  return (rng.normal(size=[2, 4, 5, 3]).astype(np.float32),
          rng.dirichlet(np.ones(4), [2, 4, 5]).astype(np.float32))


def test_categories_by_loops():
  images, masks = batch()
  categories = np.array([[1, 3, -1], [2, -1, -1]])
  samples, weights = critic_inputs.category_images(images, masks, categories)
  assert samples.shape == (6, 4, 5, 3)
  for image in range(2):
    for slot, category in enumerate(categories[image]):
      wanted = images[image] * masks[image, ..., category:category + 1] if category >= 0 else 0
      np.testing.assert_allclose(samples[3 * image + slot], np.broadcast_to(wanted, [4, 5, 3]),
                                 rtol=1e-6)
  assert weights.numpy().tolist() == [1, 1, 0, 1, 0, 0]


def test_product_has_all_categories_in_order():
  images, masks = batch(1)
  product = critic_inputs.product_images(images, masks).numpy()
  assert product.shape == (2, 4, 5, 12)
  for category in range(4):
    np.testing.assert_allclose(product[..., 3 * category:3 * category + 3],
                               images * masks[..., category:category + 1], rtol=1e-6)
  # Probabilities sum to 1, so that nothing of the image is lost.
  np.testing.assert_allclose(product.reshape(2, 4, 5, 4, 3).sum(3), images, rtol=1e-4, atol=1e-6)


def test_the_gradient_reaches_the_probabilities_of_present_categories_alone():
  images, masks = batch(2)
  masks = tf.constant(masks)
  with tf.GradientTape() as tape:
    tape.watch(masks)
    samples, weights = critic_inputs.category_images(images, masks, [[2, -1], [-1, -1]])
    total = tf.reduce_sum(samples * weights[:, None, None, None])
  gradient = tape.gradient(total, masks).numpy()
  np.testing.assert_allclose(gradient[0, ..., 2], images[0].sum(-1), rtol=1e-5, atol=1e-6)
  gradient[0, ..., 2] = 0
  assert not gradient.any()


def test_present_categories():
  tags = [[1, 0, 1, 1, 0], [0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 1, 1, 1]]
  found = critic_inputs.present_categories(tags).numpy()
  assert found.tolist() == [[2, 3, -1, -1], [1, -1, -1, -1], [-1] * 4, [1, 2, 3, 4]]
  assert critic_inputs.present_categories(tags, 3).numpy().tolist() == found[:, :3].tolist()
