"""Tests of depth prediction: files at the original size, units, clouds, nothing on failure."""
import io
import json

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.evaluation import large_images
from keras_weakseg.evaluation.drawing import depth_pictures
from keras_weakseg.ops import cameras
from keras_weakseg.ops import images as image_ops
from keras_weakseg.tasks.depth import predict as predictions
from keras_weakseg.tasks.depth.model import DepthModel
from keras_weakseg.tasks.depth.protocol import DepthProtocol


def make(calls=None, **options):
  def redness(images):
    if calls is not None:
      tf.py_function(lambda: calls.append(1), [], [])
    return images[..., :1] / 255

  return DepthModel(redness, (32, 64), metadata={"name": "redness"},
                    **{"min_depth": 0.5, "max_depth": 20.0, **options})


@pytest.fixture
def photos(tmp_path):
  folder = tmp_path / "photos"
  folder.mkdir()
  random = np.random.default_rng(0)
  for name, size in (("a", (30, 41)), ("b", (48, 96)), ("c", (32, 64))):
    coarse = Image.fromarray(random.integers(0, 256, (4, 6, 3), np.uint8))
    coarse.resize(size[::-1], Image.Resampling.BILINEAR).save(folder / f"{name}.png")
  return folder


def test_large_photographs_are_refused_before_any_work(photos, tmp_path, monkeypatch):
  monkeypatch.setattr(large_images, "RESIZED", 100)
  with pytest.raises(ValueError, match="(?s)too large.*at most 100.*Make them smaller"):
    predictions.predict_depth(make(), photos, tmp_path / "no")
  with pytest.raises(ValueError, match="(?s)too large.*40x30"):
    make().disparity(np.zeros((1, 40, 30, 3), np.uint8))
  assert not (tmp_path / "no").exists()


def everything(folder):
  return sorted(path.name for path in folder.rglob("*"))


def document(folder):
  return json.loads((folder / "predictions.json").read_text())


def test_all_files_are_there_and_the_page_links_to_them(photos, tmp_path):
  out = tmp_path / "out"
  records = predictions.predict_depth(make(), photos, out, point_clouds=True, field_of_view=70.0)
  assert everything(out) == sorted(
      [f"{name}{end}" for name in "abc" for end in ("_depth.png", ".npz", "_depth.jpg", ".ply")]
      + ["contact_sheet.png", "index.html", "predictions.json"])
  page = (out / "index.html").read_text()
  assert all(f"./{name}_depth.jpg" in page for name in "abc") and str(tmp_path) not in page
  assert "median" in page and "up to one factor" in page
  assert document(out)["predictions"] == records


def test_the_numbers_are_those_of_the_model(photos, tmp_path):
  protocol = DepthProtocol(flip=True, size=(64, 96))
  model = make()
  records = predictions.predict_depth(model, photos, tmp_path / "out", protocol)
  for record, size in zip(records, ((30, 41), (48, 96), (32, 64))):
    image = np.asarray(image_ops.decode_image(tf.io.read_file(record["source"])))
    arrays = np.load(tmp_path / "out" / record["arrays"])
    assert set(arrays.files) == {"disparity", "depth"}
    assert (record["height"], record["width"]) == arrays["depth"].shape == size
    assert arrays["disparity"].dtype == arrays["depth"].dtype == np.float32
    np.testing.assert_allclose(arrays["disparity"], model.disparity(image[None], protocol)[0])
    np.testing.assert_allclose(arrays["depth"] * arrays["disparity"], 1, rtol=1e-6)
    for name, value in (("nearest", np.min), ("median", np.median), ("farthest", np.max)):
      assert record[name] == pytest.approx(value(arrays["depth"]), rel=1e-5)
  saved = document(tmp_path / "out")
  assert saved["protocol_hash"] == protocol.hash() and saved["model"] == {"name": "redness"}


@pytest.mark.parametrize("factor, scale, words", [
    (0.0, 2048, "in the model's unit = value of the uint16 PNG / 2048"),
    (3.0, 256, "in metres = value of the uint16 PNG / 256"),
    (100.0, 32, "in metres = value of the uint16 PNG / 32")])
def test_the_png_holds_depth_in_the_unit_that_is_stated(photos, tmp_path, factor, scale, words):
  """2000 metres do not fit KITTI's 256 steps per metre."""
  records = predictions.predict_depth(make(factor=factor), photos, tmp_path / "out")
  saved = document(tmp_path / "out")
  assert saved["png_scale"] == scale and words in saved["png_note"]
  assert saved["scale_note"] == make(factor=factor).scale_note
  assert (saved["factor"], saved["min_depth"], saved["max_depth"]) == (factor, 0.5, 20.0)
  for record in records:
    stored = np.asarray(Image.open(tmp_path / "out" / record["depth"]))
    depth = np.load(tmp_path / "out" / record["arrays"])["depth"]
    assert stored.max() > 256  # sixteen bits
    assert np.abs(stored.astype(np.float64) / scale - depth).max() <= 0.5 / scale + 1e-4 / scale


def test_colour_pictures_show_the_disparity(photos, tmp_path):
  record = predictions.predict_depth(make(), photos / "b.png", tmp_path / "out")[0]
  drawn = np.asarray(Image.open(tmp_path / "out" / record["picture"])).astype(int)
  disparity = np.load(tmp_path / "out" / record["arrays"])["disparity"]
  wanted = depth_pictures.colorize_disparity(disparity)
  assert drawn.shape == (48, 96, 3) and np.abs(drawn - wanted).mean() < 6


