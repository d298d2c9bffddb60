"""Features with channels taken away: what a student must bear besides another view of the image."""
import tensorflow as tf


def drop_channels(features, draws, rate=0.5):
  """Returns features of which whole channels are 0 and the others larger (UniMatch, CVPR 2023).

  Args:
    features: float [N,h,w,C].
    draws: float32 [N,C], uniform in [0, 1), see `draws.uniform`.
    rate: share of the channels that go, 0 <= rate < 1.

  Returns:
    float32 [N,h,w,C].

  Example:
    >>> drop_channels([[[[1.0, 1.0]]]], [[0.2, 0.7]])[0, 0, 0].numpy().tolist()
    [0.0, 2.0]
  """
  kept = tf.cast(tf.cast(draws, tf.float32) >= rate, tf.float32) / (1.0 - rate)
  return tf.cast(features, tf.float32) * kept[:, None, None]


def split_channels(features, draws, whole):
  """Returns two views of features that share no channel (UniMatch V2, TPAMI 2025).

  Every channel goes to one of the two views at random, doubled; samples that stay whole are the
  same in both, so that the student also sees features as they are.

  Args:
    features: float [N,h,w,C].
    draws: float32 [N,C], uniform in [0, 1), see `draws.uniform`.
    whole: bool [N], which samples keep all channels in both views.

  Returns:
    Two float32 [N,h,w,C], whose mean is `features`.

  Example:
    >>> one, other = split_channels([[[[1.0, 3.0]]]], [[0.2, 0.7]], [False])
    >>> one[0, 0, 0].numpy().tolist(), other[0, 0, 0].numpy().tolist()
    ([2.0, 0.0], [0.0, 6.0])
  """
  features = tf.cast(features, tf.float32)
  shares = tf.where(tf.cast(draws, tf.float32) < 0.5, 2.0, 0.0)
  shares = tf.where(tf.convert_to_tensor(whole)[:, None], 1.0, shares)[:, None, None]
  return features * shares, features * (2.0 - shares)
