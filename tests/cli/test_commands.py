"""The command line: what each command passes on, how it answers, and how errors look."""
import json
import types

import pytest

from keras_weakseg import api
from keras_weakseg import cli
from keras_weakseg import errors
from keras_weakseg.configs import overrides

METRICS = {"split": "val", "mean_iou": 0.5, "class_iou": {"cat": 0.25, "dog": float("nan")},
           "samples": 3, "protocol": {"flip": False}, "protocol_hash": "abc", "confusion": [[1]]}


@pytest.fixture
def calls(monkeypatch):
  """Replaces the library's calls by ones that record their arguments; returns the record."""
  made = []

  def fake(name, answer):
    def call(*arguments, **options):
      made.append((name, arguments, options))
      return answer
    monkeypatch.setattr(api, name, call)

  fake("fit", types.SimpleNamespace(metrics=METRICS, model_dir="r"))
  fake("evaluate", METRICS)
  fake("predict", [{}, {}])
  fake("export", "served/3")
  fake("check_data", types.SimpleNamespace(ok=True, text=lambda: "all well"))
  return made


@pytest.fixture
def fails(monkeypatch):
  """Returns a function that makes `fit` raise an error."""

  def install(error):
    def call(*_, **__):
      raise error
    monkeypatch.setattr(api, "fit", call)

  return install


def folder(tmp_path):
  """Writes the smallest folder of images that a source can open; returns its path."""
  from PIL import Image
  (tmp_path / "images").mkdir()
  Image.new("RGB", (8, 8)).save(tmp_path / "images" / "a.png")
  (tmp_path / "classes.txt").write_text("background\ncat\n")
  return str(tmp_path)


def test_fit_passes_on_what_was_given(calls, capsys):
  code = cli.main([
      "fit", "em_adapt_scenes", "--model_dir", "r", "--data_dir", "d", "--seeds", "1,2,3",
      "--strategy", "mirrored", "--params_override", "training.steps=5",
      "--params_override", "seed=2"])
  assert code == 0
  assert calls == [("fit", (), {
      "experiment": "em_adapt_scenes", "params_override": ["training.steps=5", "seed=2"],
      "model_dir": "r", "data_dir": "d", "seeds": [1, 2, 3], "strategy": "mirrored"})]
  printed = capsys.readouterr().out
  assert "mean_iou: 0.5000" in printed and "cat                  0.2500" in printed
  assert "dog                  -" in printed and "model_dir: r" in printed
  assert "confusion" not in printed


def test_several_seeds_are_printed_with_their_spread(monkeypatch, capsys):
  summary = {"mean_iou": {"mean": 0.5, "spread": 0.01, "values": [0.49, 0.5, 0.51]}}
  monkeypatch.setattr(api, "fit", lambda *_, **__: types.SimpleNamespace(
      metrics=summary, model_dir="r"))
  assert cli.main(["fit", "em_adapt_scenes", "--seeds", "1,2,3"]) == 0
  assert "mean_iou: 0.5000 +- 0.0100 (3 seeds)" in capsys.readouterr().out


def test_json_is_all_that_is_printed(monkeypatch, capsys):
  def fit(**_):
    print("the plan")
    return types.SimpleNamespace(metrics={"mean_iou": 0.5}, model_dir="r")

  monkeypatch.setattr(api, "fit", fit)
  assert cli.main(["fit", "em_adapt_scenes", "--json"]) == 0
  printed = capsys.readouterr()
  assert json.loads(printed.out) == {"metrics": {"mean_iou": 0.5}, "model_dir": "r"}
  assert printed.err == "the plan\n"


def test_evaluate_keeps_data_and_protocol_of_the_run(calls, capsys):
  assert cli.main(["evaluate", "runs/a"]) == 0
  assert calls == [("evaluate", (), {"target": "runs/a"})]
  assert "protocol_hash: abc" in capsys.readouterr().out


