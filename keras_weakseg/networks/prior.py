"""Starts a network at the belief that most pixels are background."""
import math
import re

import numpy as np

from keras_weakseg import errors
from keras_weakseg.networks import registry, unet_decoder


def set_background_prior(network, record, prior):
  """Sets the classifier's bias so that an untrained network gives the background this probability.

  Learning from tags alone needs it. With a zero bias the first updates teach the score of the
  background, the most frequent latent label, to grow with the *strength* of the features, which is
  highest on objects: objects become background, and every further E-step confirms it. With the
  prior in the bias, the first updates only teach what distinguishes the classes. (The same remedy
  keeps rare objects alive in focal-loss detectors: Lin et al., ICCV 2017, section 4.1.)

  Args:
    network: Keras model whose head is new.
    record: `NetworkRecord` of it.
    prior: probability of class 0 at the start, between 0 and 1.

  Raises:
    ValueError: the prior is no probability, or the head has no bias of one value per class.

  Example:
    >>> from keras_weakseg.networks import registry
    >>> network = registry.build_network("light_tiny", (33, 33, 3), 4)
    >>> set_background_prior(network, registry.network_record("light_tiny"), 0.7)
    >>> [round(float(b), 3) for b in network.get_layer("head_classifier").bias]
    [1.946, 0.0, 0.0, 0.0]
  """
  if not 0.0 < prior < 1.0:
    raise errors.value_error(
        "The background prior is no probability.", expected="a number between 0 and 1",
        received=prior, fix="Set network.background_prior, for example to 0.7; 0 leaves it out.")
  several = isinstance(network.output_shape, dict)
  classes = (network.output_shape.get(unet_decoder.SCORES, (0,)) if several
             else network.output_shape)[-1]
  pattern = registry.CLASSIFIER_PATTERN if several else record.head_pattern
  biases = [variable for variable in network.trainable_variables
            if re.search(pattern, variable.name) and "bias" in variable.name
            and tuple(variable.shape) == (classes,)]
  if not biases:
    raise errors.value_error(
        f"The network '{record.name}' has no classifier bias to hold the prior.",
        expected=f"a bias of {classes} values in the head" if classes else "scores of classes",
        received="none", fix="Set network.background_prior to 0.")
  values = np.zeros([classes], np.float32)
  values[0] = math.log(prior * (classes - 1) / (1.0 - prior))
  # Scores of parallel classifiers are summed: one of them carries the prior. Those of a multi-task
  # network are outputs of their own.
  for bias in biases if several else biases[-1:]:
    bias.assign(values)
