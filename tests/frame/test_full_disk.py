"""Every writer on a full disk and in a closed folder: one error, and nothing half-written is left.

A limit of the system on the size of files stands for the disk: it stops TensorFlow too. For root,
who may write anywhere, a folder of the system stands for one that is closed.
"""
import contextlib
import json
import os
import pathlib
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import api
from keras_weakseg import api_prune
from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.benchmark import records
from keras_weakseg.benchmark import suite
from keras_weakseg.benchmark import tables
from keras_weakseg.benchmark import writing as table_files
from keras_weakseg.data.readers import record_files
from keras_weakseg.data.readers import video_files
from keras_weakseg.data.sources import box_labels
from keras_weakseg.data.sources import disparity_maps
from keras_weakseg.data.sources import records_writer
from keras_weakseg.data.sources import tfds_source
from keras_weakseg.data.sources import with_disparity
from keras_weakseg.files import cache
from keras_weakseg.networks import registry
from keras_weakseg.networks.weights import weights
from keras_weakseg.selection import record
from keras_weakseg.selection import rounds
from keras_weakseg.serving import writing as artifacts
from keras_weakseg.training import checkpoints
from keras_weakseg.training import logs
from keras_weakseg.training import optimizers
from keras_weakseg.training import run_folder

resource = pytest.importorskip("resource", reason="limits of files are of Unix")


@contextlib.contextmanager
def full(size):
  """Lets no file grow beyond a size in bytes."""
  before = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
  try:
    yield
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def closed(tmp_path):
  """Returns a folder that this process may not write to."""
  place = tmp_path / "closed"
  place.mkdir()
  place.chmod(0o500)
  if not os.access(place, os.W_OK):
    yield place
    place.chmod(0o700)
    return
  place = pathlib.Path("/sys/module")
  try:
    (place / "keras_weakseg").mkdir()
  except PermissionError:
    yield place
  except OSError:
    pytest.skip("no folder is closed here")
  else:
    (place / "keras_weakseg").rmdir()
    pytest.skip("no folder is closed here")


def files(place):
  return sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())


def noise(*shape):
  return np.random.RandomState(0).randint(0, 255, shape).astype(np.uint8)


def network_weights(place):
  network = registry.build_network("light_tiny", (33, 33, 3), 3, alpha=0.25, head_filters=16)
  weights.save_npz(network, place / "a.npz")


def disparities(place):
  source = data.Dataset({"train": tf.data.Dataset.from_tensor_slices({
      fields.SAMPLE_ID: ["a", "b"], fields.IMAGE: noise(2, 40, 60, 3)})}, ("background", "thing"))
  disparity_maps.write_disparity_maps(
      source, lambda images: images[..., 0] / 255.0, place / "maps", "train", model_hash="x",
      progress=False)


def selected(place):
  ids = tuple(f"sample{index}" for index in range(100))
  choices = tuple(rounds.Choice(name, 0) for name in ids)
  record.write(place / "selection.json", ids, rounds.Settings((100,), "random"), "x", choices)


def given():
  """Returns a folder for what writers read."""
  place = pathlib.Path(os.environ[cache.ENVIRONMENT]).with_name("given")
  place.mkdir(exist_ok=True)
  return place


def frames(place):
  import cv2
  film = given() / "film.avi"
  writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
  if not writer.isOpened():
    pytest.skip("this OpenCV cannot write films")
  with no_limit():
    for _ in range(3):
      writer.write(noise(48, 64, 3))
    writer.release()
  video_files.extract(film, cache_dir=place)


def shards(place):
  source = data.Dataset({"train": tf.data.Dataset.from_tensor_slices({
      fields.IMAGE: noise(2, 40, 60, 3)})}, ("background", "thing"))
  with no_limit():
    records_writer.write_records(source, "train", place, 1, progress=False)
  (place / "train" / "00000-of-00001.npz").unlink()
  (place / "train" / "00000-of-00001.tfrecord").unlink()
  (place / "train" / record_files.MANIFEST).unlink()
  records_writer.write_records(source, "train", place, 1, progress=False)


@contextlib.contextmanager
def no_limit():
  size, most = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
  try:
    yield
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))


def boxed(place):
  """Makes the label maps of one picture with a box."""
  photos = given() / "photos"
  with no_limit():
    (photos / "images").mkdir(parents=True, exist_ok=True)
    (photos / "classes.txt").write_text("background\nthing\n")
    (photos / "images" / "a.png").write_bytes(tf.io.encode_png(noise(40, 60, 3)).numpy())
    (photos / "boxes.json").write_text(json.dumps({
        "images": [{"id": 1, "file_name": "a.png", "height": 40, "width": 60}],
        "categories": [{"id": 1, "name": "thing"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [3, 4, 20, 30]}]}))
  source = data.Folder(photos, boxes="boxes.json")
  data.make_label_maps(source, "train", kind="rect", cache_dir=place, progress=False)


def table(place):
  row = suite.Row("alone", "trained alone " * 30, experiment="x")
  figure = suite.Figure("mean_iou", "mean IoU")
  made = suite.Suite("tiny", "a table", (row,), (figure,), (1,))
  table_files.write(tables.Report(made, (1,), [tables.Line(row, {1: None})], [], ["alone"]), place)


def sentences(place):
  said = given() / "said.json"
  with no_limit():
    said.write_text(json.dumps({f"photograph{index}": "a dog" for index in range(99)}))
  data.tags_of_sentences(said, place / "tags.json", classes=("background", "dog"))


