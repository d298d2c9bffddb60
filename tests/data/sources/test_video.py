"""Anybody's video: folders, clips, films, and what is said about the camera."""
import numpy as np
import pytest

from keras_weakseg import data as kw_data
from keras_weakseg import fields
from keras_weakseg.data.sources import box_labels
from keras_weakseg.data.sources import video
from keras_weakseg.data.sources import with_disparity
from keras_weakseg.tasks.depth import predict as predict_depth
from keras_weakseg.tasks.segmentation import predict
from keras_weakseg.training import restore

CAMERA = "12 12 7.5 5.5"


def read(source, split="train", **options):
  return list(source.samples(split, **options).as_numpy_iterator())


def test_a_folder_of_frames_with_its_intrinsics(tmp_path, frames):
  frames(tmp_path / "drive", count=10)
  (tmp_path / "drive" / "intrinsics.txt").write_text(CAMERA)
  source = kw_data.Video(tmp_path / "drive", held_out=0.4)
  assert source.name == "drive" and not source.classes
  assert source.ids("train") == tuple(f"drive/{number:06d}" for number in (1, 2, 3, 4))
  assert source.ids("val") == ("drive/000007", "drive/000008")
  sample = read(source, wanted={fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS})[1]
  assert sample[fields.FRAMES][:, 0, 0, 0].tolist() == [25, 75]
  np.testing.assert_array_equal(sample[fields.INTRINSICS], [[12, 0, 7.5], [0, 12, 5.5], [0, 0, 1]])


def test_subfolders_are_clips_and_no_sample_spans_two(tmp_path, frames):
  for name, count in (("a", 4), ("b/c", 5)):
    frames(tmp_path / name, count=count)
  source = kw_data.Video(tmp_path, CAMERA, validation=["a"])
  assert source.ids("train") == ("b/c/000001", "b/c/000002", "b/c/000003")
  assert source.ids("validation") == ("a/000001", "a/000002")


def test_frames_without_leading_zeros_are_in_order(tmp_path, png):
  for number in (8, 9, 10, 11, 12):
    png(tmp_path / f"f{number}.png", np.full((12, 16, 3), 20 * number, np.uint8))
  source = kw_data.Video(tmp_path, CAMERA, held_out=0)
  assert [name.split("/")[1] for name in source.ids("train")] == ["f9", "f10", "f11"]


def test_an_assumed_angle_is_said_in_the_plan(tmp_path, frames):
  frames(tmp_path)
  source = kw_data.Video(tmp_path, field_of_view=90, size=(24, 32), held_out=0)
  assert "assumed field of view: 90 degrees across the width" in source.notes
  sample = read(source)[0]
  np.testing.assert_allclose(sample[fields.INTRINSICS], [[16, 0, 15.5], [0, 16, 11.5], [0, 0, 1]])
  assert sample[fields.FRAMES].shape == (2, 24, 32, 3)


