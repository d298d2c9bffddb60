"""What a user sees when something is wrong: the form of the house, and nothing half-written.

One table through the calls of the library. Every case gets a copy of a small folder of photographs
to spoil, calls, and must raise an error of three lines that names the culprit.
"""
import json
import os
import resource
import shutil

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg import cli
from keras_weakseg import data as data_lib
from keras_weakseg import errors
from keras_weakseg.training import guards

BOX = """<annotation><size><width>72</width><height>56</height><depth>3</depth></size><object>
<name>zebra</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>20</xmax><ymax>20</ymax></bndbox>
</object></annotation>"""


class Place:
  """A folder of photographs that a case may spoil, a trained run, and calls on both."""

  def __init__(self, root, photos, run, overrides, data):
    self.photos = shutil.copytree(photos, root / "photos")
    self.out = root / "out"           # Everything that is written goes here.
    self.root = root
    self.run = run
    self.data = data
    self.overrides = {**overrides, "training.steps": 2, "training.checkpoint_every": 2}

  def folder(self, **options):
    return data_lib.Folder(self.photos, **{"held_out": 0.25, **options})

  def fit(self, overrides=None, method="em_fixed", data=None, model_dir=None, **options):
    return kw.fit(method=method, data=data or self.folder(), progress=False,
                  model_dir=model_dir or self.out, **options,
                  params_override={**self.overrides, **(overrides or {})})

  def copy_run(self):
    return shutil.copytree(self.run.model_dir, self.root / "copy")

  def write_image(self, pixels, name="p00.png", **options):
    (self.photos / "images" / "p00.png").unlink()
    Image.fromarray(pixels).save(self.photos / "images" / name, **options)
    return self.photos / "images" / name

  def edit_mask(self, function, names=("p00",)):
    for name in names:
      path = self.photos / "masks" / f"{name}.png"
      Image.fromarray(function(np.array(Image.open(path)))).save(path)


@pytest.fixture
def place(tmp_path, photo_folder, tiny_run, tiny_overrides, tiny_data):
  return Place(tmp_path, photo_folder, tiny_run, tiny_overrides, tiny_data)


def snapshot(folder):
  """Returns a dict of every path below a folder to its bytes, None for a folder."""
  found = {}
  for parent, folders, names in os.walk(folder):
    found.update({os.path.join(parent, name): None for name in folders})
    for name in names:
      with open(os.path.join(parent, name), "rb") as file:
        found[os.path.join(parent, name)] = file.read()
  return found


CASES = {}


def case(*words, kind=ValueError):
  """Returns a decorator that puts a function into the table: its error must hold all words."""
  def decorator(function):
    CASES[function.__name__] = (function, words, kind)
    return function
  return decorator


# === Labels and pictures ===


@case("p00 (values 9)", "no class", "remap=")
def wrong_label_value(place):
  place.edit_mask(lambda mask: np.where(mask == 0, 9, mask).astype(np.uint8))
  place.fit()


@case("p00 (55x72, image 56x72)", "nearest neighbour")
def mask_of_another_size(place):
  place.edit_mask(lambda mask: mask[:-1])
  place.fit()


@case("ghost", "without an image", kind=FileNotFoundError)
def missing_image(place):
  (place.photos / "list.json").write_text(json.dumps({"mask": ["p00", "ghost"]}))
  place.fit(data=place.folder(manifest="list.json"))


@case("p01 (mask)", "grants labels that are not there")
def missing_mask(place):
  (place.photos / "list.json").write_text(json.dumps({"mask": ["p00", "p01", "p02"]}))
  (place.photos / "masks" / "p01.png").unlink()
  place.fit(data=place.folder(manifest="list.json"))


@case("p05 (No such file or directory)", "1 masks are broken")
def mask_that_vanishes_after_the_listing(place):
  source = place.folder(held_out=0.0)
  source.supervision("train")
  (place.photos / "masks" / "p05.png").unlink()
  place.fit(data=source)


@case("tag_file.json", "The tags of", kind=FileNotFoundError)
def missing_tag_file(place):
  place.fit(data=place.folder(tags="tag_file.json"))


@case("more_masks", "The masks of", kind=FileNotFoundError)
def missing_mask_folder(place):
  place.fit(data=place.folder(masks="more_masks"))


@case("holds no images", kind=FileNotFoundError)
def no_image(place):
  shutil.rmtree(place.photos / "images")
  place.fit()


