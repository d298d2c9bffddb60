"""A phase of the configuration: who may train what, on which parts, and what the plan says."""
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg.configs import overrides
from keras_weakseg.networks import registry as networks
from keras_weakseg.recipes import training_step

# Networks of depth that answer with disparity, and all that methods with true depth can train.
DISPARITY = ["depth_unet", "light_depth"]
DEPTH = networks.network_names("depth")


@pytest.fixture
def make(tiny_video, depth_overrides):
  """Returns a function that makes the phase of an experiment on `tiny_video`."""
  def phase(name, network, source=None, **changes):
    config = overrides.resolve(name, overrides=[
        depth_overrides(network), {"data.augmentation.resize": [32, 64]}, changes])
    step = training_step.make_steps("train", config, {"": source or tiny_video})[-1]
    return step, step.source
  return phase


@pytest.mark.parametrize("method, network, names", [
    ("self_supervised_depth", "light_unet", DISPARITY),
    ("supervised_depth", "light_multitask", DEPTH),
    ("joint_depth", "light_depth", networks.network_names("multitask")),
    ("em_fixed", "light_depth", networks.network_names("segmentation")),
    ("supervised", "light_multitask", networks.network_names("segmentation"))])
def test_a_method_names_the_networks_that_it_can_train(tiny_video, method, network, names):
  config = overrides.resolve("own_video", overrides={
      "method.type": method, "network.type": network})
  with pytest.raises(ValueError, match=f"The method '{method}' cannot train the network "
                     f"'{network}'") as error:
    training_step.make_steps("train", config, {"": tiny_video})
  assert "Expected: one of " + ", ".join(names) + ". " in str(error.value)
  assert f"Received: a network for {networks.network_record(network).role}." in str(error.value)
  assert "network.type" in str(error.value)


def test_log_depth_is_not_read_as_disparity(tiny_video):
  config = overrides.resolve("own_video", overrides={
      "method.type": "self_supervised_depth", "network.type": "light_hourglass"})
  with pytest.raises(ValueError, match="(?s)cannot train.*'light_hourglass'.*depth as log_depth"):
    training_step.make_steps("train", config, {"": tiny_video})



def test_a_phase_of_depth_has_no_classes_and_reads_no_label(make, tiny_video):
  phase, source = make("own_video", "light_depth")
  assert source is tiny_video and phase.head.classes == () and phase.record.role == "depth"
  text = "\n".join(phase.lines)
  assert text.startswith("self_supervised_depth on light_depth, weights from scratch\n")
  assert "12 samples, supervision none" in text and "4 steps of 8 samples" in text
  batch = next(iter(phase.phase.bundle.batches()))
  assert {"frames", "frame_offsets", "intrinsics", "jitter", "valid"} <= set(batch)
  assert not {"depth", "poses", "mask"} & set(batch)


@pytest.mark.parametrize("name, network, kind, fields", [
    ("own_depth", "light_depth", "depth", {"depth"}),
    ("own_joint", "light_multitask", "mask", {"mask", "frames"})])
def test_labels_are_those_that_the_method_learns_from(make, name, network, kind, fields):
  phase, _ = make(name, network)
  assert phase.phase.bundle.parts[0].kinds == kind
  assert fields <= set(next(iter(phase.phase.bundle.batches())))
  assert phase.head.classes == (() if name == "own_depth" else ("far", "near"))


def test_frames_without_masks_teach_depth_beside_those_with_masks(make, tiny_video):
  few = {split: tiny_video.samples(split).enumerate().map(lambda number, sample: {
      **sample, "supervision": tf.where(number < 3, 4, 0)}) for split in ("train", "validation")}
  phase, _ = make("own_joint", "light_multitask", data.Dataset(few, tiny_video.classes))
  assert [(part.kinds, len(ids), part.batch_size) for part, ids in zip(
      phase.phase.bundle.parts, phase.phase.bundle.ids)] == [("mask", 3, 4), ("none", 12, 4)]
  batch = next(iter(phase.phase.bundle.batches()))
  known = (batch["mask"].numpy() < 255).any((1, 2))
  assert known.tolist() == (batch["part"].numpy() == 0).tolist() and known.sum() == 4
  assert (batch["frame_offsets"].numpy() != 0).all()


def test_depth_cannot_be_learned_from_data_without_depth(make, tiny_data):
  with pytest.raises(ValueError, match="(?s)no labels that the method learns from.*"
                     "Expected: depth for at least one sample"):
    make("own_depth", "light_depth", tiny_data)


def test_a_teacher_needs_no_labels(make, video_folder, tmp_path):
  video = data.Video(video_folder)
  maps = data.write_disparity_maps(video, lambda images: images[..., 0] / 255.0, tmp_path / "said",
                                  model_hash="red", progress=False)
  phase, _ = make("own_depth", "light_depth", data.WithDisparity(video, maps),
                  **{"method.supervised_depth": {"loss": "berhu"}})
  assert phase.phase.bundle.parts[0].kinds == "none"
  assert "disparity" in next(iter(phase.phase.bundle.batches()))


@pytest.mark.parametrize("size", [(30, 64), (32, 40)])
def test_sizes_that_do_not_fit_are_refused_at_once(make, size):
  with pytest.raises(ValueError, match="cannot be trained on images of this size"):
    make("own_video", "light_depth", **{"data.augmentation.resize": list(size)})


def test_the_fingerprint_follows_the_fields_and_parts(make):
  prints = [make(*given)[0].phase.fingerprint for given in (
      ("own_video", "light_depth"), ("own_video", "light_depth"), ("own_depth", "light_depth"))]
  assert prints[0] == prints[1] != prints[2]
