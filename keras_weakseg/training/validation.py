"""Figures and pictures of a validation split while a method trains."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.data.readers import decode
from keras_weakseg.tasks import registry as tasks
from keras_weakseg.training import splits


class Validation:
  """Evaluates the method of a step on the split that it is validated on.

  Args:
    step: `recipes.plan.TrainStep`.
  """

  def __init__(self, step):
    self.task = tasks.of_record(step.record)
    self._step = step
    self._experiment = step.settings
    self._protocol = self.task.configured(step.settings)
    self._method = None
    self._model = None

  def __call__(self, method):
    """Returns figures, pictures uint8 [N,H,W,3] or None, a score and a text.

    The score is what the best checkpoint has most of.

    Args:
      method: `methods.base.Method` in training.

    Raises:
      ValueError: a sample cannot be read.
    """
    model = self._model_of(method)
    samples = splits.labelled_samples(self._step.source, self._step.validation, self.task,
                                      self.task.inputs(model))
    try:
      figures = self.task.evaluate(model, samples, self._protocol, progress=False)
    except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, tf.errors.UnknownError
            ) as error:
      raise decode.house_error(error) or errors.value_error(
          "A validation sample cannot be read.",
          expected=f"whole image and {self.task.label} files",
          received=str(error).split("\n", maxsplit=1)[0],
          fix="'keras-weakseg check-data' lists all broken files.") from error
    count = self._experiment.training.picture_samples
    shown = list(samples.take(count).as_numpy_iterator())
    drawn = self.task.draw(model, shown, self._protocol) if shown else None
    return figures, drawn, self.task.score(figures), self.task.text(figures)

  def _model_of(self, method):
    """Returns the model of a method; the same one every time, so that it is traced once."""
    if method is not self._method:
      self._method = method
      self._model = self.task.model(
          method.predictor, self.task.facts(self._experiment, self._step.source),
          self._step.record, self._experiment)
    return self._model
