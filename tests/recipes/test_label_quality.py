"""Tests of judging label maps against masks, and of the search that continues where it stopped."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg.data.sources import label_maps
from keras_weakseg.recipes import label_quality


def discs(count=6, with_masks=True, noise=5):
  """Returns a source of dark discs on light ground with tight boxes; their masks are known."""
  random = np.random.RandomState(2)
  rows, columns = np.mgrid[:48, :64]
  samples = {"image": [], "mask": [], "boxes": [], "box_classes": []}
  for index in range(count):
    y, x, r = random.randint(16, 30), random.randint(18, 44), random.randint(11, 16)
    disc = (rows - y) ** 2 + (columns - x) ** 2 <= r ** 2
    shade = np.where(disc, 90, 140)[..., None] + random.randint(0, noise, (48, 64, 3))
    samples["image"].append(shade.astype(np.uint8))
    samples["mask"].append(((1 + index % 2) * disc).astype(np.uint8))
    box = [max(y - r, 0) / 48, max(x - r, 0) / 64, min(y + r + 1, 48) / 48, (x + r + 1) / 64]
    samples["boxes"].append([box])
    samples["box_classes"].append([1 + index % 2])
  if not with_masks:
    del samples["mask"]
  samples["boxes"] = np.array(samples["boxes"], np.float32)
  samples["box_classes"] = np.array(samples["box_classes"], np.int32)
  return data.Dataset(tf.data.Dataset.from_tensor_slices(samples), ("background", "red", "blue"))


def figures(source, tmp_path, kind):
  path = data.make_label_maps(source, "train", kind, cache_dir=tmp_path, progress=False)
  return label_quality.measure_label_maps(source, path)


def test_segments_are_better_than_rectangles(tmp_path):
  source = discs()
  rect, seg = (figures(source, tmp_path, kind) for kind in ("rect", "seg"))
  assert rect["samples"] == 6 and set(rect["class_iou"]) == {"background", "red", "blue"}
  # A disc is pi / 4 of its box.
  assert all(0.7 < rect["class_iou"][name] < 0.85 for name in ("red", "blue"))
  assert seg["mean_iou"] > rect["mean_iou"] + 0.1


def test_the_figures_are_those_of_one_matrix_over_the_set(tmp_path):
  source = discs(4)
  path = data.make_label_maps(source, "train", "rect", cache_dir=tmp_path, progress=False)
  hits, whole = np.zeros(3), np.zeros(3)
  for sample in data.WithBoxLabels(source, path).samples("train").as_numpy_iterator():
    for label in range(3):
      truth, found = sample["mask"] == label, sample["box_labels"] == label
      hits[label] += (truth & found).sum()
      whole[label] += (truth | found).sum()
  found = label_quality.measure_label_maps(source, path)
  np.testing.assert_allclose(list(found["class_iou"].values()), hits / whole, rtol=1e-9)
  assert found["mean_iou"] == pytest.approx(np.mean(hits / whole))


def test_ids_may_be_named(tmp_path):
  source = discs()
  path = data.make_label_maps(source, "train", "rect", cache_dir=tmp_path, progress=False)
  ids = source.ids("train")[:2]
  assert label_quality.measure_label_maps(source, path, ids=ids)["samples"] == 2


def test_without_masks_there_is_nothing_to_judge(tmp_path):
  source = discs(with_masks=False)
  with pytest.raises(ValueError, match="with boxes and a mask"):
    label_quality.measure_label_maps(source, tmp_path)
  with pytest.raises(ValueError, match="with boxes and a mask"):
    label_quality.tune_label_maps(source, table=tmp_path / "table.json")


GRID = {"alphas": (0.2, 0.8), "modes": ("soft", "hard"), "count": 3, "progress": False}


def test_the_search_tries_each_with_each_and_ranks(tmp_path):
  rows = label_quality.tune_label_maps(discs(noise=90), table=tmp_path / "table.json", **GRID)
  assert {(row["alpha"], row["mode"], row["crf"]) for row in rows} == {
      (alpha, mode, "bbox_seg") for alpha in (0.2, 0.8) for mode in ("soft", "hard")}
  scores = [row["mean_iou"] for row in rows]
  assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1]
  assert all(0 < row["pixel_accuracy"] <= 1 and "red" in row["class_iou"] for row in rows)


def test_a_row_is_what_measuring_says(tmp_path):
  source = discs()
  row, = label_quality.tune_label_maps(
      source, table=tmp_path / "table.json", alphas=(0.3,), count=0, progress=False)
  path = data.make_label_maps(source, "train", "seg", alpha=0.3, cache_dir=tmp_path,
                              progress=False)
  assert row["mean_iou"] == pytest.approx(
      label_quality.measure_label_maps(source, path)["mean_iou"], abs=1e-12)


def test_a_stopped_search_is_continued(tmp_path, monkeypatch):
  draw, count = label_maps.BoxMaps.draw, []

  def stops(self, *args):
    count.append(self.alpha)
    if len(count) == 5:
      raise KeyboardInterrupt
    return draw(self, *args)

  table = tmp_path / "table.json"
  monkeypatch.setattr(label_maps.BoxMaps, "draw", stops)
  with pytest.raises(KeyboardInterrupt):
    label_quality.tune_label_maps(discs(), table=table, workers=1, **GRID)
  first = json.loads(table.read_text())["rows"]
  assert len(first) == 1
  del count[:]
  monkeypatch.setattr(label_maps.BoxMaps, "draw", lambda self, *args: (
      count.append((self.alpha, self.mode)), draw(self, *args))[1])
  rows = label_quality.tune_label_maps(discs(), table=table, **GRID)
  assert len(rows) == 4 and first[0] in rows
  assert (first[0]["alpha"], first[0]["mode"]) not in count and len(count) == 9
  again = label_quality.tune_label_maps(discs(), table=table, **GRID)
  assert again == rows and len(count) == 9


def test_a_table_of_other_samples_is_refused(tmp_path):
  table = tmp_path / "table.json"
  label_quality.tune_label_maps(discs(), table=table, alphas=(0.2,), count=2, progress=False)
  with pytest.raises(ValueError, match="made from other samples"):
    label_quality.tune_label_maps(discs(), table=table, alphas=(0.2,), count=3, progress=False)
