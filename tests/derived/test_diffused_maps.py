"""Diffused maps as a step: what is read, that they find objects, resume, baseline, refusals."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.sources import tag_labels
from keras_weakseg.derived import base
from keras_weakseg.derived import diffused_maps
from keras_weakseg.derived import results
from keras_weakseg.networks import cam
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.recipes import label_quality


def is_object(images):
  return np.abs(np.asarray(images, np.float32) - 105).min(-1) > 50


class Objects:
  """L-Net as it should be: pixels that are not grey noise are objects."""
  num_classes = 2

  def probabilities(self, images):
    far = is_object(images)
    return np.stack([1.0 - far, far], -1).astype(np.float32)


class Classifier:
  """A classifier whose activation of red is redness, and of blue blueness."""

  def __init__(self):
    network = cam.light_cam((None, None, 3), 3, alpha=0.25)
    self.tag_fn = preprocessing.predictor(network, networks.network_record("light_cam"))


@pytest.fixture
def source(photo_folder):
  """Returns pictures in strong noise, where the pieces of SLIC alone do not follow objects."""
  return data.WeakCategories(data.Folder(photo_folder, held_out=0), ["blue"])


@pytest.fixture
def context(source, monkeypatch):
  def sharp(model, scales, flip):
    del model, scales, flip
    def maps(images):
      red, _, blue = tf.unstack(tf.cast(images, tf.float32), axis=-1)
      return tf.stack([red * 0, tf.nn.relu(red - blue - 120), tf.nn.relu(blue - red - 120)], -1)
    return maps
  monkeypatch.setattr(diffused_maps, "_activation_of", sharp)
  models = {"l_net": Objects(), "cam": Classifier()}
  return base.MakeContext({"photos": source}, dict.fromkeys(models), models.get)


def truth_of(source, name):
  sample, = source.inner.samples("train", ids=(name,)).as_numpy_iterator()
  return sample[fields.MASK]


def test_maps_find_the_objects_of_weak_images_alone(context, source, tmp_path):
  maker = diffused_maps.DiffusedMaps(context, superpixels=60)
  assert "8 diffused label maps of 'train'" in maker.lines()[0]
  made = maker.make(tmp_path, progress=False)
  assert made["maps"] == 8 and maker.complete(tmp_path)
  assert (tmp_path / "tag_labels.png").exists()
  results.write(tmp_path, {**made, "identity": "one"})
  wrapped = diffused_maps.DiffusedMaps.wrap(source, tmp_path)
  shares = []
  for sample in wrapped.samples("train", grant=fields.Supervision.TAGS).as_numpy_iterator():
    name, labels = sample["sample_id"].decode(), sample["tag_labels"]
    if name not in maker.ids():
      assert (labels == 255).all()
      continue
    truth = truth_of(source, name)
    both, either = ((labels == 2) & (truth == 2)).sum(), ((labels == 2) | (truth == 2)).sum()
    shares.append(both / either)
  assert len(shares) == 8 and np.mean(shares) > 0.8
  judged = label_quality.measure_tag_labels(source, tmp_path)
  assert judged["samples"] == 8 and judged["class_iou"]["blue"] > 0.8


def test_what_was_made_is_kept_and_a_killed_run_goes_on(context, tmp_path):
  maker = diffused_maps.DiffusedMaps(context, superpixels=60)
  whole = maker.make(tmp_path / "whole", progress=False)
  draw, seen = maker.draw, []

  def killed(item):
    seen.append(item["name"])
    if len(seen) > 3:
      raise KeyboardInterrupt
    return draw(item)

  maker.draw = killed
  with pytest.raises(KeyboardInterrupt):
    maker.make(tmp_path / "part", progress=False)
  kept = set(maker.ids()) - set(tag_labels.KIND.absent(tmp_path / "part", maker.ids()))
  assert 0 < len(kept) < 8
  maker.draw = draw
  assert maker.make(tmp_path / "part", progress=False) == whole
  other = diffused_maps.DiffusedMaps(context, superpixels=30)
  with pytest.raises(ValueError, match="holds other tag label maps"):
    other.make(tmp_path / "part", progress=False)


def test_photographs_of_many_pixels_are_seen_smaller_and_mapped_whole(
    context, tmp_path, monkeypatch):
  monkeypatch.setattr(diffused_maps, "_WHOLE", 40 * 40)
  asked = []
  probabilities = Objects.probabilities
  monkeypatch.setattr(Objects, "probabilities", lambda self, images: asked.append(
      images.shape[1:3]) or probabilities(self, images))
  maker = diffused_maps.DiffusedMaps(context, kind="cam")
  for item in maker._items(maker.ids(), maker._answers()):
    height, width = item["image"].shape[:2]
    assert height * width > 40 * 40 >= np.prod(asked[-1])
    assert item["saliency"].shape == item["activation"].shape[:2] == (height, width)
    assert maker.draw(item).labels.shape == (height, width)
  assert asked


def test_class_activation_alone_is_a_baseline(context):
  maker = diffused_maps.DiffusedMaps(context, kind="cam", seed_threshold=0.5)
  found = np.zeros((2, 3, 2), np.float32)
  found[0, 0], found[0, 1], found[1, 2] = (0.9, 0.2), (0.6, 0.7), (0.4, 0.5)
  labels = maker.draw({"activation": found, "classes": [1, 3]}).labels
  assert labels.tolist() == [[1, 3, 0], [0, 0, 0]] and labels.dtype == np.uint8
  assert not maker.draw({"activation": found[..., :0], "classes": []}).labels.any()


def test_activations_are_those_of_the_trained_classifier():
  model = Classifier()
  images = np.random.RandomState(0).randint(0, 255, (1, 33, 49, 3)).astype(np.uint8)
  found = diffused_maps._activation_of(model, (1.0,), True)(images)
  network = model.tag_fn.layers[-1]
  maps = cam.activation_model(network)
  from keras_weakseg.ops import activation
  wanted = activation.summed_activation(
      lambda pixels: maps(pixels / 127.5 - 1.0), images, flip=True)
  np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_steps_that_do_not_answer_are_refused(source, tmp_path):
  models = {"l_net": Objects()}
  maker = diffused_maps.DiffusedMaps(
      base.MakeContext({"photos": source}, dict.fromkeys(models), models.get))
  with pytest.raises(ValueError, match="(?s)cannot be made.*object_network.*tags"):
    maker.make(tmp_path, progress=False)
