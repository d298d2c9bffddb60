"""Tests of segmentation and depth at once: what each sample teaches, and what it cannot."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import joint_depth
from keras_weakseg.methods import readings
from keras_weakseg.methods import updates
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import aggregation
from keras_weakseg.ops import depth_losses
from keras_weakseg.ops import losses
from keras_weakseg.ops import resize

NAME = "joint_depth"
PARTS = {"parts": ("masks", "video"), "part_weights": (1.0, 0.5)}


@pytest.fixture(scope="module")
def mixed(room):
  """Returns four samples: mask and video, mask alone, video alone, nothing."""
  video = room(4)
  supervision = np.array([7, 7, 0, 1], np.int32)
  far, red = video.depth > np.median(video.depth), video.batch["image"][..., 0] > 127
  masks = far + 2 * red
  masks[:, :3] = 255
  return {**video.batch, "mask": masks.astype(np.uint8), "supervision": supervision,
          "part": np.array([0, 0, 1, 1], np.int32),
          "frame_offsets": np.array([[-1, 1], [0, 0], [-1, 1], [0, 0]], np.int32),
          "disparity": (1 / video.depth).astype(np.float32) * np.float32(
              [1, 0, 1, 0])[:, None, None]}


@pytest.fixture
def built(depth_built):
  """Returns a function that builds the method; with a teacher it has no pose network."""
  def build(depth_from="video", **options):
    if depth_from == "teacher":
      options.setdefault("pose", None)
    return depth_built(NAME, depth_from=depth_from, **{**PARTS, **options})
  return build


def outputs_of(method, batch):
  """Returns the network's outputs in training."""
  return method.networks["multitask"](tf.cast(batch["image"], tf.float32) / 127.5 - 1,
                                      training=True)


def figures_by_group(names, gradients):
  """Returns the largest gradient of the encoder, the depth branch and the segmentation branch."""
  found = {"encoder": 0.0, "depth": 0.0, "segmentation": 0.0, "pose": 0.0}
  for name, gradient in zip(names, gradients):
    group = ("pose" if name.startswith("pose/") else
             "segmentation" if "head_segmentation" in name or "classifier" in name else
             "depth" if "head_" in name else "encoder")
    found[group] = max(found[group], float(np.abs(gradient).max()))
  return found


def names_of(method):
  return [f"{name}/{v.name}" for name, network in method.networks.items()
          for v in network.trainable_variables]


# Cross entropy.


def test_cross_entropy_is_the_mean_of_both_heads_on_the_samples_with_masks(
    mixed, tensors, built, figures_of):
  batch = tensors(mixed)
  method = built("teacher")
  found, _ = figures_of(method, batch)
  outputs = outputs_of(method, batch)
  masks = tf.where(tf.constant(mixed["supervision"] == 7)[:, None, None], batch["mask"], 255)
  side = resize.resize_aligned(outputs["side_scores"], (32, 64))
  wanted = [losses.masked_cross_entropy(masks[:2], scores[:2])
            for scores in (outputs["scores"], side)]
  np.testing.assert_allclose(found["loss_masks"], np.mean(wanted), rtol=1e-5)
  assert wanted[0] != wanted[1] and found["loss_video"] == 0.0
  assert 0 <= found["train_accuracy"] <= 1


def test_a_part_has_its_weight(mixed, tensors, built):
  batch = tensors(mixed, supervision=np.array([7, 7, 7, 1], np.int32))
  logs = {name: float(value) for name, value in built(
      "teacher", depth_weight=0.1).train_step(batch).items()}
  assert logs["loss_video"] > 0
  assert logs["loss"] == pytest.approx(
      logs["loss_masks"] + 0.5 * logs["loss_video"] + 0.1 * logs["berhu"], rel=1e-5)


def test_garbage_in_a_mask_that_is_not_granted_changes_nothing(mixed, tensors, built):
  dirty = mixed["mask"].copy()
  dirty[2:] = np.random.RandomState(0).randint(0, 4, dirty[2:].shape)
  found = []
  for masks in (mixed["mask"], dirty):
    method = built("teacher")
    logs = method.train_step(tensors(mixed, mask=masks))
    found.append(([float(value) for value in logs.values()], method.main.get_weights()))
  assert found[0][0] == found[1][0]
  for one, other in zip(found[0][1], found[1][1], strict=True):
    np.testing.assert_array_equal(one, other)


def test_label_spaces_may_share_the_head(mixed, tensors, built, figures_of):
  """Both heads are read in the space of each part."""
  groups = (((0, 1), (2,), (3,)), ((0,), (1, 2, 3)))
  spaces = tuple(readings.Reading(name, (part,), len(group), aggregation.AggregateClasses(group))
                 for part, (name, group) in enumerate(zip(("city", "road"), groups)))
  batch = tensors(mixed, supervision=np.array([7, 7, 7, 1], np.int32),
                  mask=np.where(mixed["mask"] < 255, mixed["mask"] % 2, 255).astype(np.uint8))
  method = built("teacher", readings=spaces)
  found, _ = figures_of(method, batch)
  outputs = outputs_of(method, batch)
  both = outputs["scores"], resize.resize_aligned(outputs["side_scores"], (32, 64))
  for name, rows, space in (("loss_masks", slice(0, 2), spaces[0]),
                            ("loss_video", slice(2, 3), spaces[1])):
    wanted = [losses.masked_cross_entropy(batch["mask"][rows], space.scores(scores)[rows])
              for scores in both]
    np.testing.assert_allclose(found[name], np.mean(wanted), rtol=1e-5)
  assert {"train_accuracy_city", "train_accuracy_road"} <= set(found)


