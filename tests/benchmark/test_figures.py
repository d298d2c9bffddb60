"""Figures are found in records, scaled, and printed with their spread."""
import math

import pytest

from keras_weakseg.benchmark import figures

RECORD = {"figures": {"mean_iou": 0.4256, "class_iou": {"cat": 0.1, "dog": None, "owl": 0.3},
                      "notes": "text", "flag": True, "nan": math.nan}}


@pytest.mark.parametrize("name, expected", [
    ("mean_iou", 42.56), ("class_iou.cat", 10.0), ("class_iou.dog", None), ("class_iou.cow", None),
    ("class_iou.cat+owl", 20.0), ("class_iou.cat+dog", None), ("class_iou.cat+cow", None),
    ("class_iou", None), ("notes", None), ("flag", None), ("nan", None), ("mean_iou.x", None)])
def test_values_are_numbers_or_unknown(name, expected):
  found = figures.value(RECORD, figures.figure(name))
  assert found == (None if expected is None else pytest.approx(expected))


def test_nothing_is_known_of_what_is_missing():
  assert figures.value(None, figures.figure("mean_iou")) is None


def test_cells_have_the_sample_deviation():
  assert figures.cell([10.0, 20.0, 30.0], 1) == "20.0 ± 10.0"
  assert figures.cell([0.1], 3) == "0.100" and figures.cell([], 1) == "-"