@case("classes.txt", "class names", kind=FileNotFoundError)
def missing_class_names(place):
  (place.photos / "classes.txt").unlink()
  place.fit()


@case("no/such/photos", "KERAS_WEAKSEG_DATA", kind=FileNotFoundError)
def missing_data_folder(place):
  place.fit(data=data_lib.Folder("no/such/photos"))


@case("p00 (the file ends early)", "images are broken")
def truncated_jpeg(place):
  path = place.write_image(np.random.RandomState(0).randint(0, 255, (56, 72, 3)).astype(np.uint8),
                           "p00.jpg")
  path.write_bytes(path.read_bytes()[:700])
  place.fit()


@case("p00 (the header is damaged)", "images are broken")
def jpeg_with_a_damaged_header(place):
  path = place.write_image(np.random.RandomState(0).randint(0, 255, (56, 72, 3)).astype(np.uint8),
                           "p00.jpg")
  path.write_bytes(path.read_bytes()[:160] + bytes(300) + b"\xff\xd9")
  place.fit()


@case("The sample 'p00' cannot be read", "whole image")
def png_with_damaged_pixels(place):
  """Only decoding shows it: the first batch stops the run, and its folder is gone again."""
  path = place.photos / "images" / "p00.png"
  content = bytearray(path.read_bytes())
  content[200:260] = bytes(60)
  path.write_bytes(bytes(content))
  source = place.folder(manifest=None, held_out=0.0)
  place.fit({"training.steps": 4, "training.checkpoint_every": 4}, data=source)


@case("p00 (16 bits)", "more than 8 bits", "cv2.imwrite")
def image_of_16_bits(place):
  place.write_image(np.full([56, 72], 3000, np.uint16))
  place.fit()


@case("p00 (grey, 16 bits)", "no index masks")
def mask_of_16_bits(place):
  place.edit_mask(lambda mask: mask.astype(np.uint16))
  place.fit()


@case("p00 (RGB, 8 bits)", "no index masks")
def mask_in_colours(place):
  place.edit_mask(lambda mask: np.stack([mask] * 3, -1))
  place.fit()


@case("only 0 and 255", "remap={0: 0, 255: 1}")
def masks_of_0_and_255(place):
  place.edit_mask(lambda mask: np.where(mask > 0, 255, 0).astype(np.uint8),
                  [f"p{index:02d}" for index in range(16)])
  place.fit()


@case("tags of 'p00'", "'rad'", "unknown_names='drop'")
def tags_of_an_unknown_class(place):
  shutil.rmtree(place.photos / "masks")
  (place.photos / "tags.json").write_text(json.dumps({"p00": ["rad"], "p01": ["red"]}))
  place.fit()


@case("tags.json", "cannot be read")
def broken_tag_file(place):
  (place.photos / "tags.json").write_text('{"p00": ')
  place.fit(data=place.folder(masks=None))


@case("zebra", "p00.xml")
def boxes_of_an_unknown_class(place):
  (place.photos / "boxes").mkdir()
  (place.photos / "boxes" / "p00.xml").write_text(BOX)
  place.fit(data=place.folder(masks=None, tags=None))


@case("have the id 'p00'", "p00.bmp")
def the_same_id_twice(place):
  shutil.copy(place.photos / "images" / "p00.png", place.photos / "images" / "p00.bmp")
  place.fit()


@case("The field 'image'", "uint8")
def images_that_are_not_numbers(place):
  samples = tf.data.Dataset.from_tensor_slices({
      "image": tf.fill([2, 56, 72, 3], float("nan")), "mask": tf.ones([2, 56, 72], tf.uint8)})
  place.fit(data=data_lib.Dataset(samples, ("background", "cat")))


# === Splits and classes ===


@case("The split 'train'", "is empty")
def empty_split(place):
  (place.photos / "val.txt").write_text("\n".join(f"p{index:02d}" for index in range(16)))
  place.fit(data=place.folder(validation="val.txt"))


@case("'tset'", "train, validation")
def unknown_split(place):
  place.fit({"evaluation.split": "tset"})


@case("cannot pick the best checkpoint")
def best_checkpoint_without_masks(place):
  place.fit({"evaluation.validation_split": "val", "training.validate_every": 1,
             "evaluation.checkpoint": "best"}, data=place.folder(masks=None))


