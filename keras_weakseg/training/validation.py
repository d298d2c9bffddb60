"""Figures and pictures of a validation split while a method trains."""
import functools

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data import decode
from keras_weakseg.evaluation import evaluate as evaluation
from keras_weakseg.evaluation import model as models
from keras_weakseg.evaluation import pictures


class Validation:
  """Evaluates a method on the samples of a plan.

  Args:
    plan: `recipes.phase.Plan`; the samples are those of its last phase.
    protocol: `evaluation.Protocol`.
    count: samples that are drawn.
  """

  def __init__(self, plan, protocol, count):
    self._plan = plan
    self._protocol = protocol
    self._count = count
    self._method = None
    self._model = None

  def __call__(self, method):
    """Returns the figures of `evaluate`, and pictures uint8 [N,H,W,3] or None.

    Args:
      method: `methods.base.Method` in training.

    Raises:
      ValueError: a sample cannot be read.
    """
    model = self._model_of(method)
    samples = self._plan.phases[-1].validation()
    try:
      figures = evaluation.evaluate(model, samples, self._protocol, progress=False)
    except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, tf.errors.UnknownError
            ) as error:
      raise decode.house_error(error) or errors.value_error(
          "A validation sample cannot be read.", expected="whole image and mask files",
          received=str(error).split("\n", maxsplit=1)[0],
          fix="'keras-weakseg check-data' lists all broken files.") from error
    shown = list(samples.take(self._count).as_numpy_iterator())
    if not shown:
      return figures, None
    images = [sample[fields.IMAGE] for sample in shown]
    found = [np.asarray(model.mask(image[None], self._protocol))[0] for image in images]
    return figures, pictures.draw_predictions(
        images, [sample[fields.MASK] for sample in shown], found, model.palette)

  def _model_of(self, method):
    """Returns the model of a method; the same one every time, so that it is traced once."""
    if method is not self._method:
      source, record = self._plan.source, self._plan.record
      self._method = method
      self._model = models.SegmentationModel(
          score_fn=functools.partial(method.predictor, training=False), classes=source.classes,
          palette=source.palette, mean_rgb=record.mean_rgb, multiple=record.multiple)
    return self._model