def test_films_are_clips_too(tmp_path, frames, monkeypatch):
  import cv2
  frames(tmp_path / "drives" / "monday", count=5, height=48, width=64)
  writer = cv2.VideoWriter(str(tmp_path / "drives" / "tuesday.avi"),
                           cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
  if not writer.isOpened():
    pytest.skip("this OpenCV cannot write films")
  for number in range(6):
    writer.write(np.full((48, 64, 3), 40 * number, np.uint8))
  writer.release()
  monkeypatch.setenv("KERAS_WEAKSEG_CACHE", str(tmp_path / "cache"))
  source = kw_data.Video(tmp_path / "drives", "50 50 31.5 23.5", size=(24, 32), held_out=0)
  assert source.ids("train") == ("monday/000001", "monday/000002", "monday/000003",
                                 *(f"tuesday/{number:06d}" for number in (1, 2, 3, 4)))
  samples = read(source)
  for sample in samples:
    np.testing.assert_allclose(sample[fields.INTRINSICS][:2], [[25, 0, 15.5], [0, 25, 11.5]])
  np.testing.assert_allclose(samples[-1][fields.FRAMES].mean((1, 2, 3)), [120, 200], atol=2)
  alone = kw_data.Video(tmp_path / "drives" / "tuesday.avi", field_of_view=65, held_out=0, step=2)
  assert alone.name == "tuesday" and alone.ids("train") == ("tuesday/000001",)


def test_a_bonnet_mask_in_the_folder_is_no_frame(tmp_path, frames, png):
  frames(tmp_path, count=4)
  png(tmp_path / "bonnet.png", np.pad(np.ones((3, 16), np.uint8), ((9, 0), (0, 0))))
  source = kw_data.Video(tmp_path, CAMERA, held_out=0, occluders="bonnet.png")
  assert len(source.ids("train")) == 2
  valid = read(source)[0][fields.VALID]
  assert valid[:9].all() and not valid[9:].any()


def test_every_clip_may_have_a_camera_of_its_own(tmp_path, frames):
  frames(tmp_path / "a")
  frames(tmp_path / "b" / "c", height=24, width=32)
  (tmp_path / "intrinsics.txt").write_text(CAMERA)
  with pytest.raises(ValueError, match="intrinsics.txt in every clip's folder. Received: a 12x16, "
                     "b/c 24x32"):
    kw_data.Video(tmp_path, held_out=0)
  with pytest.raises(ValueError, match="share their intrinsics"):
    kw_data.Video(tmp_path, CAMERA, held_out=0)
  (tmp_path / "b" / "intrinsics.txt").write_text("24 24 15.5 11.5")
  source = kw_data.Video(tmp_path, held_out=0, size=(12, 16))
  found = {sample[fields.SAMPLE_ID].decode()[0]: sample[fields.INTRINSICS][0]
           for sample in read(source)}
  assert found["a"].tolist() == [12, 0, 7.5] and found["b"].tolist() == [12, 0, 7.5]
  assert source.notes[0] == "clips: a 6 frames 12x16, b/c 6 frames 24x32, resized to 12x16"
  (tmp_path / "b" / "intrinsics.txt").write_text("28 24 15.5 11.5")
  assert kw_data.Video(tmp_path, held_out=0, size=(12, 16)).fingerprint() != source.fingerprint()
  (tmp_path / "intrinsics.txt").unlink()
  with pytest.raises(ValueError, match="Received: neither for a"):
    kw_data.Video(tmp_path, held_out=0)


def test_results_of_this_library_are_no_clips(tmp_path, frames):
  for result in video.RESULTS:
    frames(tmp_path / "drive" / result[:4] / "inner", height=8)
    (tmp_path / "drive" / result[:4] / result).touch()
  frames(tmp_path / "drive" / "pred", suffix=".jpg")  # Two files of one id.
  frames(tmp_path / "drive")
  source = kw_data.Video(tmp_path / "drive", CAMERA, held_out=0)
  assert source.notes[:2] == [
      "clips: drive 6 frames 12x16",
      "results of this library, not read as clips: disp, expe, labe, pred, reco"]
  assert len(source.ids("train")) == 4
  for path in (tmp_path / "drive").glob("*.png"):
    path.unlink()
  with pytest.raises(FileNotFoundError, match="none but results of this library: disp, expe"):
    kw_data.Video(tmp_path / "drive", CAMERA)


def test_results_are_known_by_the_names_that_are_written():
  assert set(video.RESULTS) == {
      predict.PREDICTIONS, predict_depth.PREDICTIONS, restore.RECORD, restore.EXPERIMENT,
      with_disparity.KIND.record, box_labels.KIND.record}


def test_many_clips_are_counted(tmp_path, frames):
  for number in range(7):
    frames(tmp_path / f"c{number}", count=3)
  assert kw_data.Video(tmp_path, CAMERA, held_out=0).notes[0].endswith(
      "c4 3 frames 12x16 and 2 more")


def test_intrinsics_that_an_angle_overrules_are_named(tmp_path, frames):
  frames(tmp_path)
  (tmp_path / "intrinsics.txt").write_text(CAMERA)
  source = kw_data.Video(tmp_path, field_of_view=90, held_out=0)
  assert source.notes[1].endswith("not read because of it: intrinsics.txt")


@pytest.mark.parametrize("options, words", [
    ({}, "field_of_view=65"), ({"intrinsics": CAMERA, "field_of_view": 60}, "Received: both"),
    ({"intrinsics": "0.58 1.92 0.5 0.5"}, "multiply fx, cx by the width"),
    ({"intrinsics": "721 721 609 172"}, "12x16"), ({"intrinsics": "1 2 3"}, "fx fy cx cy"),
    ({"field_of_view": 500}, "5..170"), ({"field_of_view": "65"}, "Received: '65'"),
    ({"intrinsics": CAMERA, "size": 64}, "Received: 64"),
    ({"intrinsics": CAMERA, "offsets": 1}, "Received: 1"),
    ({"intrinsics": CAMERA, "step": 0}, "step of films"),
    ({"intrinsics": CAMERA, "step": 0.5}, "step of films"),
    ({"intrinsics": CAMERA, "validation": "clip"}, "a sequence of names"),
    ({"intrinsics": CAMERA, "offsets": (-9, 9)}, "6 frames"),
    ({"intrinsics": CAMERA, "validation": ["clp"]}, "clip to hold out")])
def test_what_is_wrong_is_said(tmp_path, frames, options, words):
  frames(tmp_path / "clip")
  with pytest.raises(ValueError, match=words):
    kw_data.Video(tmp_path, **{"held_out": 0, **options})


def test_what_is_missing_is_said(tmp_path, frames):
  (tmp_path / "empty").mkdir()
  with pytest.raises(FileNotFoundError, match="holds no frames"):
    kw_data.Video(tmp_path / "empty", CAMERA)
  with pytest.raises(FileNotFoundError, match="was not found"):
    kw_data.Video(tmp_path / "none", CAMERA)
  frames(tmp_path / "clip")
  with pytest.raises(FileNotFoundError, match="intrinsics file"):
    kw_data.Video(tmp_path / "clip", "no.txt")


def test_a_real_clip_of_any_folder(shared_data):
  source = video.Video(shared_data("kitti") / "raw_b_91f", shared_data("kitti") / "calib.json")
  assert len(source.ids("train")) == 80 and len(source.ids("validation")) == 7
  sample = read(source, ids=source.ids("train")[:1])[0]
  assert sample[fields.FRAMES].shape == (2, 192, 640, 3)
  assert sample[fields.INTRINSICS][0, 0] == pytest.approx(371.8069, abs=1e-3)