def artifact(place):
  module = tf.Module()
  module.table = tf.Variable(tf.zeros([1000]))
  call = tf.function(lambda x: {"y": x * module.table[0]},
                     input_signature=[tf.TensorSpec([], tf.float32, name="x")])
  module.signatures = lambda: {"serving_default": call}
  artifacts.write_version(module, {}, place / "served", warmup=False)


WRITERS = (network_weights, selected, disparities, frames, shards, boxed, table, sentences,
           artifact,
           lambda place: records.write(place / "a.json", {"identity": "x" * 999}))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
  monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path / "cache"))


@pytest.mark.parametrize("write", WRITERS)
def test_a_closed_folder_is_told(closed, write):
  before = sorted(os.listdir(closed))
  with pytest.raises((OSError, ValueError), match="(?s)cannot be written.*Expected: .*writ"):
    write(closed)
  with pytest.raises((OSError, ValueError), match="(?s)cannot be written.*Expected: .*writ"):
    write(closed / "new" / "folder")
  assert sorted(os.listdir(closed)) == before


def test_runs_predictions_selections_and_pruned_networks_of_a_closed_folder(
    closed, tiny_run, tiny_data, tiny_overrides, photo_folder):
  photo = photo_folder / "images" / "p00.png"
  for call in (
      lambda place: api.fit(method="supervised", data=tiny_data, model_dir=place, progress=False,
                            params_override=tiny_overrides),
      lambda place: api.predict(tiny_run, photo, place, progress=False),
      lambda place: api.select(None, photo_folder, place, count=2, criterion="random",
                               progress=False),
      lambda place: api.export(tiny_run, place),
      lambda place: api_prune.prune(tiny_run, place, size=(33, 33), progress=False)):
    with pytest.raises((OSError, ValueError), match="(?s)cannot be written.*Expected: .*writ"):
      call(closed / "new")


def test_a_selection_is_whole_or_not_there(photo_folder, tmp_path):
  with pytest.raises((OSError, ValueError), match="(?s)cannot be written.*Expected: .*free"):
    with full(900):  # The record and the ids fit, the sheet does not.
      api.select(None, photo_folder, tmp_path / "out", count=2, criterion="random", progress=False)
  assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("write", WRITERS)
def test_what_is_made_is_whole_or_not_there(tmp_path, write):
  place = tmp_path / "out"
  place.mkdir()
  with pytest.raises((OSError, ValueError), match="(?s)cannot be written.*Expected: .*free"):
    with full(300):
      write(place)
  # A record of what maps will be is there before the first of them.
  kept = (with_disparity.KIND.record, box_labels.KIND.record, record_files.PLAN)
  assert [name for name in files(place) if not name.endswith(kept)] == []


def test_a_checkpoint_that_fails_leaves_the_one_before(tiny_plan, tmp_path):
  plan = tiny_plan()
  method = plan.phases[0].build({})
  method.prepare(optimizers.updater_maker(plan.phases[0].training, plan.record))
  saved = checkpoints.Checkpoints(tmp_path, method)
  saved.save(2)
  with pytest.raises(OSError, match="(?s)checkpoint of step 4 could not be written.*Free some"):
    with full(20_000):
      saved.save(4)
  assert checkpoints.latest(tmp_path / "checkpoints" / "last").endswith("ckpt-2")
  assert checkpoints.Checkpoints(tmp_path, method).restore() == 0, "the step of the method"
  saved.save(4)
  assert checkpoints.latest(tmp_path / "checkpoints" / "last").endswith("ckpt-4")


def test_a_line_of_the_log_that_fails_is_told_and_left_out(tmp_path):
  with pytest.raises(OSError, match="(?s)'.*run' cannot be written to.*Free some space"):
    with run_folder.claimed(str(tmp_path / "run")):
      log = logs.RunLog(tmp_path / "run" / "train")
      log.write(2, {"loss": 1.0})
      (tmp_path / "run" / "train" / "ckpt-2.index").touch()  # Something to continue from.
      with full(40):
        for step in range(4, 20):
          log.write(step, {"loss": 1.0})
  assert [row["step"] for row in logs.read_log(tmp_path / "run" / "train")][:1] == [2]


def test_predictions_and_pruned_networks(tiny_run, photo_folder, tmp_path):
  with pytest.raises((OSError, ValueError), match="(?s)cannot be written.*Expected: .*free"):
    with full(300):
      api.predict(tiny_run, photo_folder / "images" / "p00.png", tmp_path / "out", progress=False)
  assert not (tmp_path / "out").exists()
  with pytest.raises((OSError, ValueError), match="(?s)cannot be written.*Expected: .*free"):
    with full(20_000):
      api_prune.prune(tiny_run, tmp_path / "small", size=(33, 33), progress=False)
  assert os.listdir(tmp_path) == []


def test_data_sets_that_cannot_be_prepared(tmp_path, monkeypatch):
  import tensorflow_datasets as tfds

  def failing(**_):
    raise OSError(28, "No space left on device")

  builder = types.SimpleNamespace(name="x", data_dir=str(tmp_path / "x"),
                                  download_and_prepare=failing)
  monkeypatch.setattr(tfds, "builder", lambda name, **options: builder)
  with pytest.raises(OSError, match="(?s)x' cannot be written.*No space left.*free some"):
    tfds_source._prepared(builder, "x", str(tmp_path), True)
  # Another process that was faster left what is needed.
  builder.download_and_prepare = lambda **_: ((tmp_path / "x").mkdir(), failing())
  assert tfds_source._prepared(builder, "x", str(tmp_path), True) is builder
