"""Labels that a sample does not grant, replaced by garbage: not one weight changes."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields


def trained(method, goldens, change, steps=3):
  model = method.build(dropout_rate=0.3)
  step = tf.function(model.train_step)
  logs = [step(goldens.as_tensors(change(method.batch(index)))) for index in range(steps)]
  return model, logs


def test_no_weight_and_no_figure_changes(method, goldens):
  clean, clean_logs = trained(method, goldens, lambda batch: batch)
  dirty, dirty_logs = trained(method, goldens, goldens.with_garbage)
  for one, other in zip(clean.weights, dirty.weights, strict=True):
    np.testing.assert_array_equal(one, other, err_msg=one.name)
  for one, other in zip(clean_logs, dirty_logs):
    assert {k: float(v) for k, v in one.items()} == {k: float(v) for k, v in other.items()}


def test_garbage_in_what_is_granted_does_change_weights(method, goldens):
  """The control: the same noise where it may be read is seen."""
  if not method.learns_from_labels:
    pytest.skip("it learns from no labels")

  def spoil(batch):
    blind = {**batch, fields.SUPERVISION: np.zeros_like(batch[fields.SUPERVISION])}
    return {**goldens.with_garbage(blind), fields.SUPERVISION: batch[fields.SUPERVISION]}

  clean, _ = trained(method, goldens, lambda batch: batch, steps=1)
  spoilt, _ = trained(method, goldens, spoil, steps=1)
  assert any(not np.array_equal(a, b) for a, b in zip(clean.weights, spoilt.weights))
