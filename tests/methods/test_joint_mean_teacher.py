"""The mean teacher beside depth: the losses of both, each as alone, and who follows."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import joint_depth
from keras_weakseg.methods import joint_mean_teacher
from keras_weakseg.methods import updates
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing

OPTIONS = {"alpha": 0.25, "channels": (4, 6, 8, 10, 12), "skip_channels": (4, 4, 6, 6),
           "dropout_rate": 0.0}
LESSON = {"mixing": "depthmix", "threshold": 0.3, "depth_from": "teacher"}


@pytest.fixture(scope="module")
def context():
  """Returns the context of a small multi-task network and its teacher."""
  keras.utils.set_random_seed(1)
  record, made = networks.network_record("light_multitask"), {}
  for name in ("multitask", "teacher"):
    model = networks.build_network("light_multitask", (None, None, 3), 3, **OPTIONS)
    scorer = preprocessing.predictor(model, record, "scores")
    made[name] = contexts.Built(model, record, scorer, scorer, trained=name == "multitask")
  made["teacher"].model.set_weights(made["multitask"].model.get_weights())
  return contexts.Context(made, ("mask", "none"), (1.0, 1.0))


@pytest.fixture
def batch():
  """Returns two samples with a mask and two without, all with disparity."""
  random = np.random.RandomState(0)
  return {name: tf.constant(value) for name, value in {
      fields.IMAGE: random.randint(0, 255, (4, 32, 64, 3)).astype(np.uint8),
      fields.MASK: random.randint(0, 3, (4, 32, 64)).astype(np.uint8),
      fields.VALID: np.ones([4, 32, 64], bool),
      fields.SUPERVISION: np.array([4, 0, 4, 0], np.int32),
      fields.PART: np.array([0, 1, 0, 1], np.int32),
      fields.DISPARITY: random.rand(4, 32, 64).astype(np.float32),
      fields.SAMPLE_KEY: random.randint(0, 99, (4, 2)).astype(np.int32)}.items()}


def prepared(method):
  method.prepare(lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.SGD(0.1 * m)))
  return method


def test_masks_and_depth_are_learned_as_without_a_teacher(context, batch, figures_of):
  alone, _ = figures_of(prepared(joint_depth.JointDepth(context, depth_from="teacher")), batch)
  found, _ = figures_of(prepared(joint_mean_teacher.JointMeanTeacher(context, **LESSON)), batch)
  for name, value in alone.items():
    np.testing.assert_allclose(found[name], value, rtol=1e-5, err_msg=name)
  assert found["pseudo"] > 0 and set(found) - set(alone) == {
      "pseudo", "pseudo_coverage", "pseudo_precision"}


def test_the_teacher_follows_and_is_moved_by_nothing_else(context, batch):
  method = prepared(joint_mean_teacher.JointMeanTeacher(context, **LESSON))
  start = [variable.numpy() for variable in method.networks["teacher"].trainable_variables]
  method.train_step(batch)
  pairs = zip(start, method.networks["teacher"].trainable_variables,
              method.networks["multitask"].trainable_variables, strict=True)
  for old, teacher, student in pairs:
    np.testing.assert_allclose(teacher, 0.5 * (old + student), rtol=1e-5, atol=1e-7)


def test_networks_and_fields():
  cls = joint_mean_teacher.JointMeanTeacher
  assert list(cls.networks_of({})) == ["multitask", "pose", "teacher"]
  assert list(cls.networks_of({"depth_from": "teacher"})) == ["multitask", "teacher"]
  assert set(cls.inputs({"mixing": "depthmix"})) == {
      "frames", "frame_offsets", "intrinsics", "disparity"}
