"""Sources of video from their configuration."""
import cv2
import numpy as np
import pytest

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.configs.sections import schema
from keras_weakseg.recipes import sources


@pytest.fixture
def drive(tmp_path):
  (tmp_path / "drive").mkdir()
  for number in range(8):
    cv2.imwrite(str(tmp_path / "drive" / f"{number:03d}.png"),
                np.full((24, 32, 3), 20 * number, np.uint8))
  return tmp_path


def make(kind, data_dir, path="", held_out=0.1, **video):
  return sources.make_source(schema.Source(name="s", kind=kind, path=path, held_out=held_out,
                                           video=schema.Video(**video)), data_dir)


def test_a_folder_of_frames(drive):
  made = make("video", drive, "drive", held_out=0.0, intrinsics="25 25 15.5 11.5", size=(48, 64),
              offsets=(-2, 1))
  assert made.name == "drive" and len(made.ids("train")) == 5
  sample = next(iter(made.samples("train")))
  assert sample[fields.FRAMES].shape == (2, 48, 64, 3)
  assert sample[fields.INTRINSICS].numpy()[0, 0] == 50
  with pytest.raises(ValueError, match="field_of_view=65"):
    make("video", drive, "drive")


@pytest.mark.parametrize("kind", ["kitti", "cityscapes_video"])
def test_official_layouts_say_what_they_lack(drive, kind):
  with pytest.raises(FileNotFoundError, match="complete"):
    make(kind, drive, "drive")


def test_real_excerpts(shared_data):
  root = shared_data("kitti").parent
  assert len(make("kitti_clips", root, validation=("raw_b_91f",)).ids("validation")) == 89
  assert make("kitti_stereo", root, cars=False).name == "kitti_stereo_without_cars"
  assert len(make("kitti_odometry", root, offsets=(1,)).ids("test")) == 100
  assert len(make("seven_scenes", root, offsets=(-5, 5)).ids("test")) == 50


def test_the_augmentation_of_video():
  config = schema.Augmentation(crop=(), resize=(96, 320), color=0.4, color_share=0.5,
                               color_of="inputs", swap_frames=0.5)
  assert sources.make_augmentation(config, (1, 2, 3)) == data.Augmentation(
      crop=None, resize=(96, 320), color=0.4, color_share=0.5, color_of="inputs",
      mean_rgb=(1, 2, 3), swap_frames=0.5)
