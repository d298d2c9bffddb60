"""Somebody's own data from end to end: four steps, a run that was stopped, more inference."""
import json
import re
import shutil

import numpy as np
import pytest

import keras_weakseg as kw
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema
from keras_weakseg.networks import registry as networks

TINY = {"network.light_dual.alpha": 0.25, "network.light_dual.head_filters": 16,
        "network.pretrained": "", "data.augmentation.crop": [49, 65],
        "evaluation.split": "validation"}


@pytest.fixture(scope="module")
def run(photo_folder, tmp_path_factory):
  """A run of the recipe on six masks and the tags of the other photographs, stopped once."""
  manifest = tmp_path_factory.mktemp("lists") / "manifest.json"
  names = sorted(path.stem for path in (photo_folder / "images").iterdir())
  manifest.write_text(json.dumps({"mask": names[:6], "tags": names[6:12]}))
  data = lambda folder: kw.data.Folder(folder, manifest=manifest, validation=names[12:])
  experiment = registry.build_recipe("dual", {"steps": 20, "inference_steps": 3, "test_steps": 4})
  experiment = overrides.resolve(experiment, overrides=TINY)
  for step in experiment.steps:
    step.network.light_dual.alpha, step.network.light_dual.head_filters = 0.25, 16
    step.network.pretrained = ""
  for step in (*experiment.steps, experiment):  # Lines of logs after 3 and 4 updates.
    step.training.steps, step.training.checkpoint_every, step.training.log_every = 4, 2, 3
    step.training.optimization = schema.sgd(0.01, 4)
  again = lambda model_dir, folder=photo_folder, **options: kw.fit(
      experiment, data=data(folder), model_dir=model_dir, progress=False, **options)
  model_dir = tmp_path_factory.mktemp("runs") / "dual"
  stopped = again(model_dir, until="image")
  assert list(stopped.finished) == ["labels", "image"]
  return again(model_dir), data(photo_folder), again


def test_the_recipe_runs_from_end_to_end(run):
  result, *_ = run
  assert result.protocol.inference_steps == 4
  assert result.metrics["protocol"]["inference_steps"] == 4
  assert 0 <= result.metrics["mean_iou"] <= 1


@pytest.mark.slow
def test_the_artifact_answers_as_the_run(run, tmp_path):
  result, data, _ = run
  image = next(iter(data.samples("validation")))["image"].numpy()[None]
  path = kw.export(result, tmp_path / "served")
  from keras_weakseg.tasks import artifact
  loaded = artifact.load_artifact(path)
  np.testing.assert_array_equal(loaded.mask(image, result.protocol),
                                result.model.mask(image, result.protocol))
  plain = kw.evaluate(result, data, split="validation", protocol={"inference_steps": 0})
  assert plain["protocol_hash"] != result.metrics["protocol_hash"]


@pytest.mark.slow
def test_killed_at_every_boundary_and_inside_it_ends_the_same(run, kills, tmp_path):
  result, _, again = run
  from keras_weakseg.derived import results
  once_more = lambda: again(tmp_path / "run")
  for name in ("labels", "image", "joint", "train"):
    for moment, arm in (  # A line of the log stands there, and the update that it tells of is lost.
        ("in", lambda patch, name=name: kills.in_training(patch, name, 3)),
        ("before the marker of", lambda patch, name=name: kills.before(
            patch, results, "write", f"/{name}"))):
      kills.killed(f"{moment} {name}", arm, once_more)
  assert once_more().metrics == result.metrics
  kills.assert_same_files(result.model_dir, tmp_path / "run")


@pytest.mark.slow
def test_masks_of_tagged_photographs_change_not_one_weight(run, photo_folder, kills, tmp_path):
  result, _, again = run
  spoilt = tmp_path / "photos"
  shutil.copytree(photo_folder, spoilt)
  for number in range(6, 12):
    (spoilt / "masks" / f"p{number:02d}.png").write_bytes(b"garbage")
  assert again(tmp_path / "run", spoilt).metrics == result.metrics
  kills.assert_same_files(result.model_dir, tmp_path / "run", ".npz")


def test_the_paper_weighs_all_losses_alike():
  experiment = registry.build("dual_scenes")
  assert {part.weight for part in experiment.data.parts} == {1.0}


def test_a_protocol_of_inference_wants_a_dual_network():
  with pytest.raises(ValueError, match="(?s)inference_steps.*light_dual"):
    overrides.validate(overrides.resolve(
        "em_fixed_scenes", overrides={"evaluation.protocol.inference_steps": 5}))
  with pytest.raises(ValueError, match="(?s)network.type.*light_dual"):
    overrides.validate(overrides.resolve("em_fixed_scenes", overrides={"method.type": "dual"}))


@pytest.mark.parametrize("name", ["dual_50_voc_animals", "dual_noisy_50_voc_animals"])
def test_convolutions_of_the_subnets_learn_as_the_encoder_and_tags_faster(name):
  """The first entry that matches wins."""
  network = networks.build_network("light_dual", (33, 33, 3), 3, alpha=0.25, head_filters=16)
  entries = registry.build(name).training.multipliers
  rates = {weight.name.split("/")[1]: next(
      entry.learning_rate for entry in entries if re.search(entry.pattern, weight.name))
           for weight in network.get_layer("head_dual").weights}
  assert rates == {"image_1": 1, "image_2": 1, "image_3": 1, "labelmap": 1, "tags": 10}