@pytest.mark.parametrize("flags, protocol", [
    (["--scales", "0.5,1"], {"scales": [0.5, 1.0]}),
    (["--flip"], {"flip": True}),
    (["--window=65,97", "--window_stride", "32,48", "--size=100,200"],
     {"window": [65, 97], "window_stride": [32, 48], "size": [100, 200]}),
    (["--crf", "deeplab_largefov"], {"crf": "deeplab_largefov"}),
    (["--crf", "bilateral_weight=4,bilateral_xy=60", "--flip"],
     {"crf": "bilateral_weight=4,bilateral_xy=60", "flip": True}),
    (["--inference-steps", "30"], {"inference_steps": 30}),
])
def test_protocol_flags(calls, flags, protocol):
  assert cli.main(["evaluate", "runs/a", "--split", "train", *flags]) == 0
  assert calls[0][2] == {"target": "runs/a", "split": "train", "protocol": protocol}
  assert cli.main(["predict", "runs/a", "b.jpg", "--output", "o", *flags]) == 0
  given = {"target": "runs/a", "inputs": ["b.jpg"], "output": "o", "protocol": protocol}
  assert calls[1][2] == given
  assert cli.main(["predict", "runs/a", "b.jpg", "--output", "o", "--trace", *flags]) == 0
  assert calls[2][2] == {**given, "trace": True}


def test_tune_crf_passes_everything_on_and_prints_what_to_paste(calls, capsys, monkeypatch):
  answer = {"crf": "bilateral_weight=5", "mean_iou": 0.5, "mean_iou_without": 0.25, "samples": 7,
            "table": [{"crf": "bilateral_weight=5", "mean_iou": 0.5}], "learned": False}
  monkeypatch.setattr(api, "tune_crf", lambda **given: (calls.append(given), answer)[1])
  assert cli.main(["tune-crf", "runs/a", "--output", "t.json", "--count=7", "--flip"]) == 0
  assert calls == [{"target": "runs/a", "count": 7, "protocol": {"flip": True},
                    "output": "t.json"}]
  printed = capsys.readouterr().out
  assert printed.endswith("crf: bilateral_weight=5\n") and "note" not in printed
  answer["learned"] = True
  assert cli.main(["tune-crf", "runs/a"]) == 0
  assert "has learned from these masks" in capsys.readouterr().out


def test_evaluate_on_a_folder_with_its_options(calls, tmp_path, capsys):
  assert cli.main(["evaluate", "runs/a", "--data", folder(tmp_path), "--json"]) == 0
  source = calls[0][2]["data"]
  assert source.classes == ("background", "cat")
  assert '"mean_iou": 0.5' in capsys.readouterr().out


def test_evaluate_on_the_data_of_an_experiment(calls, shared_data):
  places = str(shared_data("voc_animals").parent)
  assert cli.main(["evaluate", "runs/a", "em_adapt_voc_animals", "--data_dir", places]) == 0
  assert len(calls[0][2]["data"].ids("val")) == 295


def test_predict_and_export(calls, capsys):
  assert cli.main(["predict", "runs/a", "b.jpg", "c/*.png", "--output", "o"]) == 0
  assert cli.main(["export", "runs/a", "served"]) == 0
  assert [call[2] for call in calls] == [
      {"target": "runs/a", "inputs": ["b.jpg", "c/*.png"], "output": "o"},
      {"target": "runs/a", "base_dir": "served"}]
  assert capsys.readouterr().out == "2 predicted\nserved/3\n"


def test_check_data_answers_by_its_exit_code(calls, monkeypatch, tmp_path, capsys):
  photos = folder(tmp_path)
  assert cli.main(["check-data", photos, "--splits", "train,val", "--quick",
                   "--classes", "background,cat,dog"]) == 0
  given = calls[0][2]
  assert given.pop("data").num_classes == 3
  assert given == {"splits": ["train", "val"], "quick": True}
  bad = types.SimpleNamespace(ok=False, text=lambda: "b.png is broken")
  monkeypatch.setattr(api, "check_data", lambda *_, **__: bad)
  assert cli.main(["check-data", photos]) == 1
  assert capsys.readouterr().out == "all well\nb.png is broken\n"


