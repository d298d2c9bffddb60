"""The size of images for networks of depth: chosen where nobody has, refused where it cannot be."""
import shutil
import types

import pytest

from keras_weakseg import data
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.networks import registry as networks
from keras_weakseg.recipes import image_size


@pytest.mark.parametrize("size, wanted", [
    ((32, 64), (32, 64)), ((192, 640), (192, 640)), ((50, 70), (64, 64)), ((10, 10), (32, 32)),
    ((480, 640), (480, 640)), ((1080, 1920), (352, 640)), ((1024, 2048), (320, 640)),
    ((1242, 375), (640, 192))])
def test_sizes_are_multiples_of_32_no_larger_than_two_cores_can_bear(size, wanted):
  assert image_size.nearest(size) == wanted
  assert image_size.nearest(wanted) == wanted


def test_the_size_of_any_source_is_that_of_its_first_image(tiny_video, tiny_data, video_folder):
  assert image_size.stored_size(tiny_video) == [32, 64]
  assert image_size.stored_size(data.Video(video_folder)) == [32, 64]
  assert image_size.stored_size(tiny_data) == [60, 80]


def test_a_first_image_that_is_broken_is_named(video_folder, tmp_path):
  folder = shutil.copytree(video_folder, tmp_path / "drive")
  (folder / "000001.png").write_bytes((folder / "000001.png").read_bytes()[:300])
  with pytest.raises(ValueError, match="(?s)The sample '[^']*000001' cannot be read.*check-data"):
    image_size.stored_size(data.Video(folder))


@pytest.mark.parametrize("name, protocol", [("own_video", ()), ("own_joint", (64, 96))])
def test_own_data_gets_a_size_near_its_own(tiny_data, name, protocol):
  before = overrides.resolve(name)
  after = image_size.fitted(before, tiny_data)
  assert tuple(after.data.augmentation.resize) == (64, 96)
  assert tuple(after.evaluation.protocol.size) == protocol
  assert tuple(before.data.augmentation.resize) == ()


@pytest.mark.parametrize("changes", [{"data.augmentation.crop": [64, 64]},
                                     {"data.augmentation.resize": [96, 128]}])
def test_a_size_that_somebody_chose_stays(tiny_data, changes):
  config = overrides.resolve("own_video", overrides=changes)
  assert image_size.fitted(config, tiny_data) is config


def test_a_video_that_was_made_with_a_size_keeps_it(video_folder):
  config = overrides.resolve("own_video")
  assert image_size.fitted(config, data.Video(video_folder, size=(64, 96))) is config


SOURCE = types.SimpleNamespace(size=None)
SIZED = types.SimpleNamespace(size=(100, 200))
DEPTH = networks.network_record("light_depth")
JOINT = networks.network_record("light_multitask")


@pytest.mark.parametrize("augmentation, source, record", [
    (schema.Augmentation(crop=(), resize=(90, 192)), SOURCE, DEPTH),
    (schema.Augmentation(crop=()), SIZED, DEPTH), (schema.Augmentation(crop=()), SIZED, JOINT),
    # Trained on crops, but asked for the depth of whole images.
    (schema.Augmentation(crop=(32, 32)), SIZED, DEPTH)])
def test_sizes_that_the_network_cannot_take_are_refused_with_the_nearest(
    augmentation, source, record):
  with pytest.raises(ValueError, match="cannot be trained on images of this size") as error:
    image_size.check(augmentation, [SOURCE, source], record)
  assert "Resize or crop to a height of " in str(error.value)


@pytest.mark.parametrize("augmentation, source, record", [
    (schema.Augmentation(crop=(), resize=(96, 192)), SIZED, DEPTH),
    (schema.Augmentation(crop=(32, 32)), SIZED, JOINT),
    (schema.Augmentation(crop=()), SOURCE, DEPTH),
    (schema.Augmentation(crop=(65, 65)), SIZED, networks.network_record("light_tiny"))])
def test_all_others_pass(augmentation, source, record):
  image_size.check(augmentation, [source], record)


def test_a_video_of_another_size_is_refused_before_anything_is_written(video_folder, tmp_path):
  import keras_weakseg as kw
  with pytest.raises(ValueError, match="(?s)cannot be trained on images.*height 30, width 50"):
    kw.fit(method="self_supervised_depth", data=data.Video(video_folder, size=(30, 50)),
           model_dir=tmp_path / "run", progress=False)
  assert not list(tmp_path.iterdir())
