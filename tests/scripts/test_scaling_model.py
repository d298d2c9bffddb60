"""The scaling model: closed forms of the ring, what overlap hides, counted gradients, its page."""
import importlib.machinery
import importlib.util
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model():
  loader = importlib.machinery.SourceFileLoader("scaling_model", str(
      ROOT / "scripts" / "scaling_model"))
  module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
  loader.exec_module(module)
  return module


def test_the_ring_sends_every_byte_almost_twice(model):
  link = {"size": 8e9, "bandwidth": 1e9, "latency": 0.0}
  assert [model.reduce_seconds(count, **link) for count in (1, 2, 4, 8)] == [0, 8, 12, 14]
  assert model.reduce_seconds(10 ** 9, **link) == pytest.approx(16)
  # 2 (N - 1) hops of every collective.
  assert model.reduce_seconds(5, 0, 1e9, latency=0.25, collectives=3) == 3 * 8 * 0.25


def test_a_step_waits_for_what_is_not_hidden(model):
  link = {"size": 8e9, "bandwidth": 1e9, "latency": 0.0}
  steps = lambda overlap: [model.step_seconds(count, 10.0, overlap, **link) for count in (1, 2, 8)]
  assert steps(0.0) == [10, 18, 24]
  assert steps(0.5) == [10, 13, 19]
  assert steps(1.0) == [10, 10, 14]


def test_the_table_has_rates_and_efficiency(model, capsys):
  model.main(["--seconds", "0.1", "--batch", "4", "--parameters", "25000000", "--bandwidth", "1",
              "--latency", "0"])
  text = capsys.readouterr().out
  assert "100.0 MB of gradients" in text
  rows = {cells[0]: cells[1:] for cells in re.findall(
      r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) % \|$", text, re.MULTILINE)}
  assert rows["1"] == ("0.0", "100.0", "40.0", "100.0")
  assert rows["2"] == ("100.0", "200.0", "40.0", "50.0")  # Two are no faster than one.
  assert list(map(int, rows)) == list(model.DEVICES)


@pytest.mark.parametrize("wrong", [
    ["--seconds", "0"], ["--overlap", "1.5"], ["--latency", "-1"], ["--batch", "0"],
    ["--experiment", "unet_scenes"]])
def test_what_is_out_of_range_is_refused(model, wrong, capsys):
  with pytest.raises(SystemExit):
    model.main(["--seconds", "1", "--parameters", "5", *wrong])
  assert wrong[0] in capsys.readouterr().err


def test_gradients_are_those_of_the_network_that_learns(model):
  """A teacher has none: the mean teacher sends what its student alone sends."""
  from keras_weakseg.networks import registry as networks
  from keras_weakseg.configs import registry
  config = registry.build("mean_teacher_scenes").network
  network = networks.build_network(config.type, (None, None, 3), 4, **config.get().as_dict())
  wanted = sum(variable.shape.num_elements() for variable in network.trainable_variables)
  assert model.parameters_of("mean_teacher_scenes", 4) == wanted > 0


def test_the_tables_of_the_page_are_those_of_its_commands(model, capsys):
  page = (ROOT / "docs" / "distributed.md").read_text()
  shown = re.findall(r"```sh\n.*scripts/scaling_model (.*)\n```\n\n(.*: ([\d,]+) parameters.*"
                     r"\n\n(?:\|.*\n)+)", page)
  assert len(shown) == 2
  for command, text, parameters in shown:
    words = command.split()
    place = words.index("--experiment")  # Counted once, by hand: the networks are large.
    words[place:place + 2] = ["--parameters", parameters.replace(",", "")]
    model.main(words)
    printed = capsys.readouterr().out
    assert printed.partition(": ")[2] == text.partition(": ")[2]
