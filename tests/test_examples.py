"""The examples run as they are written, on tiny folders; what they train is made small."""
import importlib.util
import pathlib
import shutil
import types

import pytest

import keras_weakseg as kw
from keras_weakseg.configs import overrides
from keras_weakseg.configs import own_data
from keras_weakseg.configs import registry
from keras_weakseg.recipes import planning

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(path.stem for path in EXAMPLES.glob("*.py"))


def script(name):
  """Returns the module of an example."""
  spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


@pytest.fixture
def few_masks(photo_folder, tmp_path):
  """Returns a copy of the folder of photographs in which four have no mask."""
  shutil.copytree(photo_folder, tmp_path / "photos")
  for path in sorted((tmp_path / "photos" / "masks").iterdir())[12:]:
    path.unlink()
  return tmp_path / "photos"


@pytest.fixture
def smaller(monkeypatch):
  """Returns a function that lets `kw.fit` train with changes over those of the script."""
  fit = kw.fit

  def changed(changes_of):
    def small(**options):
      changes = changes_of(options.get("method"))
      changes.pop("training.steps", None)
      return fit(**{**options, "progress": False,
                    "params_override": {**options.get("params_override", {}), **changes}})
    monkeypatch.setattr(kw, "fit", small)

  return changed


@pytest.fixture
def calls(monkeypatch):
  """Replaces what takes long; returns the options of the calls of `fit`."""
  made = []

  def fit(**options):
    made.append(options)
    return types.SimpleNamespace(metrics={"mean_iou": 0.5}, model_dir=options["model_dir"])

  monkeypatch.setattr(kw, "fit", fit)
  monkeypatch.setattr(kw, "predict", lambda *arguments: None)
  monkeypatch.setattr(kw, "export", lambda result, base: base)
  return made


def test_there_are_three_and_they_are_short():
  assert SCRIPTS == ["new_categories", "tags_and_few_masks", "video_then_few_masks"]
  for name in SCRIPTS:
    assert len((EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("name", SCRIPTS)
def test_folders_are_asked_for_and_help_tells_what_is_in_them(name, capsys):
  module = script(name)
  with pytest.raises(SystemExit) as caught:
    module.main([])
  assert caught.value.code == 2 and "required: " in capsys.readouterr().err
  with pytest.raises(SystemExit) as caught:
    module.main(["--help"])
  assert caught.value.code == 0 and "classes.txt" in capsys.readouterr().out


def test_tags_and_few_masks(few_masks, tmp_path, smaller, tiny_overrides, capsys):
  smaller(lambda method: {**tiny_overrides, "training.log_every": 1})
  run = tmp_path / "run"
  assert script("tags_and_few_masks").main([str(few_masks), str(run), "--steps", "2"]) == 0
  printed = capsys.readouterr().out
  assert "can be trained on" in printed and "mean IoU of the held-out masks: 0." in printed
  assert len(list((run / "predictions").glob("p*.png"))) == 16
  assert (run / "served" / "1" / "saved_model.pb").exists()
  lines = (run / "train" / "log.jsonl").read_text(encoding="utf-8")
  assert "loss_mask" in lines and "loss_tags" in lines


def test_a_folder_that_would_train_wrong_is_not_trained_on(few_masks, calls, tmp_path, capsys):
  (few_masks / "masks" / "p00.png").write_bytes(b"no picture")
  assert script("tags_and_few_masks").main([str(few_masks), str(tmp_path / "run")]) == 1
  assert not calls and "p00" in capsys.readouterr().out


def test_what_video_has_taught_starts_the_classes(few_masks, video_folder, calls):
  arguments = [str(video_folder), str(few_masks), "runs/street", "--steps", "7", "--depth_steps"]
  assert script("video_then_few_masks").main([*arguments, "9"]) == 0
  depth, classes = calls
  assert (depth["method"], depth["params_override"]) == (
      "self_supervised_depth", {"training.steps": 9})
  experiment = overrides.validate(overrides.resolve(
      "own_data", overrides=[{"method.type": "supervised"}, classes["params_override"]]))
  assert experiment.network.pretrained == "runs/street/depth/train/depth.npz"
  assert (experiment.training.steps, experiment.network.type) == (7, "light_unet")
  widths = overrides.resolve("own_video").network.get().as_dict()
  network = experiment.network.get().as_dict()
  assert all(network[key] == widths[key] for key in set(widths) & set(network))


@pytest.mark.slow
def test_video_then_few_masks(few_masks, video_folder, tmp_path, smaller, depth_overrides,
                              monkeypatch, capsys):
  from keras_weakseg.methods import video_loss
  from keras_weakseg.ops import photometric
  # XLA takes seconds to compile it.
  monkeypatch.setattr(video_loss, "_compiled", photometric.reprojection_loss)
  widths = depth_overrides("light_unet")["network.light_unet"]
  smaller(lambda method: depth_overrides() if method == "self_supervised_depth" else {
      "network.light_unet": widths, "data.augmentation.crop": [32, 64]})
  assert script("video_then_few_masks").main([
      str(video_folder), str(few_masks), str(tmp_path / "run"), "--steps", "2",
      "--depth_steps", "2"]) == 0
  assert "mean IoU of the held-out masks: 0." in capsys.readouterr().out
  assert len(list((tmp_path / "run" / "masks_of_photos").glob("p*.png"))) == 16
  assert len(list((tmp_path / "run" / "depth_of_photos").glob("p*.npz"))) == 16


def test_new_categories_are_planned_as_weak_ones(few_masks, calls):
  assert script("new_categories").main([str(few_masks), "runs/new", "blue", "--steps", "8"]) == 0
  call, = calls
  assert call.pop("model_dir") == "runs/new"
  experiment = registry.build_recipe(call.pop("recipe"), {
      key: value for key, value in call.items() if key != "data"})
  text = "\n".join(planning.make_plan(overrides.validate(experiment), call["data"]).text())
  assert "weak categories, known by tag alone: blue" in text
  assert (experiment.steps[0].training.steps, experiment.training.steps) == (8, 4)


@pytest.mark.slow
def test_new_categories(few_masks, tmp_path, smaller, monkeypatch):
  monkeypatch.setattr(own_data, "CROP", (129, 129))
  monkeypatch.setattr(own_data, "_IMAGENET", "")
  smaller(lambda method: {})
  run = tmp_path / "run"
  assert script("new_categories").main([str(few_masks), str(run), "blue", "--steps", "2"]) == 0
  assert (run / "maps" / "tag_labels.png").exists()
  assert len(list((run / "predictions").glob("p*.png"))) == 16
  assert (run / "served" / "1" / "saved_model.pb").exists()
