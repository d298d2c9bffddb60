"""Pruning as a step: what it leaves, and that mistakes are named."""
import dataclasses
import json

import pytest

from keras_weakseg.derived import base
from keras_weakseg.derived import pruned
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing


class Left:
  """What a step of training left."""

  def __init__(self, record):
    self.record = record

  def networks(self):
    return {"segmenter": {"record": dataclasses.asdict(self.record), "head": {"classes": ["a"]},
                          "architecture": ""}}


@dataclasses.dataclass
class Model:
  score_fn: object


@pytest.fixture(scope="module")
def context():
  record = registry.network_record("light_tiny")
  network = registry.build_network("light_tiny", (None, None, 3), 4)
  model = Model(preprocessing.predictor(network, record))
  return base.MakeContext({}, {"first": Left(record)}, lambda name: model)


def test_a_step_leaves_a_smaller_network_and_its_cost(context, tmp_path, capsys):
  maker = pruned.Pruned(context, keep=0.5, size=(33, 65))
  found = maker.make(tmp_path)
  before, after = found["cost"]["flops"]
  assert after < 0.45 * before and found["line"] in capsys.readouterr().out
  known = json.loads((tmp_path / "networks.json").read_text())["segmenter"]
  assert known["architecture"] and known["head"] == {"classes": ["a"]}
  assert (tmp_path / "segmenter.npz").exists()


def test_numbers_of_channels_count_instead_of_shares(context, tmp_path):
  maker = pruned.Pruned(context, channels=7, schedule="parallel", size=(33, 65))
  assert "7 channels (parallel)" in maker.lines()[0]
  maker.make(tmp_path, progress=False)
  known = json.loads((tmp_path / "networks.json").read_text())["segmenter"]
  layers = {layer["config"]["name"]: layer["config"]
            for layer in json.loads(known["architecture"])["config"]["layers"]}
  assert layers["head_reduce"]["filters"] == 7


def test_shares_are_rounded_unless_it_is_said_otherwise(context, tmp_path):
  assert "in multiples of 8" in pruned.Pruned(context, keep=0.7).lines()[0]
  layers = {}
  for multiple_of in (1, 16):
    maker = pruned.Pruned(context, keep=0.7, multiple_of=multiple_of, size=(33, 65))
    maker.make(tmp_path, progress=False)
    known = json.loads((tmp_path / "networks.json").read_text())["segmenter"]
    layers[multiple_of] = {layer["config"]["name"]: layer["config"]
                           for layer in json.loads(known["architecture"])["config"]["layers"]}
  assert layers[1]["head_refine"]["filters"] == 45 and layers[16]["head_refine"]["filters"] == 48


def test_the_same_again_is_the_same_to_the_byte(context, tmp_path):
  texts = []
  for name in ("one", "two"):
    (tmp_path / name).mkdir()
    pruned.Pruned(context, size=(33, 65)).make(tmp_path / name, progress=False)
    texts.append((tmp_path / name / "networks.json").read_bytes())
  assert texts[0] == texts[1]
