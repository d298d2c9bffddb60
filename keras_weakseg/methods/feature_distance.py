"""How far an encoder has moved from the features it started with."""
import tensorflow as tf

from keras_weakseg.methods import ratio


def feature_distance(features, reference):
  """Returns the Euclidean distance of two feature tensors over the whole global batch.

  `sqrt(sum (f - r)^2)` over samples, pixels and channels, neither averaged nor masked (Hoyer et
  al., CVPR 2021, section 3.2, as their code has it). The sum under the root is that of all
  replicas, so that N replicas give the gradient of one.

  Args:
    features: float [N,h,w,C], of the encoder in training.
    reference: float [N,h,w,C], of the one it started from; no gradient flows to it.

  Returns:
    `Ratio` whose value is the distance.
  """
  difference = tf.cast(features, tf.float32) - tf.stop_gradient(tf.cast(reference, tf.float32))
  squares = tf.reduce_sum(difference * difference)
  distance = tf.sqrt(ratio.global_sums([squares])[0])
  context = tf.distribute.get_replica_context()
  replicas = 1 if context is None else context.num_replicas_in_sync
  # The gradient of the root is half of that of the sum, divided by the root.
  numerator = 0.5 * (squares + tf.stop_gradient(squares))
  return ratio.Ratio(numerator, distance / replicas)
