"""Tests of `serving.writing`: what lies in a version, and what is refused before one is begun."""
import json
import resource

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.serving import writing


class Smallest(tf.Module):
  """A module with the signatures of an artifact and no network."""

  @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
  def double(self, x):
    return {"y": 2 * x}

  def signatures(self):
    return {"serving_default": self.double}

  def further_requests(self, images):
    return [("double", {"x": images.shape[1]})]


def files(path):
  return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}


@pytest.mark.parametrize("labels, warmup", [((), True), (("background", "cat"), False)])
def test_a_version_holds_what_was_asked_for(tmp_path, labels, warmup):
  path = writing.write_version(Smallest(), {"b": 1, "a": [2]}, tmp_path / "m", labels=labels,
                               warmup=warmup)
  assert path == tmp_path / "m" / "1"
  found = files(path)
  assert ("assets/labels.txt" in found) == bool(labels)
  assert ("assets.extra/tf_serving_warmup_requests" in found) == warmup
  text = (path / "assets.extra" / "keras_weakseg.json").read_text()
  assert json.loads(text) == {"a": [2], "b": 1} and text.index('"a"') < text.index('"b"')
  if labels:
    assert (path / "assets" / "labels.txt").read_text() == "background\ncat\n"
  loaded = tf.saved_model.load(str(path))
  assert loaded.signatures["serving_default"](x=tf.constant(4.0))["y"].numpy() == 8.0
  assert writing.write_version(Smallest(), {}, tmp_path / "m", warmup=False).name == "2"


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path):
  # No file may grow beyond 64 bytes: the kernel refuses the writes, as a full disk does.
  limits = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
  try:
    with pytest.raises(ValueError, match=r"(?s)cannot be written.*Expected: "):
      writing.write_version(Smallest(), {}, tmp_path / "m")
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size, shape", [((), (375, 500, 3)), ((32, 48), (32, 48, 3)),
                                         ([64, 40], (64, 40, 3))])
def test_warmup_asks_every_signature_with_one_picture(size, shape):
  requests = dict(writing.warmup_requests(Smallest(), size))
  assert requests["predict_images"]["images"].shape == (1, *shape)
  assert requests["predict_images"]["images"].dtype == np.uint8
  content, = requests["serving_default"]["image_bytes"]
  assert tf.io.decode_jpeg(content).shape == shape
  assert requests["metadata_rows"] == {"names": [b"task"]}
  assert set(requests) == {"serving_default", "predict_images", "metadata_rows", "double"}
  assert requests["double"] == {"x": shape[0]}  # of what this kind of module adds


def test_only_predictors_of_one_size_are_refused():
  class Fixed:
    input_shape = (None, 32, None, 3)

  class Any:
    input_shape = (None, None, None, 3)

  writing.check_any_size(Any())
  writing.check_any_size(len)
  with pytest.raises(ValueError, match=r"(?s)one size only.*Received: \(None, 32, None, 3\)"):
    writing.check_any_size(Fixed())
