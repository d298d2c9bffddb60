"""Tests of predict: masks at the original size, pictures, records, and nothing on failure."""
import io
import json
import os

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.evaluation import large_images
from keras_weakseg.ops import images as image_ops
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation import predict as predictions
from keras_weakseg.tasks.segmentation.protocol import Protocol

CLASSES, PALETTE = ("dark", "bright"), ((0, 0, 0), (250, 130, 10))


def make(calls=None, certainty=1.0):
  def threshold(images):
    if calls is not None:
      tf.py_function(lambda: calls.append(1), [], [])
    bright = (images[..., 0] - 127.5) * certainty
    return tf.stack([-bright, bright], -1)

  return models.SegmentationModel(threshold, CLASSES, PALETTE, metadata={"name": "threshold"})


@pytest.fixture
def photos(tmp_path):
  folder = tmp_path / "photos"
  folder.mkdir()
  rng = np.random.default_rng(0)
  for name, size in (("a", (30, 41)), ("b", (17, 9)), ("c", (1, 50))):
    image = np.repeat(rng.integers(0, 2, (*size, 1), np.uint8) * 255, 3, -1)
    (folder / f"{name}.png").write_bytes(tf.io.encode_png(image).numpy())
  return folder


def test_large_photographs_are_refused_before_any_work_or_go_in_windows(
    photos, tmp_path, monkeypatch):
  everything_whole = predictions.predict(make(), photos, tmp_path / "whole", overlays=False)
  calls = []
  monkeypatch.setattr(large_images, "WHOLE", 300)
  with pytest.raises(ValueError, match=r"(?s)1 of 3 images.*a.png: 1230.*--window 513 513"):
    predictions.predict(make(calls), photos, tmp_path / "no")
  assert not calls and not (tmp_path / "no").exists()
  records = predictions.predict(make(), photos, tmp_path / "out", Protocol(window=(17, 17)),
                                overlays=False)
  assert records == everything_whole  # a threshold sees no further than a pixel
  for name in "abc":
    assert (tmp_path / "out" / f"{name}.png").read_bytes() == (
        tmp_path / "whole" / f"{name}.png").read_bytes()


def test_a_large_image_is_refused_by_the_model_itself(monkeypatch):
  monkeypatch.setattr(large_images, "WHOLE", 300)
  images = np.zeros((1, 30, 41, 3), np.uint8)
  for protocol in (None, Protocol(flip=True), Protocol(window=(17, 17), flip=True)):
    with pytest.raises(ValueError, match="(?s)too large for one pass.*30x41"):
      make().mask(images, protocol)
  assert make().mask(images, Protocol(window=(17, 17))).shape == (1, 30, 41)


def everything(folder):
  return sorted(path.name for path in folder.rglob("*"))


def test_masks_lie_on_the_pixels_of_the_photographs(photos, tmp_path):
  records = predictions.predict(make(), photos, tmp_path / "out")
  assert [record["name"] for record in records] == ["a", "b", "c"]
  for record in records:
    image = np.asarray(Image.open(photos / f"{record['name']}.png"))
    mask = Image.open(tmp_path / "out" / record["mask"])
    assert mask.mode == "P" and (record["height"], record["width"]) == image.shape[:2]
    np.testing.assert_array_equal(np.asarray(mask), image[..., 0] > 127)
    bright = float((image[..., 0] > 127).mean())
    assert record["classes"] == pytest.approx({"bright": bright, "dark": 1 - bright}, abs=1e-6)
    assert list(record["classes"].values()) == sorted(record["classes"].values(), reverse=True)


def test_all_files_are_there_and_the_page_links_to_them(photos, tmp_path):
  predictions.predict(make(), photos, tmp_path / "out", {"flip": True})
  files = everything(tmp_path / "out")
  assert files == sorted([f"{name}{end}" for name in "abc" for end in (".png", "_overlay.jpg")]
                         + ["contact_sheet.png", "index.html", "predictions.json"])
  saved = json.loads((tmp_path / "out" / "predictions.json").read_text())
  assert saved["protocol_hash"] == Protocol(flip=True).hash() and saved["classes"] == list(CLASSES)
  assert saved["model"] == {"name": "threshold"} and len(saved["predictions"]) == 3
  page = (tmp_path / "out" / "index.html").read_text()
  assert all(f"./{name}_overlay.jpg" in page for name in "abc") and str(tmp_path) not in page


def test_pictures_can_be_left_out(photos, tmp_path):
  records = predictions.predict(make(), photos, tmp_path / "out", overlays=False,
                                contact_sheet=False)
  assert everything(tmp_path / "out") == ["a.png", "b.png", "c.png", "predictions.json"]
  assert records[0]["overlay"] is None


def test_overlay_shows_the_photograph_and_the_class(tmp_path):
  image = np.full((64, 64, 3), 60, np.uint8)
  image[:, 32:] = 200
  (tmp_path / "x.png").write_bytes(tf.io.encode_png(image).numpy())
  predictions.predict(make(), tmp_path / "x.png", tmp_path / "out")
  drawn = np.asarray(Image.open(tmp_path / "out" / "x_overlay.jpg")).astype(int)
  assert np.abs(drawn[10:50, 4:24] - 60).max() <= 6
  assert np.abs(drawn[10:50, 40:60] - (0.45 * 200 + 0.55 * np.array(PALETTE[1]))).max() <= 8