def test_check_data_for_real(tmp_path, capsys):
  """Nothing is replaced here: images without any label would teach nothing."""
  assert cli.main(["check-data", folder(tmp_path)]) in (1, 2)
  captured = capsys.readouterr()
  assert "Traceback" not in captured.err and captured.out + captured.err


def test_experiments_are_listed_with_descriptions(capsys):
  assert cli.main(["experiments"]) == 0
  lines = capsys.readouterr().out.splitlines()
  assert any(line.startswith("em_adapt_scenes ") and "EM-Adapt" in line for line in lines)


def test_show_prints_what_would_run(capsys):
  assert cli.main(["show", "em_adapt_scenes", "--params_override=training.steps=7"]) == 0
  assert overrides.from_yaml(capsys.readouterr().out).as_dict() == overrides.resolve(
      "em_adapt_scenes", overrides="training.steps=7").as_dict()


@pytest.mark.parametrize("arguments, words", [
    (["show", "em_adapt_scene"], "Did you mean 'em_adapt_scenes'?"),
    (["show", "em_adapt_scenes", "--params_override", "training.stepz=3"], "'training.steps'"),
    (["show", "em_adapt_scenes", "--params_override", "training.steps=0"], "1 or more"),
    (["show"], "an experiment or a config_file"),
    (["fit"], "an experiment, a config_file, or a method"),
    (["fit", "--config_file", "nowhere.yaml", "--model_dir", "x"], "nowhere.yaml"),
    (["check-data", "no_such_folder"], "no_such_folder"),
    (["check-data", "em_adapt_scenes", "--masks", "m"], "masks with 'em_adapt_scenes'"),
    (["evaluate", "a", "--masks", "m"], "--data with these. Received: --masks"),
    (["fit", "a", "--seeds", "1,x"], "whole numbers between commas. Received: '1,x'"),
    (["evaluate", "a", "--scales", "big"], "numbers between commas. Received: 'big'"),
    (["prune", "a", "b", "--to", "half"], "one of the numbers. Received: 'half'"),
])
def test_mistakes_are_told_without_a_traceback(arguments, words, capsys, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  assert cli.main(arguments) == 2
  captured = capsys.readouterr()
  assert words in captured.err and "Traceback" not in captured.err
  assert captured.err.startswith(f"keras-weakseg {arguments[0]}: ")
  assert "Expected: " in captured.err and "Received: " in captured.err
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [
    ValueError("bad value"), OSError("disk full"), ArithmeticError("the term 'loss' is NaN"),
    errors.missing("No file.", expected="a", received="b", fix="c")])
def test_debug_shows_the_traceback(fails, capsys, error):
  fails(error)
  assert cli.main(["fit", "em_adapt_scenes"]) == 2
  assert str(error) in capsys.readouterr().err
  for arguments in (["--debug", "fit", "em_adapt_scenes"], ["fit", "em_adapt_scenes", "--debug"]):
    with pytest.raises(type(error)):
      cli.main(arguments)


def test_bugs_keep_their_traceback(fails):
  fails(TypeError("a bug of ours"))
  with pytest.raises(TypeError):
    cli.main(["fit", "em_adapt_scenes"])


def test_an_interruption_says_how_to_go_on(fails, capsys):
  fails(KeyboardInterrupt())
  assert cli.main(["fit", "em_adapt_scenes"]) == 130
  assert "continues" in capsys.readouterr().err


def test_nothing_is_kept_of_an_interrupted_prediction(monkeypatch, capsys):
  def stop(*_, **__):
    raise KeyboardInterrupt
  monkeypatch.setattr(api, "predict", stop)
  assert cli.main(["predict", "runs/em", "a.jpg", "--output", "out"]) == 130
  assert capsys.readouterr().err == "\nStopped.\n"
