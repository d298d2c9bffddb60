"""References to other rows, seeds and the data."""
import pytest

from keras_weakseg.benchmark import references
from keras_weakseg.benchmark import suite


def test_references_are_found_and_filled_at_any_depth():
  values = {"a": "{row:x}/f.npz", "b": ["{row:y}", 3, {"c": "s{seed}:{data_dir}"}], "d": "{row:x}"}
  assert references.rows_of(values) == ["x", "y"]
  filled = references.expanded(values, lambda key: f"runs/{key}", None, 4, "photos")
  assert filled == {"a": "runs/x/f.npz", "b": ["runs/y", 3, {"c": "s4:photos"}], "d": "runs/x"}


def test_a_row_alone_stands_for_the_weights_of_the_network_that_starts():
  values = {"network": {"pretrained": "{row:a}"}, "networks.pose.pretrained": "{row:b}",
            "steps.0.network.pretrained": "{row:c}/train/x.npz",
            "data.sources.0.disparity": "{row:d}"}
  assert references.weights_of(values) == [("a", ""), ("b", "pose")]
  filled = references.expanded(
      values, lambda key: f"runs/{key}", lambda key, network: f"{key}-{network}.npz", 4, None)
  assert filled == {"network": {"pretrained": "a-.npz"}, "networks.pose.pretrained": "b-pose.npz",
                    "steps.0.network.pretrained": "runs/c/train/x.npz",
                    "data.sources.0.disparity": "runs/d"}


def test_steps_that_are_taken_come_before_but_decide_nothing():
  row = suite.Row("z", experiment="x", start={"a": "{row:x}"}, from_run="{row:y}")
  assert references.upstream(row) == ["x", "y"] and references.decisive(row) == ["x"]


def test_a_row_comes_after_what_it_is_of_and_starts_from():
  row = suite.Row("z", of="y", start={"a": "{row:x}"})
  assert references.upstream(row) == ["y", "x"]


def test_unknown_references_and_data_that_is_not_known():
  with pytest.raises(ValueError, match="Did you mean 'data_dir'"):
    references.rows_of("{data_di}")
  with pytest.raises(ValueError, match="where data lies"):
    references.expanded("{data_dir}", None, None, 1, None)
