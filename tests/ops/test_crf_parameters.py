"""Parameter sets: the published numbers, one text per set, and what is refused."""
import dataclasses

import pytest

from keras_weakseg.ops import crf_parameters
from keras_weakseg.ops.crf_parameters import CrfParameters


@pytest.mark.parametrize("name, numbers, normalization", [
    ("deeplab_largefov", (4, 49, 5, 3, 3), "after"), ("deeplab_msc", (3, 95, 3, 3, 3), "after"),
    ("deeplab_coco", (5, 67, 3, 3, 3), "after"), ("deeplab_v2", (5, 21, 3, 4, 1), "after"),
    ("deeplab_largefov_released", (4, 121, 5, 3, 3), "after"),
    ("deeplab_coco_released", (5, 69, 5, 3, 3), "after"),
    ("deeplab_msc_coco_released", (4, 59, 5, 3, 3), "after"),
    ("deeplab_largefov_layer", (5, 50, 10, 3, 3), "after"),
    ("deeplab_v2_pytorch", (4, 67, 3, 3, 1), "symmetric"),
    ("bbox_seg", (45, 37, 3, 15, 3), "after"), ("cam", (10, 80, 13, 3, 3), "symmetric"),
])
def test_published_numbers(name, numbers, normalization):
  found = CrfParameters.parse(name)
  assert dataclasses.astuple(found) == (*map(float, numbers), 10, normalization)


def test_the_default_is_largefov():
  assert CrfParameters() == crf_parameters.NAMED["deeplab_largefov"]


@pytest.mark.parametrize("name", crf_parameters.NAMED)
def test_a_published_set_is_called_by_its_name(name):
  published = CrfParameters.parse(name)
  assert published.text() == name
  written = ",".join(f"{key}={value}" for key, value in published.as_dict().items())
  assert CrfParameters.parse(written).text() == name


@pytest.mark.parametrize("text", [
    "bilateral_weight=5,bilateral_xy=33.5,bilateral_rgb=4,spatial_weight=3,spatial_xy=3,"
    "iterations=10,normalization=after",
    " bilateral_xy = 33.5 , bilateral_weight=5.0,bilateral_rgb=4e0",
])
def test_one_text_for_equal_parameters(text):
  assert CrfParameters.parse(text).text() == (
      "bilateral_weight=5,bilateral_xy=33.5,bilateral_rgb=4,spatial_weight=3,spatial_xy=3,"
      "iterations=10,normalization=after")


def test_text_is_read_back():
  odd = CrfParameters(1 / 3, 7.25, 0.1, 0, 2, 3, "none")
  assert CrfParameters.parse(odd.text()).text() == odd.text()
  assert CrfParameters.parse(CrfParameters(2.5).text()) == CrfParameters(2.5)


@pytest.mark.parametrize("text, words", [
    ("deeplab_lagefov", "Did you mean 'deeplab_largefov'"),
    ("bilateral_weigth=3", "Did you mean 'bilateral_weight'"),
    ("bilateral_xy=wide", "bilateral_xy is no number.*\n.*Received: 'wide'"),
    ("bilateral_xy=0", "bilateral_xy cannot be used.*\n.*a number > 0"),
    ("spatial_weight=-1", "spatial_weight cannot be used.*\n.*a number >= 0"),
    ("bilateral_weight=nan", "bilateral_weight cannot be used"),
    ("iterations=2.5", "whole number"), ("iterations=-1", "iterations cannot be used"),
    ("normalization=aftr", "Did you mean 'after'"),
    ("bilateral_xy=3,", "There is no parameter of a CRF ''"),
])
def test_texts_that_are_refused(text, words):
  with pytest.raises(ValueError, match=words):
    CrfParameters.parse(text)


def test_numbers_of_any_kind_are_floats():
  import numpy as np
  parameters = CrfParameters(np.float32(2), 3, np.int64(4))
  assert [type(value) for value in dataclasses.astuple(parameters)[:3]] == [float] * 3
  with pytest.raises(ValueError, match="cannot be used"):
    CrfParameters("4")
