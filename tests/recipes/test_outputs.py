"""What a finished step hands on."""
import dataclasses
import json

import pytest

from keras_weakseg.derived import results
from keras_weakseg.methods import context as contexts
from keras_weakseg.networks import registry as networks
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import outputs


RECORD = {
    "phase": "train", "data": "", "classes": ["background", "dog"],
    "palette": [[0, 0, 0], [9, 9, 9]], "head": heads.Head(("background", "dog")).as_dict(),
    "network": dataclasses.asdict(networks.network_record("light_tiny"))}


def write_record(folder, **changes):
  (folder / "record.json").write_text(json.dumps({**RECORD, **changes}))


@pytest.fixture
def step(tmp_path):
  """Returns the outputs of a step with two networks that chose ids."""
  record = networks.network_record("light_tiny")
  built = {"segmenter": contexts.Built(None, record),
           "teacher": contexts.Built(None, record, architecture="{}")}
  outputs.write_networks(tmp_path, built, heads.Head(("background", "dog")))
  results.write(tmp_path, {"ids": ["a", "b"], "identity": "0123"})
  return outputs.Outputs("first", str(tmp_path))


def test_weights_are_found_by_the_name_of_the_network(step):
  path, head = step.weights()
  assert path.endswith("segmenter.npz") and head.classes == ("background", "dog")
  assert step.weights("teacher")[0].endswith("teacher.npz")
  assert (step.architecture(), step.architecture("teacher")) == ("", "{}")
  with pytest.raises(ValueError, match="Did you mean 'teacher'"):
    step.weights("teachr")


def test_a_reference_names_a_step_and_maybe_a_network(step):
  assert outputs.find({"first": step}, "first") == (step, "")
  assert outputs.find({"first": step}, "first/teacher") == (step, "teacher")


def test_ids_and_identity_are_those_of_the_marker(step):
  assert step.ids == ("a", "b") and step.identity == "0123"


def test_what_is_not_there_is_told(tmp_path):
  empty = outputs.Outputs("later", str(tmp_path))
  with pytest.raises(FileNotFoundError, match="step 'later' is not finished"):
    empty.ids  # pylint: disable=pointless-statement
  with pytest.raises(FileNotFoundError, match="has no trained networks"):
    empty.weights()
  results.write(tmp_path, {"steps": 3})
  with pytest.raises(ValueError, match="chose no ids"):
    empty.ids  # pylint: disable=pointless-statement


def test_a_run_leaves_what_its_last_step_did(step, tmp_path):
  assert outputs.of_run(tmp_path / "nowhere") is None
  write_record(tmp_path, phase="")
  known = outputs.of_run(tmp_path)
  assert known.weights()[1].classes == ("background", "dog") == step.weights()[1].classes
  write_record(tmp_path)
  assert outputs.of_run(tmp_path).directory == str(tmp_path / "train")


@pytest.mark.parametrize("place, value", [
    ("phase", ".."), ("phase", "../other"), ("phase", "/etc"), ("phase", None),
    ("head", {}), ("head", {"classes": "abc", "mode": "slice"}), ("network", {"name": "x"}),
    ("network", {**RECORD["network"], "multiple": 10 ** 9}), ("palette", [[0, 0]]),
    ("palette", [[0, 0, 300]]), ("classes", None), ("data", 3),
    ("network", {**RECORD["network"], "role": "depth"}),
    ("network", {**RECORD["network"], "role": "tags"})])
def test_a_record_that_fit_did_not_write_is_refused(tmp_path, place, value):
  write_record(tmp_path, **{place: value})
  with pytest.raises(ValueError, match="(?s)record.json' is damaged.*Run fit"):
    outputs.of_run(tmp_path)


@pytest.mark.parametrize("networks_of", [
    {}, [], {"../../evil": {"record": RECORD["network"]}}, {"a": None}, {"a": {}},
    {"a": {"record": RECORD["network"], "head": "x"}},
    {"a": {"record": RECORD["network"], "architecture": [1]}}])
def test_a_damaged_record_of_networks_is_refused(tmp_path, networks_of):
  (tmp_path / "networks.json").write_text(json.dumps(networks_of))
  with pytest.raises(ValueError, match="(?s)record of networks.*cannot be read"):
    outputs.Outputs("first", str(tmp_path)).weights()