@case("no labels that the method learns from", "14 with tags", "choose a method")
def masks_alone_without_masks(place):
  (place.photos / "tags.json").write_text(json.dumps({f"p{i:02d}": ["red"] for i in range(14)}))
  place.fit(method="supervised", data=place.folder(masks=None))


@case("no labels that the method learns from", "16 images, no labels")
def nothing_is_labelled(place):
  place.fit(data=place.folder(masks=None, tags=None))


@case("background, red, blue", "background, sky, sea", "other classes than the model")
def evaluation_with_another_class_list(place):
  kw.evaluate(place.run, place.folder(classes=("background", "sky", "sea")), progress=False)


@case("values 2", "p01")
def fewer_classes_than_labels(place):
  place.fit(data=place.folder(classes=("background", "red"), unknown_names="drop"))


@case("The mask of 'p00' holds labels that are no class", "9")
def evaluation_on_a_wrong_label(place):
  place.edit_mask(lambda mask: np.where(mask == 0, 9, mask).astype(np.uint8))
  kw.evaluate(place.run, place.folder(), split="train+validation", progress=False)


@case("The sample 'p00' cannot be read")
def evaluation_on_a_broken_image(place):
  path = place.photos / "images" / "p00.png"
  path.write_bytes(path.read_bytes()[:300])
  kw.evaluate(place.run, place.folder(), split="train+validation", progress=False)


# === Configuration ===


@case("'training.stepz'", "Did you mean 'training.steps'?")
def unknown_key(place):
  place.fit({"training.stepz": 3})


@case("'training.steps'", "'many' (str)")
def value_of_another_type(place):
  place.fit({"training.steps": "many"})


@case("data.parts.0.batch_size", "1 to 65536. Received: 0")
def batch_of_nothing(place):
  place.fit({"data.parts": [{"batch_size": 0}]})


@case("8k+1", "[50, 65]", "crop=[49, 65]")
def crop_that_is_not_8k_1(place):
  place.fit({"data.augmentation.crop": [50, 65]})


@case("'em_adpat'", "Did you mean 'em_adapt'?")
def unknown_method(place):
  place.fit(method="em_adpat")


@case("'mirorred'", "Did you mean 'mirrored'?")
def unknown_strategy(place):
  place.fit(strategy="mirorred")


@case("no experiment 'em_adapt_scene'", "Did you mean 'em_adapt_scenes'?")
def unknown_experiment(place):
  kw.fit("em_adapt_scene", model_dir=place.out)


@case("nope.yaml", kind=FileNotFoundError)
def missing_config_file(place):
  kw.fit(config_file="nope.yaml", model_dir=place.out)


@case("TF_CONFIG", "unset it")
def cluster_that_is_no_json(place):
  os.environ["TF_CONFIG"] = '{"cluster": '
  try:
    place.fit()
  finally:
    del os.environ["TF_CONFIG"]


@case("none.npz", "pretrained weights", kind=FileNotFoundError)
def missing_weights(place):
  place.fit({"network.pretrained": str(place.root / "none.npz")})


@case("no optimizer", "str")
def optimizer_by_name(place):
  place.fit(optimizer="adam")


@case("no data source", "kw.data.Folder('photos')")
def data_by_name(place):
  kw.fit(method="em_fixed", data="photos", model_dir=place.out)


@case("field of a protocol", "Did you mean 'scales'?")
def unknown_field_of_a_protocol(place):
  kw.evaluate(place.run, protocol={"scale": [1]}, progress=False)


# === Directories, disks and checkpoints ===


@case("/proc/keras_weakseg/run", "cannot be written to", kind=OSError)
def unwritable_directory(place):
  place.fit(model_dir="/proc/keras_weakseg/run")


@case("a file", "cannot be written to", kind=OSError)
def directory_below_a_file(place):
  (place.root / "a file").write_text("x")
  place.fit(model_dir=place.root / "a file" / "run")


def _limited(size, function):
  """Calls a function while no file can become longer than `size` bytes: a full disk."""
  before = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
  try:
    function()
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@case("checkpoint of step 2 could not be written", "File too large", kind=OSError)
def disk_full_at_the_first_checkpoint(place):
  _limited(20_000, place.fit)


@case("cannot be written to", "File too large", kind=OSError)
def disk_full_at_once(place):
  _limited(700, place.fit)


