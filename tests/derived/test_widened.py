"""Depth as a fourth channel, as a step: which steps it reads, what it refuses."""
import dataclasses
import json

import pytest

from keras_weakseg.derived import base
from keras_weakseg.derived import widened
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing


class Left:
  """What a step of training left."""

  def __init__(self, name, key):
    self.known = {key: {"record": dataclasses.asdict(registry.network_record(name)),
                        "head": {"classes": []}, "architecture": ""}}

  def networks(self):
    return self.known


@dataclasses.dataclass
class Model:
  score_fn: object


@pytest.fixture(scope="module")
def models():
  found = {}
  for step, name, classes, options in (
      ("colours", "light_tiny", 4, {}), ("depth", "light_hourglass", 0, {"width": 0.05})):
    record = registry.network_record(name)
    network = registry.build_network(name, (None, None, 3), classes, **options)
    found[step] = Model(preprocessing.predictor(network, record))
  return found


def context(models, *steps):
  left = {"colours": Left("light_tiny", "segmenter"), "depth": Left("light_hourglass", "depth")}
  return base.MakeContext({}, {step: left[step] for step in steps}, models.__getitem__)


def test_the_hourglass_is_inside_as_it_infers_fastest(models, tmp_path):
  maker = widened.Widened(context(models, "colours", "depth"))
  assert "start as zero" in maker.lines()[0]
  before, after = maker.make(tmp_path)["parameters"]
  assert after > before
  text = json.loads((tmp_path / "networks.json").read_text())["segmenter"]["architecture"]
  assert "WidenedConv2D" in text and "SplitChannels" in text and "DepthChannel" in text


@pytest.mark.parametrize("steps, words", [
    (("colours",), "(?s)two steps in `reads`.*colours"),
    (("depth", "colours"), "(?s)'colours' has no network of depth.*segmentation")])
def test_wrong_steps_are_refused(models, tmp_path, steps, words):
  with pytest.raises(ValueError, match=words):
    widened.Widened(context(models, *steps)).make(tmp_path)
  assert not list(tmp_path.iterdir())
