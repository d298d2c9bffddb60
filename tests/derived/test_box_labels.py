"""Tests of the preparation of label maps: what is asked for is made, once, before the training."""
import json

import numpy as np
import pytest

from keras_weakseg import api
from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.configs import overrides
from keras_weakseg.data.sources import label_maps
from keras_weakseg.derived import base
from keras_weakseg.derived import box_labels
from keras_weakseg.files import cache
from keras_weakseg.methods import registry
from keras_weakseg.recipes import planning
from keras_weakseg.recipes import sources as source_lib
from keras_weakseg.recipes import training_step


@pytest.fixture
def boxed_folder(tmp_path, monkeypatch, voc_xml):
  """Returns a folder of 12 pictures of squares with VOC XML files; the first four have masks."""
  monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path / "cache"))
  from PIL import Image
  root = tmp_path / "photos"
  for name in ("images", "masks", "boxes"):
    (root / name).mkdir(parents=True)
  (root / "classes.txt").write_text("background\nred\nblue\n")
  random = np.random.RandomState(7)
  for index in range(12):
    image = random.randint(60, 150, (56, 72, 3)).astype(np.uint8)
    top, left, label = random.randint(6, 28), random.randint(4, 40), 1 + index % 2
    image[top:top + 24, left:left + 28] = (220, 30, 30) if label == 1 else (30, 30, 220)
    mask = np.zeros([56, 72], np.uint8)
    mask[top:top + 24, left:left + 28] = label
    Image.fromarray(image).save(root / "images" / f"p{index:02d}.png")
    if index < 4:
      Image.fromarray(mask).save(root / "masks" / f"p{index:02d}.png")
    (root / "boxes" / f"p{index:02d}.xml").write_text(voc_xml(
        (56, 72), (("red", "blue")[label - 1], left + 1, top + 1, left + 28, top + 24)))
  return root


def experiment(method, tiny_overrides, **more):
  return overrides.resolve("own_data", overrides={"method.type": method, **tiny_overrides, **more})


def made(tmp_path):
  return sorted(file.stem for file in (tmp_path / "cache").rglob("masks/*.png"))


@pytest.mark.slow
def test_fit_on_a_folder_with_xml_files_just_works(boxed_folder, tmp_path, tiny_overrides):
  result = api.fit(method="bbox_seg", data=data.Folder(boxed_folder, held_out=0.3), progress=False,
                   model_dir=tmp_path / "run", params_override=tiny_overrides)
  assert result.metrics["samples"] >= 1 and 0 <= result.metrics["mean_iou"] <= 1
  assert len(made(tmp_path)) == 12 - result.metrics["samples"]
  log = [json.loads(line) for line in (tmp_path / "run" / "train" / "log.jsonl").open()]
  assert all("loss_boxes" in line and "latent_foreground" in line for line in log)


def test_the_plan_says_what_will_be_made_and_planning_makes_nothing(
    boxed_folder, tmp_path, tiny_overrides):
  source = data.Folder(boxed_folder, held_out=0.3)
  plan = planning.make_plan(experiment("bbox_seg", tiny_overrides), source)
  assert [step.name for step in plan.steps] == ["train_box_labels", "train"]
  assert plan.last.reads == ("train_box_labels",)
  line = next(line for line in plan.steps[0].lines if "label maps" in line)
  count = len(source.ids("train"))
  assert f"{count} seg label maps of boxes, {count} to be made, in {tmp_path}" in line
  assert not made(tmp_path)
  plan.steps[0].maker({}).make(tmp_path, False)
  assert len(made(tmp_path)) == count
  plan = planning.make_plan(experiment("bbox_seg", tiny_overrides), source)
  assert any(f"{count} seg label maps of boxes, 0 to be made" in line for line in plan.text())


@pytest.mark.slow
def test_an_interrupted_preparation_is_continued(
    boxed_folder, tmp_path, tiny_overrides, monkeypatch):
  source = data.Folder(boxed_folder, held_out=0.3)
  draw, count = label_maps.BoxMaps.draw, []

  def stops(self, *args):
    count.append(1)
    if len(count) == 5:
      raise KeyboardInterrupt
    return draw(self, *args)

  options = {"method": "bbox_rect", "data": source, "model_dir": tmp_path / "run",
             "params_override": {**tiny_overrides, "training.steps": 2}, "progress": False}
  monkeypatch.setattr(label_maps.BoxMaps, "draw", stops)
  with pytest.raises(KeyboardInterrupt):
    api.fit(**options)
  begun = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("masks/*.png")}
  assert 0 < len(begun) < len(source.ids("train"))
  api.fit(**options)
  assert len(made(tmp_path)) == len(source.ids("train"))
  assert all(path.stat().st_mtime_ns == stamp for path, stamp in begun.items())