@case("artifact cannot be written", "File too large")
def disk_full_at_export(place):
  _limited(20_000, lambda: kw.export(place.run, place.out))


@case("cannot be written", "File too large")
def disk_full_at_prediction(place):
  _limited(2_000, lambda: kw.predict(place.run, place.photos / "images", place.out, progress=False))


@case("another experiment", "em_adapt", "Choose another model_dir")
def directory_of_another_experiment(place):
  kw.fit(method="em_adapt", data=place.data, model_dir=place.run.model_dir, progress=False,
         params_override=place.overrides)


@case("another model", "(1, 1, 16, 4)")
def checkpoint_of_another_model(place):
  folder = place.copy_run()
  record = json.loads((folder / "record.json").read_text())
  record["classes"].append("sky")
  record["head"]["classes"].append("sky")
  record["palette"].append([1, 2, 3])
  (folder / "record.json").write_text(json.dumps(record))
  kw.evaluate(folder, place.folder(), progress=False)


@case("is damaged")
def truncated_checkpoint(place):
  folder = place.copy_run()
  for path in (folder / "train" / "checkpoints" / "best").glob("*.data*"):
    path.write_bytes(path.read_bytes()[:1000])
  kw.export(folder, place.out)


@case("no best checkpoint", "Train it first", kind=FileNotFoundError)
def run_without_checkpoint(place):
  folder = place.copy_run()
  shutil.rmtree(folder / "train")
  kw.export(folder, place.out)


@case("record.json", "is damaged")
def damaged_record(place):
  folder = place.copy_run()
  (folder / "record.json").write_text("{")
  kw.evaluate(folder, place.folder())


@case("neither a run nor an artifact", "no such folder", kind=FileNotFoundError)
def export_of_nothing(place):
  kw.export(place.root / "nothing", place.out)


@case("neither a run nor an artifact", "images", kind=FileNotFoundError)
def evaluation_of_a_folder_of_photographs(place):
  kw.evaluate(place.photos, place.folder())


@case("artifact cannot be written", "a file")
def export_over_a_file(place):
  (place.root / "a file").write_text("x")
  kw.export(place.run, place.root / "a file")


# === Prediction ===


@case("There is no image", kind=FileNotFoundError)
def prediction_on_no_files(place):
  (place.root / "empty").mkdir()
  kw.predict(place.run, place.root / "empty", place.out)


@case("*.tif", kind=FileNotFoundError)
def prediction_on_a_pattern_without_files(place):
  kw.predict(place.run, str(place.photos / "images" / "*.tif"), place.out)


@case("1 of 16 images", "p00.png: cut off")
def prediction_on_a_broken_file(place):
  path = place.photos / "images" / "p00.png"
  path.write_bytes(path.read_bytes()[:300])
  kw.predict(place.run, place.photos / "images", place.out)


@case("neither a folder nor an experiment 'photoz'", kind=FileNotFoundError)
def check_of_nothing(place):
  del place
  kw.check_data("photoz")


# === The form itself ===


def test_every_error_has_three_lines_and_no_names_of_operations():
  received = ("{{function_node __wrapped__IteratorGetNext_device_/job:localhost/device:CPU:0}} "
              "Error in user-defined function passed to ParallelMapDatasetV2:48 transformation "
              "with iterator: Iterator::Root::ParallelMapV2: Invalid PNG\ndata, size 9. [Op:Next]")
  text = errors.describe("It broke.", expected="a PNG", received=received, fix="Replace the file.")
  assert text == ("It broke.\nExpected: a PNG. Received: Invalid PNG data, size 9.\n"
                  "Replace the file.")
  assert house_form(text)


def test_long_values_are_shortened():
  text = errors.describe("It broke.", expected="less", received="x" * 1000, fix="Shorten the text.")
  assert "x" * 400 + "..." in text and "x" * 401 not in text


@pytest.mark.parametrize("make, kind", [(errors.value_error, ValueError),
                                        (errors.missing, FileNotFoundError)])
def test_errors_have_their_kind(make, kind):
  error = make("It broke.", expected=1, received=2, fix="Take one instead.")
  assert isinstance(error, kind)
  assert str(error) == "It broke.\nExpected: 1. Received: 2.\nTake one instead."


