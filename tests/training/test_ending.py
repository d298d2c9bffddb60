"""What follows the last update: the averages stay, and batch statistics are plain means."""
import types

import numpy as np
import pytest

from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import batch_norm
from keras_weakseg.networks.weights import weights as network_weights
from keras_weakseg.training import ending
from keras_weakseg.training import loop
from keras_weakseg.training import strategies
from keras_weakseg.training import validation


def run(plan, directory):
  return loop.run(plan, str(directory), strategy=strategies.make_strategy("one_device"), seed=1,
                  progress=False)[1]


@pytest.fixture(scope="module")
def ended(tiny_plan, tmp_path_factory):
  """Returns a run of two steps with both, what a validation saw after the first, its folder."""
  folder, seen = tmp_path_factory.mktemp("ended"), []

  def validate(_, method):
    seen.append(method.main.get_weights())
    return {"mean_iou": 0.5}, None, 0.5, ""

  plan = tiny_plan(steps=2, averaging=0.25, statistics_batches=3, validate_every=1,
                   validation="val")
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(validation.Validation, "__init__", lambda *_: None)
    patch.setattr(validation.Validation, "__call__", validate)
    return run(plan, folder), seen, folder


@pytest.fixture(scope="module")
def plain(tiny_plan, tmp_path_factory):
  """Returns the weights of the same training without either: at first, and after each step."""
  folder, plan = tmp_path_factory.mktemp("plain"), tiny_plan(steps=2)
  keras.utils.set_random_seed(1)
  found, take = [plan.last.phase.build({}).main.get_weights()], loop.callbacks.BetweenSteps
  with pytest.MonkeyPatch.context() as patch:
    end = take.on_train_batch_end
    patch.setattr(take, "on_train_batch_end", lambda self, *given: (
        found.append(self.model.main.get_weights()), end(self, *given)))
    run(plan, folder)
  return found


def averages(plain, step):
  found = plain[0]
  for number in range(1, step + 1):
    kept = min(1 - 1 / (number + 1), 0.25)
    found = [kept * old + (1 - kept) * new for old, new in zip(found, plain[number])]
  return found


def test_averages_are_validated_and_training_goes_on_without_them(ended, plain):
  method, (first, last), folder = ended
  trained = [index for index, variable in enumerate(method.main.weights) if variable.trainable]
  written = np.load(folder / "train" / "segmenter.npz")
  assert len(trained) > 10
  for index in trained:
    np.testing.assert_allclose(first[index], averages(plain, 1)[index], atol=1e-6)
    np.testing.assert_allclose(last[index], averages(plain, 2)[index], atol=1e-6)
  assert max(np.abs(last[index] - plain[2][index]).max() for index in trained) > 1e-4
  for name, value in network_weights.arrays_of(method.main).items():
    np.testing.assert_array_equal(written[name], value)


def test_statistics_are_plain_means_over_the_batches_that_follow(ended, tiny_bundle):
  """Of the first layer, which sees the images alone; the unbiased variance, as Keras keeps it."""
  method, *_ = ended
  layer = next(layer for layer in method.main.layers
               if isinstance(layer, keras.layers.BatchNormalization))
  enter = keras.Model(method.main.input, layer.input)
  prepare = method.predictor.layers[1]
  outputs = [enter(prepare(tiny_bundle().batch(step)["image"].astype(np.float32))).numpy().reshape(
      -1, layer.moving_mean.shape[0]) for step in (2, 3, 4)]
  np.testing.assert_allclose(
      layer.moving_mean, np.mean([entry.mean(0) for entry in outputs], 0), rtol=1e-3, atol=1e-5)
  np.testing.assert_allclose(
      layer.moving_variance, np.mean([entry.var(0, ddof=1) for entry in outputs], 0), rtol=1e-3)


def test_a_network_without_statistics_that_move_is_refused():
  method = types.SimpleNamespace(predictor=keras.Sequential([
      keras.layers.Input([4, 4, 3]), batch_norm.batch_norm("frozen", "bn")]))
  assert ending.Ending(method, None).layers == []
  with pytest.raises(ValueError, match="no batch statistics(?s:.*)statistics_batches to 0"):
    ending.Ending(method, None, 1)
