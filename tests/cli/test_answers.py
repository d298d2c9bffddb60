"""What commands print, for people and as JSON."""
import pathlib
import types

import pytest

from keras_weakseg.cli import answers


@pytest.mark.parametrize("name, answer, text", [
    ("export", pathlib.Path("served/3"), "served/3"), ("show", "a: 1\n", "a: 1"),
    ("make_records", [pathlib.Path("r/train"), pathlib.Path("r/val")], "r/train\nr/val"),
    ("fit", types.SimpleNamespace(metrics={"mean_iou": 0.5}, model_dir="r"),
     "mean_iou: 0.5000\nmodel_dir: r"),
    ("fit", types.SimpleNamespace(until="depth", model_dir="r"),
     "stopped after the step 'depth'; without --until it goes on\nmodel_dir: r"),
    ("measure_label_maps", {"mean_iou": 0.5, "class_iou": {"cat": None}, "samples": 4},
     "mean_iou: 0.5000\n  cat                  -\nsamples: 4"),
    ("select", None, ""), ("predict", [{}, {}], "2 predicted"), ("fit", None, ""),
    ("suites", {"a/b": "Mine"}, "a/b  Mine"),
    ("tags_of_sentences", {"a": ["dog"], "b": ["cat", "dog"]},
     "  cat                  1\n  dog                  2\n2 images with tags")])
def test_answers_are_told(name, answer, text):
  assert answers.text(name, answer) == text


@pytest.mark.parametrize("answer, plain", [
    (pathlib.Path("a/b"), "a/b"), ([(1, 2.5), None], [[1, 2.5], None]),
    (types.SimpleNamespace(ok=False, problems=["p"], other=object()),
     {"ok": False, "problems": ["p"]}),
    (types.SimpleNamespace(metrics={"a": pathlib.Path("b")}, model_dir="r"),
     {"metrics": {"a": "b"}, "model_dir": "r"})])
def test_answers_become_json(answer, plain):
  assert answers.plain(answer) == plain
