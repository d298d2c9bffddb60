"""What a pruned run costs beside the whole network, and that passes are counted."""
import pytest

from keras_weakseg.benchmark import measures
from keras_weakseg.benchmark import network_costs
from keras_weakseg.framework import keras
import keras_weakseg as kw


def test_a_whole_network_is_all_of_itself_and_a_pruned_one_is_less(tiny_run, tmp_path):
  whole = network_costs.of_run(tiny_run.model_dir, size=(33, 65), rounds=2)
  assert whole["flops_share"] == 1 and whole["pass_ms"] > 0 and whole["pass_share"] > 0
  small = kw.prune(tiny_run, tmp_path / "small", to=0.5, size=(33, 65), progress=False)
  call = measures.Call(small.model_dir, None, "", {}, {"size": (33, 65), "rounds": 1}, None)
  found = measures.MEASURES["network_cost"](call)
  assert found["parameters"] < 0.5 * whole["parameters"]
  assert found["flops"] == pytest.approx(found["flops_share"] * whole["flops"])
  assert 0.2 < found["flops_share"] < 0.6


def test_every_network_passes_in_every_round():
  image = keras.Input((None, None, 4))
  model = keras.Model(image, keras.layers.Conv2D(2, 1)(image))
  found = network_costs.seconds((model, model), (8, 9), 3)
  assert [len(values) for values in found] == [3, 3] and min(map(min, found)) > 0