def test_pictures_can_be_left_out(photos, tmp_path):
  records = predictions.predict_depth(make(), photos, tmp_path / "out", overlays=False)
  assert everything(tmp_path / "out") == sorted(
      [f"{name}{end}" for name in "abc" for end in ("_depth.png", ".npz")] + ["predictions.json"])
  assert records[0]["picture"] is None and records[0]["point_cloud"] is None


def test_points_lie_on_the_rays_of_their_pixels(photos, tmp_path):
  matrix = np.array([[50.0, 0, 40], [0, 60, 20], [0, 0, 1]])
  record = predictions.predict_depth(make(factor=2.0), photos / "b.png", tmp_path / "out",
                                     point_clouds=True, intrinsics=matrix)[0]
  contents = (tmp_path / "out" / record["point_cloud"]).read_bytes()
  header, body = contents.split(b"end_header\n", 1)
  assert b"element vertex 4608" in header and b"metres, factor 2" in header
  vertices = np.frombuffer(body, np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)]))
  xyz = vertices["xyz"].astype(np.float64).reshape(48, 96, 3)
  image = np.asarray(Image.open(photos / "b.png"))
  np.testing.assert_array_equal(vertices["rgb"].reshape(48, 96, 3), image)
  depth = np.load(tmp_path / "out" / record["arrays"])["depth"]
  np.testing.assert_allclose(xyz[..., 2], depth, rtol=1e-6)
  np.testing.assert_allclose(50 * xyz[..., 0] / xyz[..., 2] + 40, np.tile(np.arange(96), [48, 1]),
                             atol=1e-4)


def test_an_assumed_camera_is_that_of_the_angle(photos, tmp_path):
  for name, options in (("one", {"field_of_view": 80.0}),
                        ("two", {"intrinsics": cameras.assumed(80.0, (48, 96))})):
    predictions.predict_depth(make(), photos / "b.png", tmp_path / name, point_clouds=True,
                              **options)
  assert (tmp_path / "one" / "b.ply").read_bytes() == (tmp_path / "two" / "b.ply").read_bytes()


@pytest.mark.parametrize("options, words", [
    ({}, "Point clouds need a camera"), ({"field_of_view": 1.2}, "5..170 degrees"),
    ({"field_of_view": 0.0}, "Received: 0.0"),
    ({"field_of_view": 65.0, "intrinsics": np.eye(3)}, "Received: both")])
def test_a_cloud_without_camera_is_refused_before_any_work(photos, tmp_path, options, words):
  calls = []
  with pytest.raises(ValueError, match=words):
    predictions.predict_depth(make(calls), photos, tmp_path / "out", point_clouds=True, **options)
  assert not calls and not (tmp_path / "out").exists()


def test_intrinsics_of_another_size_are_refused_and_leave_nothing(photos, tmp_path):
  with pytest.raises(ValueError, match="(?s)intrinsics of 'a.png' do not fit.*another image size"):
    predictions.predict_depth(make(), photos, tmp_path / "out", point_clouds=True,
                              intrinsics=cameras.camera_matrix(721, 721, 609, 172))
  assert not (tmp_path / "out").exists()


def test_broken_files_stop_before_any_work(photos, tmp_path):
  (photos / "d.jpg").write_bytes(b"not an image")
  calls = []
  with pytest.raises(ValueError, match="1 of 4 images cannot be read.*\nExpected.*d.jpg"):
    predictions.predict_depth(make(calls), photos, tmp_path / "out")
  assert not calls and not (tmp_path / "out").exists()


def test_an_output_never_replaces_a_photograph(photos):
  before = {path.name: path.read_bytes() for path in photos.iterdir()}
  with pytest.raises(ValueError, match="another folder"):
    predictions.predict_depth(make(), photos, photos)
  assert {path.name: path.read_bytes() for path in photos.iterdir()} == before


def test_running_again_replaces_what_was_written(photos, tmp_path):
  first = predictions.predict_depth(make(), photos, tmp_path / "out")
  assert predictions.predict_depth(make(), photos, tmp_path / "out") == first


def test_orientation_tag_is_ignored_as_by_the_reader(tmp_path):
  image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8))
  exif = Image.Exif()
  exif[0x0112] = 6
  buffer = io.BytesIO()
  image.save(buffer, "JPEG", exif=exif)
  (tmp_path / "x.jpg").write_bytes(buffer.getvalue())
  record = predictions.predict_depth(make(), tmp_path / "x.jpg", tmp_path / "out")[0]
  assert (record["height"], record["width"]) == (20, 30)


def test_real_photographs(shared_data, tmp_path):
  paths = sorted((shared_data("kitti") / "stereo2015").glob("*_02.jpg"))[:3]
  calibration = json.loads((shared_data("kitti") / "calib.json").read_text())
  numbers = [calibration[name] for name in ("fx", "fy", "cx", "cy")]
  records = predictions.predict_depth(make(), paths, tmp_path / "out", point_clouds=True,
                                      intrinsics=cameras.camera_matrix(*numbers))
  for record in records:
    assert Image.open(tmp_path / "out" / record["depth"]).size == (640, 192)
    assert (tmp_path / "out" / record["point_cloud"]).stat().st_size > 192 * 640 * 15
