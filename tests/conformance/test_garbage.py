"""Labels that a sample does not grant, replaced by garbage: not one weight changes."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields


class Trainer:
  """A method whose step is traced once and that begins anew for every training."""

  def __init__(self, method, goldens):
    self._batch, self._as_tensors = method.batch, goldens.as_tensors
    self.model = method.build(dropout_rate=0.3)
    step = tf.function(self.model.train_step, autograph=False).get_concrete_function(
        self._as_tensors(method.batch(0)))
    self._step, self._variables = step, step.graph.variables
    self._start = [variable.numpy() for variable in self._variables]

  def train(self, change, steps=3):
    """Returns the weights and the logs of a training on changed batches."""
    for variable, value in zip(self._variables, self._start, strict=True):
      variable.assign(value)
    logs = [self._step(self._as_tensors(change(self._batch(index)))) for index in range(steps)]
    assert int(self.model.step) == steps
    return ([(variable.name, variable.numpy()) for variable in self.model.weights],
            [{name: float(value) for name, value in log.items()} for log in logs])


@pytest.fixture(scope="module")
def trainer(goldens):
  """Returns a function that gives the `Trainer` of a row of the table, made once."""
  made = {}

  def of(method):
    if method.label not in made:
      made[method.label] = Trainer(method, goldens)
    return made[method.label]

  return of


def test_no_weight_and_no_figure_changes(method, goldens, trainer):
  clean, clean_logs = trainer(method).train(lambda batch: batch)
  dirty, dirty_logs = trainer(method).train(goldens.with_garbage)
  for (name, one), (_, other) in zip(clean, dirty, strict=True):
    np.testing.assert_array_equal(one, other, err_msg=name)
  assert clean_logs == dirty_logs


def test_garbage_in_what_is_granted_does_change_weights(method, goldens, trainer):
  """The control: the same noise where it may be read is seen."""
  if not method.learns_from_labels:
    pytest.skip("it learns from no labels")

  def spoil(batch):
    blind = {**batch, fields.SUPERVISION: np.zeros_like(batch[fields.SUPERVISION])}
    return {**goldens.with_garbage(blind), fields.SUPERVISION: batch[fields.SUPERVISION]}

  clean, _ = trainer(method).train(lambda batch: batch, steps=1)
  spoilt, _ = trainer(method).train(spoil, steps=1)
  assert any(not np.array_equal(one, other) for (_, one), (_, other) in zip(clean, spoilt))
