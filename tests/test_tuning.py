"""Which images a search of CRF parameters uses, and which it refuses."""
import types

import pytest

from keras_weakseg import api
from keras_weakseg import data as data_lib
from keras_weakseg import tuning
from keras_weakseg.configs.sections import schema
from keras_weakseg.recipes import planning
from keras_weakseg.tasks.segmentation import crf_search
from keras_weakseg.tasks.segmentation.model import SegmentationModel

SMALL = {"grid": {"bilateral_weight": (1, 4), "bilateral_xy": 20}, "rounds": 0, "progress": False}


@pytest.fixture
def searched(monkeypatch):
  """Replaces the search by one that records the ids that it was given; returns the record."""
  seen = []

  def search(model, samples, **options):
    seen.append([sample["sample_id"].decode() for sample in samples.as_numpy_iterator()])
    return {"crf": "cam", "options": options}

  monkeypatch.setattr(crf_search, "search", search)
  return seen


MODEL = SegmentationModel(None, ("background", "thing"), ((0, 0, 0), (9, 0, 0)))


def learned_from(monkeypatch, source, names):
  """Makes every plan one that learns from the masks of these samples."""
  part = data_lib.Part(source, "train", "mask", ids=tuple(names))
  weak = data_lib.Part(source, "train", "tags")
  bundle = data_lib.Bundle([part, weak])
  monkeypatch.setattr(planning, "make_plan", lambda config, given: types.SimpleNamespace(
      phases=[types.SimpleNamespace(bundle=bundle)]))


def tune(source, split="train", **options):
  return tuning.tune(MODEL, source, split, **{
      "evaluated": "validation", "count": 100, "seed": 1, **options})


def test_all_masks_are_used_if_nothing_is_known_of_the_training(tiny_data, searched):
  found = tune(tiny_data)
  assert searched == [list(tiny_data.ids("train"))]
  assert found["learned"] is False and found["split"] == "train" and found["crf"] == "cam"


def test_images_whose_masks_were_learned_are_left_out(tiny_data, searched, monkeypatch):
  names = tiny_data.ids("train")
  learned_from(monkeypatch, tiny_data, names[:5])
  assert tune(tiny_data, config=schema.Experiment())["learned"] is False
  assert searched == [list(names[5:])]  # tags of all of them were used, which is no matter


def test_if_all_were_learned_they_are_used_and_that_is_said(tiny_data, searched, monkeypatch):
  learned_from(monkeypatch, tiny_data, tiny_data.ids("train"))
  assert tune(tiny_data, config=schema.Experiment())["learned"] is True
  assert searched == [list(tiny_data.ids("train"))]


def test_the_seed_chooses_and_choices_of_more_contain_those_of_less(tiny_data, searched):
  for count, seed in ((3, 1), (6, 1), (3, 1), (3, 2)):
    tune(tiny_data, count=count, seed=seed)
  few, more, again, other = map(set, searched)
  assert few == again != other and few < more and len(few) == 3


@pytest.mark.parametrize("split", ["validation", "val", "train+val"])
def test_the_evaluation_split_is_refused(tiny_data, searched, split):
  with pytest.raises(ValueError, match=f"'{split}' is the one that is evaluated" if "+" not in split
                     else "is the one that is evaluated"):
    tune(tiny_data, split)
  assert not searched
  assert tune(tiny_data, split, evaluated="")["split"] == split
  assert tune(tiny_data, split, evaluated="")["learned"] is False


def test_a_split_that_the_data_does_not_have_is_no_evaluation_split(tiny_data, searched):
  assert tune(tiny_data, evaluated="test")["split"] == "train" and searched


@pytest.mark.parametrize("options, words", [
    ({"count": 0}, r"a count >= 1. Received: \d+ masks, count=0"),
    ({"split": "tset"}, "no split")])
def test_nothing_to_tune_on(tiny_data, searched, options, words):
  with pytest.raises(ValueError, match=words):
    tune(tiny_data, **options)
  assert not searched


# === As a user calls it ===


def test_a_run_is_tuned_and_evaluated_with_what_was_found(tiny_run, tmp_path):
  path = tmp_path / "crf.json"
  found = api.tune_crf(tiny_run, split="train", count=3, output=path, **SMALL)
  assert found["samples"] == 3 and found["learned"] and path.exists()
  assert len(found["table"]) == 2 + len(crf_search.PUBLISHED)
  result = api.evaluate(tiny_run, protocol={"crf": found["crf"]}, progress=False)
  assert result["protocol"]["crf"] == found["crf"]
  assert result["protocol_hash"] != tiny_run.metrics["protocol_hash"]
  assert api.tune_crf(tiny_run, split="train", count=3, output=path, **SMALL) == found


def test_an_artifact_is_tuned_on_given_data(tiny_run, tiny_artifact, tiny_data):
  found = api.tune_crf(tiny_artifact, tiny_data, count=3, **SMALL)
  assert found == {**api.tune_crf(tiny_run, count=3, **SMALL), "learned": False}
  with pytest.raises(ValueError, match="is the one that is evaluated"):
    api.tune_crf(tiny_artifact, tiny_data, split="val", **SMALL)


def test_the_evaluation_split_needs_a_word(tiny_run):
  with pytest.raises(ValueError, match="allow_evaluation_split=True"):
    api.tune_crf(tiny_run, split="val", count=2, **SMALL)
  found = api.tune_crf(tiny_run, split="val", count=2, allow_evaluation_split=True, **SMALL)
  assert found["split"] == "val" and found["samples"] == 2