def test_the_nearest_name_is_offered_or_none():
  assert str(errors.unknown_name("method", "em_adpat", ["em_fixed", "em_adapt"])).endswith(
      "Expected: one of em_adapt, em_fixed. Received: 'em_adpat'.\nDid you mean 'em_adapt'?")
  errors.check_name("method", "em_fixed", {"em_fixed": 1})
  with pytest.raises(ValueError, match="There is no method 'em'"):
    errors.check_name("method", "em", ["em_fixed"])
  assert "Choose one of the names above." in str(errors.unknown_name("method", "zzz", ["abc"]))


# === The table ===


def house_form(text):
  """Returns whether a text has the three parts of the house: what, expected and received, fix."""
  lines = text.split("\n")
  return (len(lines) == 3 and lines[0].endswith(".") and lines[1].startswith("Expected: ")
          and " Received: " in lines[1] and lines[1].endswith(".") and len(lines[2]) > 10)


@pytest.mark.parametrize("name", CASES)
def test_wrong_input_is_explained_and_leaves_nothing(place, name, caplog):
  function, words, kind = CASES[name]
  run_before = snapshot(place.run.model_dir)
  with pytest.raises((ValueError, OSError)) as error:
    function(place)
  text = str(error.value)
  assert isinstance(error.value, kind), error.type
  assert house_form(text), text
  for word in words:
    assert word in text, text
  assert "Traceback" not in text and "function_node" not in text, text
  # That many models were traced is a matter of this process, not of the case.
  assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")
              and "retracing" not in record.getMessage()]
  assert not place.out.exists(), sorted(snapshot(place.out))
  assert snapshot(place.run.model_dir) == run_before


def test_a_loss_that_is_not_finite_names_term_and_samples_and_keeps_the_log(place):
  with pytest.raises(guards.NonFiniteError) as error:
    place.fit({"training.steps": 6, "training.checkpoint_every": 1,
               "training.optimization.learning_rate.polynomial.initial_learning_rate": 1e30})
  assert house_form(str(error.value)) and "loss_mask = nan" in str(error.value)
  assert "p0" in str(error.value)
  assert (place.out / "train" / "log.csv").exists()
  assert not (place.out / "train" / "done.json").exists()


@pytest.mark.slow
def test_a_run_that_fails_later_keeps_its_checkpoints(place, monkeypatch):
  """The disk fills up after the first checkpoint: the next call continues there."""
  from keras_weakseg.training import checkpoints
  save, calls = checkpoints.Checkpoints.save, []

  def full(self, step, *rest):
    calls.append(step)
    if len(calls) > 1:
      raise OSError(28, "No space left on device")
    save(self, step, *rest)

  monkeypatch.setattr(checkpoints.Checkpoints, "save", full)
  with pytest.raises(OSError, match="cannot be written to.*\nExpected: .*No space left") as error:
    place.fit({"training.checkpoint_every": 1})
  assert house_form(str(error.value))
  monkeypatch.undo()
  assert tf.train.latest_checkpoint(
      str(place.out / "train" / "checkpoints" / "last")).endswith("ckpt-1")
  assert place.fit({"training.checkpoint_every": 1}).metrics["mean_iou"] > 0


@pytest.mark.parametrize("arguments, word", [
    (["evaluate", "RUN", "--data", "no/such"], "no/such"),
    (["evaluate", "nothing", "--data", "PHOTOS"], "neither a run nor an artifact"),
    (["evaluate", "RUN", "--data", "PHOTOS", "--classes", "background,sky,sea"], "other classes"),
    (["predict", "RUN", "no_*.jpg", "--output", "OUT"], "There is no image"),
    (["export", "PHOTOS", "OUT"], "neither a run nor an artifact"),
    (["fit", "em_adapt_scene", "--model_dir", "OUT"], "em_adapt_scenes"),
    (["fit", "own_data", "--model_dir", "OUT"], "no data"),
    (["fit", "own_data", "--model_dir", "OUT", "--params_override", "training.stepz=1"],
     "training.steps"),
])
def test_the_command_line_says_the_same(place, arguments, word, capsys):
  words = {"RUN": place.run.model_dir, "PHOTOS": str(place.photos), "OUT": str(place.out)}
  assert cli.main([words.get(argument, argument) for argument in arguments]) == 2
  printed = capsys.readouterr().err
  assert word in printed and "Expected: " in printed and "Traceback" not in printed
  assert not place.out.exists()