def test_orientation_tag_is_ignored_as_by_the_reader(tmp_path):
  image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8))
  exif = Image.Exif()
  exif[0x0112] = 6
  buffer = io.BytesIO()
  image.save(buffer, "JPEG", exif=exif)
  (tmp_path / "x.jpg").write_bytes(buffer.getvalue())
  predictions.predict(make(), tmp_path / "x.jpg", tmp_path / "out", progress=False)
  mask = np.asarray(Image.open(tmp_path / "out" / "x.png"))
  stored = image_ops.decode_image(buffer.getvalue())
  assert mask.shape == (20, 30)
  np.testing.assert_array_equal(mask, make().mask(stored[None])[0])


def test_grey_and_transparent_photographs_are_converted(tmp_path):
  grey = np.random.default_rng(2).integers(0, 256, (9, 11), np.uint8)
  Image.fromarray(grey).save(tmp_path / "grey.png")
  Image.fromarray(np.stack([grey, grey, grey, 0 * grey], -1)).save(tmp_path / "clear.png")
  predictions.predict(make(), tmp_path / "*.png", tmp_path / "out")
  for name in ("grey", "clear"):
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out" / f"{name}.png")),
                                  grey > 127)


def test_broken_files_stop_before_any_work(photos, tmp_path):
  (photos / "d.jpg").write_bytes(b"not an image")
  calls = []
  with pytest.raises(ValueError, match="1 of 4 images cannot be read.*\nExpected.*d.jpg"):
    predictions.predict(make(calls), photos, tmp_path / "out")
  assert not calls and not (tmp_path / "out").exists()


def test_pixels_that_turn_out_broken_leave_nothing_and_are_named(photos, tmp_path):
  whole = bytearray((photos / "b.png").read_bytes())
  whole[60] ^= 0xFF
  (photos / "b.png").write_bytes(whole)
  calls = []
  with pytest.raises(ValueError, match="b.png' is broken"):
    predictions.predict(make(calls), photos, tmp_path / "out")
  assert calls and not (tmp_path / "out").exists()


def test_a_mask_never_replaces_a_photograph(photos):
  before = {path.name: path.read_bytes() for path in photos.iterdir()}
  with pytest.raises(ValueError, match="another folder"):
    predictions.predict(make(), photos, photos)
  assert {path.name: path.read_bytes() for path in photos.iterdir()} == before


def test_running_again_replaces_what_was_written(photos, tmp_path):
  first = predictions.predict(make(), photos, tmp_path / "out")
  files = everything(tmp_path / "out")
  assert predictions.predict(make(), photos, tmp_path / "out") == first
  assert everything(tmp_path / "out") == files


def test_an_output_that_cannot_be_written_is_told(photos, tmp_path):
  (tmp_path / "file").touch()
  with pytest.raises(ValueError, match="cannot be written"):
    predictions.predict(make(), photos, tmp_path / "file" / "out")


def test_a_disk_that_fills_leaves_nothing(photos, tmp_path, monkeypatch):
  replace = os.replace

  def full(source, target):
    if str(target).endswith("b_overlay.jpg"):
      raise OSError(28, "No space left on device")
    replace(source, target)

  monkeypatch.setattr(os, "replace", full)
  with pytest.raises(ValueError, match="No space left"):
    predictions.predict(make(), photos, tmp_path / "out")
  assert not (tmp_path / "out").exists()


def test_a_crf_is_carried_out_and_recorded(photos, tmp_path):
  protocol = Protocol(crf="bilateral_weight=0,spatial_weight=9,spatial_xy=2")
  model = make(certainty=0.002)
  records = predictions.predict(model, photos, tmp_path / "out", protocol)
  saved = json.loads((tmp_path / "out" / "predictions.json").read_text())
  assert saved["protocol"]["crf"] == protocol.crf and saved["protocol_hash"] == protocol.hash()
  for record in records:
    image = np.asarray(image_ops.decode_image(tf.io.read_file(record["source"])))
    mask = np.asarray(Image.open(tmp_path / "out" / record["mask"]))
    np.testing.assert_array_equal(mask, model.mask(image[None], protocol)[0])
    assert (mask != model.mask(image[None])[0]).any()


def test_real_photographs(shared_data, tmp_path):
  folder = shared_data("voc_animals") / "JPEGImages"
  paths = sorted(folder.glob("*.jpg"))[:3]
  for record, path in zip(predictions.predict(make(), paths, tmp_path / "out"), paths):
    image = np.asarray(image_ops.decode_image(path.read_bytes()))
    mask = np.asarray(Image.open(tmp_path / "out" / record["mask"]))
    assert mask.shape == image.shape[:2]
    np.testing.assert_array_equal(mask, image[..., 0] > 127)


def test_a_photograph_called_as_the_sheet_keeps_its_mask(photos, tmp_path):
  (photos / "contact_sheet.jpg").write_bytes((photos / "a.png").read_bytes())
  records = predictions.predict(make(), photos, tmp_path / "out", progress=False)
  files = [record[kind] for record in records for kind in ("mask", "overlay")]
  files += ["contact_sheet.png", "index.html", "predictions.json"]
  assert len(set(files)) == len(files)
  record, = [each for each in records if each["source"].endswith("contact_sheet.jpg")]
  stored = image_ops.decode_image((tmp_path / "out" / record["mask"]).read_bytes())
  assert stored.shape[:2] == (30, 41)
  assert all((tmp_path / "out" / file).exists() for file in files)
