"""What a method needs besides images and labels is there, or is asked for by name."""
import pytest

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.configs import overrides
from keras_weakseg.recipes import inputs
from keras_weakseg.recipes import planning

FRAMES = (fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS)


def bundle(*sources, names=FRAMES):
  parts = [data.Part(source, "train", fields.Supervision.NONE) for source in sources]
  return data.Bundle(parts, data.Augmentation(crop=None, resize=(32, 64)), extra_fields=names,
                     joint=True)


def test_one_part_with_the_inputs_is_enough(tiny_video, tiny_data):
  inputs.check("joint_depth", FRAMES, bundle(tiny_data, tiny_video))
  inputs.check("supervised", (), bundle(tiny_data, names=()))


@pytest.mark.parametrize("name, words", [
    (fields.FRAMES, "needs video with intrinsics.*kw.data.Video"),
    (fields.INTRINSICS, "needs video with intrinsics"),
    (fields.STEREO_IMAGE, "needs stereo pairs.*stereo=True"),
    (fields.DISPARITY, "needs a teacher's disparity.*make-disparity-maps"),
    (fields.NOISY_TAGS, "needs noisy tags beside.*NoisyTagFile")])
def test_what_nobody_delivers_is_asked_for(tiny_data, name, words):
  with pytest.raises(ValueError, match="(?s)" + words) as error:
    inputs.check("some_method", (name,), bundle(tiny_data, names=(name,)))
  assert f"Received: {tiny_data.name} without '{name}'." in str(error.value)


@pytest.mark.parametrize("name, options, words", [
    ("own_video", {}, "'self_supervised_depth' needs video"),
    ("own_joint", {}, "'joint_depth' needs video"),
    ("own_joint", {"method.joint_depth.depth_from": "teacher"}, "needs a teacher's disparity"),
    ("own_depth", {"method.supervised_depth.loss": "berhu"}, "needs a teacher's disparity")])
def test_photographs_alone_are_refused_by_the_plan(tiny_data, name, options, words):
  config = overrides.resolve(name, overrides=[{"data.augmentation.resize": [32, 64]}, options])
  with pytest.raises(ValueError, match=words):
    planning.make_plan(config, tiny_data)


def test_colours_that_nobody_would_change_are_refused(tiny_data):
  config = overrides.resolve("own_data", overrides={
      "data.augmentation.color_of": "inputs", "data.augmentation.color": 0.4})
  with pytest.raises(ValueError, match="(?s)does not change the colours.*color_of=pixels"):
    planning.make_plan(config, tiny_data)


def test_video_without_a_second_camera_is_no_stereo(tiny_video):
  config = overrides.resolve("own_video", overrides={
      "data.augmentation.resize": [32, 64], "method.self_supervised_depth.stereo": True})
  with pytest.raises(ValueError, match="needs stereo pairs"):
    planning.make_plan(config, tiny_video)


def test_depth_that_the_network_sees_must_be_granted_by_every_part(tiny_video):
  part = lambda supervision: data.Part(tiny_video, "train", supervision)
  inputs.check_depth("supervised", True, data.Bundle([part("mask+depth"), part("depth")]))
  with pytest.raises(ValueError, match="(?s)not every part grants it.*mask"):
    inputs.check_depth("supervised", True, data.Bundle([part("mask+depth"), part("mask")]))
  # Poses are granted as depth is, and are none.
  grant = fields.Supervision.MASK | fields.Supervision.DEPTH
  poses = data.Dataset({"train": tiny_video.samples("train", grant=grant).map(
      lambda sample: {k: v for k, v in sample.items() if k != fields.DEPTH})}, ("far", "near"))
  with pytest.raises(ValueError, match="not every part grants it"):
    inputs.check_depth("supervised", True,
                       data.Bundle([data.Part(poses, "train", "mask+depth")]))
  with pytest.raises(ValueError, match="'mean_teacher' does not give depth"):
    inputs.check_depth("mean_teacher", False, data.Bundle([part("mask+depth")]))
