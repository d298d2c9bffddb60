"""A smaller run out of a run: it evaluates, exports and trains on; nothing is half written."""
import json
import os

import numpy as np
import pytest

import keras_weakseg as kw
from keras_weakseg import api_prune
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.surgery import schedules


@pytest.fixture(scope="module")
def small(tiny_run, tmp_path_factory):
  """Returns the `Result` of the pruned run; two before it were killed, one of them long ago."""
  place = tmp_path_factory.mktemp("pruned")
  for name in (".small-abcd_123", ".small-efgh_456"):
    (place / name).mkdir()
  os.utime(place / ".small-abcd_123", (1e9, 1e9))
  return kw.prune(tiny_run, place / "small", to=0.5, size=(49, 65), progress=False)


def test_the_run_answers_as_the_pruned_network_does(small, tiny_run, tiny_data):
  image = next(iter(tiny_data.samples("validation")))["image"][None, :49, :65]
  wanted = schedules.prune(preprocessing.network_of(tiny_run.predictor), 0.5)
  found = preprocessing.network_of(small.predictor)
  seen = preprocessing.Preprocess("tf")(image)
  np.testing.assert_array_equal(found(seen), wanted(seen))
  assert found.count_params() < 0.5 * preprocessing.network_of(tiny_run.predictor).count_params()


def test_what_a_killed_one_left_long_ago_goes(small):
  assert sorted(os.listdir(os.path.dirname(small.model_dir))) == [".small-efgh_456", "small"]


def test_it_is_evaluated_and_exported_by_its_folder(small, tiny_data, tmp_path):
  figures = kw.evaluate(small.model_dir, tiny_data, split="validation", progress=False)
  served = kw.evaluate(kw.export(small.model_dir, tmp_path / "served"), tiny_data,
                       split="validation", progress=False)
  assert served["mean_iou"] == pytest.approx(figures["mean_iou"], abs=1e-4)
  cost = json.load(open(f"{small.model_dir}/cost.json", encoding="utf-8"))
  assert cost["to"] == 0.5 and cost["flops"][1] < 0.5 * cost["flops"][0]


@pytest.mark.slow
def test_training_goes_on_from_it(small, tiny_data, tiny_overrides, tmp_path, capsys):
  result = kw.fit(method="supervised", data=tiny_data, model_dir=tmp_path / "run", progress=False,
                  params_override={**tiny_overrides, "network.pretrained": small.model_dir,
                                   "training.steps": 2, "training.checkpoint_every": 2})
  assert f"Weights of '{small.model_dir}'" in capsys.readouterr().out
  assert result.predictor.count_params() == small.predictor.count_params()
  # And what was trained on can be brought back, and pruned again.
  again = kw.prune(tmp_path / "run", tmp_path / "smaller", to=0.7, size=(49, 65), progress=False)
  assert again.predictor.count_params() < result.predictor.count_params()


def test_other_classes_are_refused_before_anything_is_trained(small, tiny_data, tiny_overrides,
                                                              tmp_path):
  other = kw.data.Regrouped(tiny_data, groups={"thing": ("red", "blue")})
  with pytest.raises(ValueError, match="(?s)another number of classes.*thing"):
    kw.fit(method="supervised", data=other, model_dir=tmp_path / "run", progress=False,
           params_override={**tiny_overrides, "network.pretrained": small.model_dir})


@pytest.mark.parametrize("options, words", [
    ({"to": 0.0}, "no share of the channels"), ({"to": 1.5}, "no share of the channels"),
    ({"schedule": "al"}, "Did you mean 'all'"), ({"layers": "nowhere"}, "No channels"),
    ({"multiple_of": 0}, "prune.multiple_of' is out of range"),
    ({"multiple_of": 4096}, "(?s)all channels stay.*multiple_of=1"),
    ({"norm": 3}, "(?s)prune.norm' is out of range.*one of 1, 2"),
    ({"to": "half"}, "no share of the channels"), ({"to": float("nan")}, "no share"),
    ({"layers": "("}, "no regular expression"), ({"layers": 5}, "wrong type"),
    ({"size": (0, 9)}, "prune.size' is out of range"), ({"size": 9}, "a list"),
    ({"size": (9,)}, "2 entries"), ({"size": ("a", "b")}, "wrong type"),
    ({"schedule": ["all"]}, "wrong type"), ({"size": (10 ** 7, 10 ** 7)}, "1 to 8192")])
def test_mistakes_leave_nothing(tiny_run, tmp_path, options, words):
  with pytest.raises(ValueError, match=words):
    kw.prune(tiny_run, tmp_path / "out", **options)
  assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_files_is_refused(tiny_run, tiny_artifact, tmp_path):
  (tmp_path / "out").mkdir()
  (tmp_path / "out" / "mine.txt").write_text("mine")
  with pytest.raises(ValueError, match="(?s)not empty.*mine.txt"):
    kw.prune(tiny_run, tmp_path / "out")
  with pytest.raises(ValueError, match="exported artifact cannot be pruned"):
    api_prune.prune(tiny_artifact, tmp_path / "other")