# Depth.


def test_depth_is_that_of_the_samples_with_video(mixed, tensors, built, figures_of):
  batch = tensors(mixed)
  method = built(auto_mask=False)
  found, _ = figures_of(method, batch)
  outputs = outputs_of(method, batch)
  rows = [0, 2]
  alone = {name: tf.gather(value, rows) for name, value in batch.items()}
  terms, _ = method.video_loss(
      [tf.gather(outputs[f"disparity_{scale}"], rows) for scale in range(4)], alone)
  for name, term in terms.items():
    np.testing.assert_allclose(found[name], term.numerator / term.denominator, rtol=1e-4)


def test_frames_of_samples_without_video_change_nothing(mixed, tensors, built):
  dirty = mixed["frames"].copy()
  dirty[1::2] = np.random.RandomState(0).randint(0, 255, dirty[1::2].shape)
  found = []
  for frames in (mixed["frames"], dirty):
    method = built()
    logs = method.train_step(tensors(mixed, frames=frames))
    found.append(([float(value) for value in logs.values()], method.main.get_weights()))
  assert found[0][0] == found[1][0]
  for one, other in zip(found[0][1], found[1][1], strict=True):
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("level", [0, 1])
def test_a_teacher_is_the_op_where_it_has_spoken(mixed, tensors, built, figures_of, level):
  """Whose maps have the size of images, whatever that of the network's disparity."""
  batch = tensors(mixed)
  method = built("teacher", small={"score_level": level})
  found, _ = figures_of(method, batch)
  counted = mixed["valid"] & np.array([True, False, True, False])[:, None, None]
  disparity = tf.image.resize(outputs_of(method, batch)[f"disparity_{level}"], (32, 64))[..., 0]
  np.testing.assert_allclose(found["berhu"], depth_losses.berhu_loss(
      disparity, batch["disparity"], counted), rtol=1e-5)


@pytest.mark.parametrize("depth_from", ["video", "teacher"])
def test_each_kind_of_sample_reaches_its_branch(mixed, tensors, built, figures_of, depth_from):
  """A mask alone moves no disparity head; video alone no classifier; both move the encoder."""
  masks = tensors(mixed, frame_offsets=np.zeros([4, 2], np.int32),
                  disparity=np.zeros([4, 32, 64], np.float32))
  video = tensors(mixed, supervision=np.zeros([4], np.int32))
  method = built(depth_from)
  names = names_of(method)
  order = {v.ref(): name for v, name in zip(
      [v for network in method.networks.values() for v in network.trainable_variables], names)}
  names = [order[v.ref()] for v in method.updater.variables_in_order]
  found, gradients = figures_of(method, masks)
  heads = {name: np.abs(g).max() for name, g in zip(names, gradients) if "head_disparity" in name
           or "classifier" in name or name.startswith("pose/")}
  assert all((value > 0) == ("classifier" in name) for name, value in heads.items())
  assert found["loss_masks"] > 0 and found.get("photometric", found.get("berhu")) == 0
  assert figures_by_group(names, gradients)["encoder"] > 0
  found, gradients = figures_of(method, video)
  heads = {name: np.abs(g).max() for name, g in zip(names, gradients) if "disparity_0" in name
           or "classifier" in name}
  assert all((value > 0) == ("disparity" in name) for name, value in heads.items())
  assert found["loss_masks"] == 0 and found.get("photometric", found.get("berhu")) > 0
  by_group = figures_by_group(names, gradients)
  assert by_group["encoder"] > 0 and (by_group["pose"] > 0) == (depth_from == "video")


def test_bundles_may_have_no_masks_at_all(mixed, tensors, built, figures_of):
  batch = {name: value for name, value in tensors(
      mixed, supervision=np.zeros([4], np.int32)).items() if name != "mask"}
  found, _ = figures_of(built(), batch)
  assert found["loss_masks"] == found["loss_video"] == 0.0 and found["photometric"] > 0
  assert "train_accuracy" not in found


# What it is.


def test_networks_and_fields(built):
  cls = joint_depth.JointDepth
  assert set(cls.inputs({})) == {"frames", "frame_offsets", "intrinsics"}
  assert cls.inputs({"depth_from": "teacher"}) == (fields.DISPARITY,)
  assert cls.role == networks.MULTITASK
  method = built()
  assert list(method.networks) == ["multitask", "pose"]
  assert method.main is method.networks["multitask"]
  assert list(built("teacher").networks) == ["multitask"]


@pytest.mark.slow
def test_sixty_steps_learn_both(mixed, tensors, built):
  batch = tensors(mixed)
  method = built(compiled=True, make_updater=lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.Adam(8e-3 * m)))
  step = tf.function(method.train_step, autograph=False)
  logs = [{name: float(value) for name, value in step(batch).items()} for _ in range(60)]
  assert logs[-1]["loss_masks"] < 0.5 * logs[0]["loss_masks"]
  assert logs[-1]["photometric"] < 0.8 * logs[0]["photometric"]
  assert logs[-1]["train_accuracy"] > 0.8
