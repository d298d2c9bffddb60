"""Tests of the search of CRF parameters: it finds what helps, continues, and repeats itself."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.ops.crf_parameters import CrfParameters
from keras_weakseg.tasks.segmentation import crf_search
from keras_weakseg.tasks.segmentation import evaluate as evaluation
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation.protocol import Protocol

GRID = {"bilateral_weight": (1, 6), "bilateral_xy": (10,), "bilateral_rgb": (4, 30),
        "spatial_weight": 0}


def samples(count=4, seed=0):
  """Returns noisy squares: the network sees noise in the third channel, the CRF the square."""
  found = []
  for index in range(count):
    random = np.random.default_rng(seed + index)
    truth = np.zeros([24, 30], np.uint8)
    truth[6:18, 5 + index:20 + index] = 1
    image = random.integers(60, 80, [24, 30, 3]).astype(np.uint8)
    image[truth == 1, :2] += 100
    image[..., 2] = np.where(random.random(truth.shape) < .25, 1 - truth, truth) * 40 + 80
    truth[:2] = 255
    found.append({"image": image, "mask": truth, "sample_id": f"s{index}"})
  spec = {key: fields.SPECS[key] for key in ("image", "mask", "sample_id")}
  return tf.data.Dataset.from_generator(lambda: found, output_signature=spec)


def make(offset=0.0, calls=None):
  def scores(images):
    if calls is not None:
      tf.py_function(lambda: calls.append(1), [], [])
    bright = (images[..., 2] - 100 + offset) / 20
    return tf.stack([-bright, bright], -1)

  return models.SegmentationModel(scores, ("background", "square"), ((0, 0, 0), (255, 0, 0)))


@pytest.fixture(scope="module")
def found():
  return crf_search.search(make(), samples(), grid=GRID, rounds=1, progress=False)


def test_the_best_is_the_best_of_the_table(found):
  values = [row["mean_iou"] for row in found["table"]]
  assert values == sorted(values, reverse=True) and found["mean_iou"] == values[0]
  assert found["crf"] == found["table"][0]["crf"] and found["samples"] == 4
  assert found["mean_iou"] > found["mean_iou_without"] + .2
  assert json.loads(json.dumps(found)) == found


def test_every_point_of_the_grid_and_the_published_sets_are_tried(found):
  tried = {row["crf"] for row in found["table"]}
  assert set(crf_search.PUBLISHED) <= tried
  for weight in GRID["bilateral_weight"]:
    for rgb in GRID["bilateral_rgb"]:
      assert CrfParameters(weight, 10, rgb, 0).text() in tried


def test_refinement_goes_half_a_step_around_the_best(found):
  coarse = crf_search.search(make(), samples(), grid=GRID, rounds=0, progress=False)
  best = CrfParameters.parse(coarse["crf"])
  extra = {row["crf"] for row in found["table"]} - {row["crf"] for row in coarse["table"]}
  assert extra and found["mean_iou"] >= coarse["mean_iou"]
  for text in extra:
    parameters = CrfParameters.parse(text)
    assert parameters.bilateral_xy == best.bilateral_xy  # the grid has one value of it
    assert (abs(parameters.bilateral_weight - best.bilateral_weight),
            abs(parameters.bilateral_rgb - best.bilateral_rgb)) in ((2.5, 0), (0, 13))


def test_numbers_are_those_of_evaluate(found):
  for text, value in ((found["crf"], found["mean_iou"]), ("", found["mean_iou_without"]),
                      *((row["crf"], row["mean_iou"]) for row in found["table"][-2:])):
    result = evaluation.evaluate(make(), samples(), Protocol(crf=text), progress=False)
    assert result["mean_iou"] == pytest.approx(value, abs=1e-12)


def test_the_protocol_is_used_without_its_crf(found):
  again = crf_search.search(make(), samples(), grid=GRID, rounds=1, progress=False,
                            protocol={"crf": "cam"})
  assert again == found
  mirrored = crf_search.search(make(), samples(), grid=GRID, rounds=0, progress=False,
                               protocol={"size": [9, 11]})
  assert mirrored["mean_iou_without"] != found["mean_iou_without"]


def test_the_network_runs_once_per_image():
  calls = []
  crf_search.search(make(calls=calls), samples(), grid=GRID, rounds=1, progress=False)
  assert len(calls) == 4


# === The table ===


def test_a_search_that_was_stopped_goes_on(tmp_path, monkeypatch, found):
  path, measured = tmp_path / "table.json", []
  confusions = crf_search._Images.confusions

  def stopping(images, index, candidates):
    measured.extend(candidate.text() for candidate in candidates)
    if len(measured) > 20 and stopping.active:
      raise KeyboardInterrupt
    return confusions(images, index, candidates)

  stopping.active = True
  monkeypatch.setattr(crf_search._Images, "confusions", stopping)
  options = dict(grid=GRID, rounds=1, output=path, progress=False)
  with pytest.raises(KeyboardInterrupt):
    crf_search.search(make(), samples(), **options)
  kept = {row["crf"] for row in json.loads(path.read_text())["table"]}
  assert 0 < len(kept) < len(found["table"])
  stopping.active = False
  measured.clear()
  assert crf_search.search(make(), samples(), **options) == found
  assert not kept & set(measured)
  assert json.loads(path.read_text())["table"] == found["table"]
  measured.clear()
  assert crf_search.search(make(), samples(), **options) == found and not measured


@pytest.mark.parametrize("model, data, protocol", [
    (make(30.0), samples(), None), (make(), samples(3), None), (make(), samples(seed=9), None),
    (make(), samples(), {"present_only": True})])
def test_the_table_of_another_search_is_refused(tmp_path, model, data, protocol):
  path = tmp_path / "table.json"
  small = dict(grid={"bilateral_weight": 3}, rounds=0, output=path, progress=False)
  crf_search.search(make(), samples(), **small)
  before = path.read_bytes()
  with pytest.raises(ValueError, match="table of another search"):
    crf_search.search(model, data, protocol=protocol, **small)
  assert path.read_bytes() == before


def test_a_file_that_is_no_table_is_refused(tmp_path):
  path = tmp_path / "table.json"
  path.write_text("mine")
  with pytest.raises(ValueError, match="no table of a search"):
    crf_search.search(make(), samples(), grid=GRID, output=path, progress=False)
  assert path.read_text() == "mine"


# === What is refused, what is said ===


@pytest.mark.parametrize("grid, words", [
    ({"bilateral_yx": (1,)}, "Did you mean 'bilateral_xy'"),
    ({"bilateral_xy": (0, 3)}, "bilateral_xy cannot be used"),
    ({"bilateral_xy": ()}, "no value for 'bilateral_xy'"),
    ({"normalization": ("aftr",)}, "Did you mean 'after'")])
def test_grids_that_are_refused(grid, words):
  calls = []
  with pytest.raises(ValueError, match=words):
    crf_search.search(make(calls=calls), samples(), grid=grid, progress=False)
  assert not calls


def test_nothing_to_tune_on_is_refused():
  blank = samples().map(lambda each: {**each, "mask": tf.fill(tf.shape(each["mask"]),
                                                              tf.constant(255, tf.uint8))})
  with pytest.raises(ValueError, match="nothing to tune on.*\n.*4 samples"):
    crf_search.search(make(), blank, grid=GRID, progress=False)


def test_normalizations_can_be_searched_but_not_refined():
  result = crf_search.search(make(), samples(2), rounds=1, progress=False, grid={
      "normalization": ("after", "symmetric"), "iterations": (1, 5), "bilateral_xy": 10})
  assert len(result["table"]) == 4 + len(crf_search.PUBLISHED)


def test_report_ends_with_what_goes_into_the_protocol(found):
  lines = crf_search.report(found, shown=3).splitlines()
  assert len(lines) == 5 and lines[-1] == f"crf: {found['crf']}"
  assert Protocol(crf=lines[-1].partition(": ")[2]).crf == found["crf"]
  assert "4 images" in lines[0] and f"{100 * found['mean_iou']:.2f}" in lines[0]