def test_other_settings_are_another_experiment(boxed_folder, tiny_overrides):
  source = data.Folder(boxed_folder)
  plans = [planning.make_plan(experiment("bbox_seg", tiny_overrides, **more), source).phases[0]
           for more in ({}, {}, {"method.bbox_seg.alpha": 0.5},
                        {"method.bbox_seg.crf": "deeplab_largefov"})]
  prints = [phase.fingerprint for phase in plans]
  assert prints[0] == prints[1] and len(set(prints)) == 3


def test_the_cache_may_be_configured(boxed_folder, tmp_path, tiny_overrides):
  config = experiment("bbox_rect", tiny_overrides, **{"data.cache_dir": str(tmp_path / "mine")})
  step = planning.make_plan(config, data.Folder(boxed_folder)).steps[0]
  step.maker({}).make(tmp_path, False)
  assert not made(tmp_path) and list((tmp_path / "mine").rglob("masks/*.png"))


def test_masks_of_boxed_parts_are_never_read(boxed_folder, tmp_path):
  """Only what a part grants is shown on the sheet, and nothing else is opened."""
  source = data.Folder(boxed_folder, held_out=0.0)
  for index in range(2, 4):
    (boxed_folder / "masks" / f"p{index:02d}.png").write_bytes(b"garbage")
  settings = label_maps.BoxMaps("rect")
  parts = source_lib.with_box_labels([
      data.Part(source, supervision="mask", ids=("p00", "p01"), batch_size=2),
      data.Part(source, supervision="boxes", rest=True, batch_size=2)], settings)
  bundle = data.Bundle(parts, data.Augmentation(crop=(33, 33)), extra_fields=(fields.BOX_LABELS,))
  maker = box_labels.BoxLabels(base.MakeContext({}), kind="rect", jobs=box_labels.jobs_of(bundle))
  assert "12 rect label maps" in maker.lines()[0] and not maker.complete(tmp_path)
  maker.make(tmp_path, False)
  assert len(made(tmp_path)) == 12 and maker.complete(tmp_path)
  batch = next(bundle.batches().as_numpy_iterator())
  weak = batch[fields.PART] == 1
  assert (batch[fields.MASK][weak] == 255).all()
  assert (batch[fields.BOX_LABELS][weak] < 255).any()


def test_masks_alone_say_so(photo_folder, tmp_path):
  source = data.Folder(photo_folder)
  parts = source_lib.with_box_labels(
      [data.Part(source, supervision="mask")], label_maps.BoxMaps("rect"))
  maker = box_labels.BoxLabels(
      base.MakeContext({}), kind="rect", jobs=box_labels.jobs_of(data.Bundle(parts)))
  assert "masks alone teach" in maker.lines()[0]
  assert maker.make(tmp_path, False) == {"folders": []}


def test_methods_without_label_maps_change_nothing(photo_folder):
  method = registry.method_class("em_fixed")
  assert training_step.box_settings(method, {}) is None
  parts = [data.Part(data.Folder(photo_folder), supervision="tags")]
  assert source_lib.with_box_labels(parts, None) is parts


def test_a_step_makes_what_samples_of_later_steps_carry(boxed_folder, tmp_path, tiny_overrides):
  """The same maker as a step of a recipe, read by name."""
  config = overrides.resolve("own_data", overrides=[tiny_overrides, {"method.type": "bbox_rect"}])
  from keras_weakseg.configs.sections import schema
  config.steps = [schema.Step(name="maps", make=schema.make("box_labels", kind="rect"))]
  config.data.sources = [schema.Source(name="photos", path=str(boxed_folder), derived=("maps",))]
  config.training.steps = 1
  result = api.fit(config, model_dir=tmp_path / "run", progress=False)
  assert (tmp_path / "run" / "maps" / "done.json").exists() and len(made(tmp_path)) >= 8
  assert np.isfinite(result.metrics.get("mean_iou", 0.0))


def test_settings_come_from_the_method():
  method = registry.method_class("bbox_seg")
  found = training_step.box_settings(method, {"alpha": 0.4, "mode": "hard", "crf": "deeplab_msc"})
  assert (found.kind, found.alpha, found.mode, found.crf.bilateral_xy) == ("seg", 0.4, "hard", 95)
  rect = registry.method_class("bbox_em_fixed")
  assert training_step.box_settings(rect, {"background_bias": 5.0}).as_dict() == {"kind": "rect"}
