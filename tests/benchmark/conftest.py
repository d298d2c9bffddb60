"""Suites for tests: one whose runs are pretended, and one that trains on a few scenes."""
import dataclasses
import json
import pathlib
import types

import pytest

from keras_weakseg.benchmark import measuring
from keras_weakseg.benchmark import reading
from keras_weakseg.networks import registry as networks

PRETENDED = """
description: Two rows, one of which starts from the other
seeds: [1, 2]
figures: [mean_iou, masks_seen]
rows:
  depth: {experiment: depth_scenes, shown: false}
  alone: {title: from scratch, experiment: unet_scenes, published: {mean_iou: 50.5}}
  after:
    title: after depth
    experiment: depth_transfer_scenes
    overrides: {steps: [], network.continues: ''}
    start: {network.pretrained: "{row:depth}"}
  after_flip: {of: after, protocol: {flip: true}}
orderings:
- {better: after, worse: alone, margin: 1}
- {better: after_flip, worse: 0, every_seed: true}
"""


@pytest.fixture
def suite():
  """Returns a function that makes a `Suite` of YAML text; by default the pretended one."""

  def make(text=PRETENDED, **replaced):
    for old, new in replaced.items():
      assert old in text
      text = text.replace(old, new)
    return reading.checking.checked(reading.parse(text, "pretended.yaml"))

  return make


@pytest.fixture
def pretend(monkeypatch):
  """Replaces training and evaluation by files and numbers; returns the calls that were made.

  `.scores` maps the name of an experiment to the mIoU of seed 1; each further seed has 0.01 more.
  `.weights` is what trainings leave in `depth.npz`.
  """
  made = types.SimpleNamespace(calls=[], scores={"unet_scenes": 0.5, "depth_transfer_scenes": 0.6},
                               weights=b"weights", fails=None)

  def metrics(score, protocol):
    return {"mean_iou": score, "class_iou": {"cat": 0.25, "dog": None}, "split": "test",
            "samples": 100, "protocol": protocol, "protocol_hash": "abc"}

  def fit(name, *, params_override, model_dir, **options):
    from keras_weakseg.configs import overrides
    experiment = overrides.resolve(name, overrides=params_override)
    made.calls.append(("fit", name, experiment, model_dir, options))
    folder = pathlib.Path(model_dir)
    (folder / "train").mkdir(parents=True, exist_ok=True)
    if made.fails == (name, experiment.seed):
      raise KeyboardInterrupt
    (folder / "train" / "depth.npz").write_bytes(made.weights)
    (folder / "train" / "networks.json").write_text(json.dumps({
        name: {"record": dataclasses.asdict(networks.network_record(kind))}
        for name, kind in (("depth", "light_depth"), ("pose", "light_pose"))}))
    score = made.scores.get(name, 0.25) + 0.01 * (experiment.seed - 1)
    found = metrics(score, {"flip": False, "size": [2, 3]})
    (folder / "metrics.json").write_text(json.dumps(found))
    return types.SimpleNamespace(metrics=found, model_dir=model_dir, experiment=experiment,
                                 source=None)

  def evaluate(target, data=None, *, split=None, protocol=None, progress=True):
    made.calls.append(("evaluate", target, data, split, protocol))
    before = json.loads((pathlib.Path(target) / "metrics.json").read_text())
    return {**metrics(before["mean_iou"] + 0.125, protocol), "protocol_hash": "flipped"}

  monkeypatch.setattr(measuring.api, "fit", fit)
  monkeypatch.setattr(measuring.api, "evaluate", evaluate)
  return made
