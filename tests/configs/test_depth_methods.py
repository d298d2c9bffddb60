"""The constants of Monodepth2, and the schedules of depth."""
import pytest

from official.modeling.optimization import optimizer_factory

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.framework import keras


def test_the_loss_is_that_of_monodepth2():
  method = depth_methods.self_supervised_depth()
  assert method.type == "self_supervised_depth"
  options = method.get().as_dict()
  wanted = {
      "min_depth": 0.1, "max_depth": 100.0, "smoothness": 1e-3, "ssim_weight": 0.85,
      "auto_mask": True, "average": False, "scale_translation": False, "stereo": False,
      "video": True, "feature_distance": 0.0, "symmetric": False, "align": 0}
  assert {name: options[name] for name in wanted} == wanted


def test_colours_change_for_networks_alone_in_half_of_the_samples():
  """Of U(.8, 1.2), and hue by U(-.1, .1): our amounts are shares .5 of a strength of .4."""
  made = depth_methods.monodepth2_augmentation((192, 640))
  assert (made.color * 0.5, made.color_share, made.color_of) == (0.2, 0.5, "inputs")
  assert (made.color * made.color_saturation, made.hue) == (0.2, 0.1)
  assert tuple(made.resize) == (192, 640) and tuple(made.crop) == () and made.flip
  assert tuple(made.scales) == (1.0, 1.0)
  assert tuple(depth_methods.monodepth2_augmentation((512, 1024), (512, 512)).crop) == (512, 512)


@pytest.mark.parametrize("decay_at, rates", [
    (0.75, {1: 1e-4, 75: 1e-4, 76: 1e-5, 100: 1e-5}), (0.5, {50: 1e-4, 51: 1e-5}),
    (1.0, {1: 1e-4, 100: 1e-4})])
def test_the_rate_falls_once(decay_at, rates):
  training = depth_methods.adam_with_step(1e-4, 100, decay_at=decay_at, log_every=7)
  assert (training.steps, training.log_every, training.weight_decay) == (100, 7, 0.0)
  factory = optimizer_factory.OptimizerFactory(training.optimization)
  rate = factory.build_learning_rate()
  for step, wanted in rates.items():
    assert float(rate(step) if callable(rate) else rate) == pytest.approx(wanted, rel=1e-6)
  assert isinstance(factory.build_optimizer(rate), keras.optimizers.legacy.Adam)


def test_the_fall_keeps_its_share_of_a_shorter_training():
  config = schema.Experiment(method=depth_methods.self_supervised_depth(),
                             training=depth_methods.adam_with_step(1e-4, 1000))
  short = overrides.resolve(config, overrides="training.steps=20")
  assert list(short.training.optimization.learning_rate.get().boundaries) == [15]
