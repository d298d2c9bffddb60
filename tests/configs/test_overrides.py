"""Name, YAML files and overrides become one experiment, and it survives YAML exactly."""
import pathlib

import pytest
import yaml

from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

NAME = "em_semi_scenes"


def write(tmp_path, content, name="mine.yaml"):
  path = tmp_path / name
  path.write_text(content)
  return str(path)


def test_layers_win_in_order(tmp_path):
  first = write(tmp_path, "seed: 2\ntraining: {log_every: 2, keep: 2}\n", "first.yaml")
  second = write(tmp_path, "training: {log_every: 3, keep: 3}\n", "second.yaml")
  experiment = overrides.resolve(NAME, [first, second], "training.keep=4")
  assert (experiment.seed, experiment.training.log_every, experiment.training.keep) == (2, 3, 4)
  assert experiment.method.as_dict() == registry.build(NAME).method.as_dict()


def test_nothing_given_is_the_registered_experiment():
  assert overrides.resolve(NAME).as_dict() == registry.build(NAME).as_dict()


def test_no_name_is_the_default():
  assert overrides.resolve().as_dict() == schema.Experiment().as_dict()


def test_a_file_may_name_its_base(tmp_path):
  path = write(tmp_path, f"experiment: {NAME}\nseed: 7\n")
  for experiment in (overrides.resolve(path), overrides.resolve(yaml=path),
                     overrides.resolve(NAME, path), overrides.resolve(pathlib.Path(path))):
    assert experiment.seed == 7 and experiment.name == NAME
  with pytest.raises(ValueError, match="starts from another experiment"):
    overrides.resolve("em_adapt_scenes", path)


def test_a_file_without_base_starts_from_the_defaults(tmp_path):
  experiment = overrides.resolve(write(tmp_path, "seed: 7\n"))
  assert experiment.seed == 7 and experiment.name == ""


def test_an_experiment_is_copied():
  given = registry.build(NAME)
  experiment = overrides.resolve(given, overrides="seed=9,data.parts.0.count=3")
  assert (experiment.seed, experiment.data.parts[0].count) == (9, 3)
  assert given.as_dict() == registry.build(NAME).as_dict()


@pytest.mark.parametrize("name", registry.experiments())
def test_yaml_round_trip_is_exact(name):
  experiment = registry.build(name)
  content = overrides.to_yaml(experiment)
  back = overrides.from_yaml(content)
  assert back.as_dict() == experiment.as_dict()
  assert overrides.to_yaml(back) == content
  # Any YAML reader can read it: no tags of Python.
  assert yaml.safe_load(content)["name"] == name and "!!" not in content


def test_round_trip_keeps_what_is_hard_for_yaml(tmp_path):
  experiment = overrides.resolve(NAME, overrides={
      "description": "µ: 'x' # y, 1e-3", "name": "007", "training.weight_decay": 1e-300,
      "data.sources.0.classes": ["yes", "null", "1"], "training.multipliers": [
          {"pattern": r"^fc8\[.*\]: \"x\"", "learning_rate": 0.1 + 0.2}]})
  path = write(tmp_path, overrides.to_yaml(experiment))
  assert overrides.resolve(path).as_dict() == experiment.as_dict()
  assert overrides.from_yaml(overrides.to_yaml(experiment)).as_dict() == experiment.as_dict()
  assert type(overrides.resolve(path).data.augmentation.crop) is tuple


def test_a_run_keeps_its_numbers_when_read_back():
  """The schedule of a resolved file is its own: reading must not stretch it again."""
  experiment = overrides.resolve("em_semi_200_voc12", overrides="training.steps=60")
  assert experiment.training.optimization.learning_rate.get().boundaries == [20, 40]
  back = overrides.from_yaml(overrides.to_yaml(experiment))
  assert back.training.optimization.learning_rate.get().boundaries == [20, 40]


@pytest.mark.parametrize("given", [
    "data.parts.0.count=100", "data.parts[0].count=100", {"data.parts.0.count": 100},
    {"data": {"parts": {0: {"count": 100}}}}, {"data": {"parts": [{"count": 100}, {}]}},
    "data:\n  parts:\n    0: {count: 100}\n",
])
def test_parts_by_index(given):
  parts = overrides.resolve(NAME, overrides=given).data.parts
  assert [part.count for part in parts] == [100, 0]
  assert [part.supervision for part in parts] == ["mask", "tags"]


def test_parts_of_another_length_are_replaced_whole():
  parts = overrides.resolve(NAME, overrides={"data.parts": [{"split": "val"}]}).data.parts
  assert [part.as_dict() for part in parts] == [schema.Part(split="val").as_dict()]


@pytest.mark.parametrize("given, words", [
    ("method.em_fixed.bias=3", ["'method.em_fixed.bias'", "method.em_fixed.background_bias"]),
    ("training.stepz=3", ["'training.stepz'", "Did you mean 'training.steps'?"]),
    ("experiment=x", ["'experiment'"]),
    ("training.steps=many", ["'training.steps'", "an int", "'many' (str)"]),
    ("network.type=vgg16_largefov", ["'network.type'", "Did you mean 'largefov_vgg16'?"]),
    ("method.em_adapt.iterations=3", ["would have no effect", "method.type=em_adapt"]),
    ("evaluation.protocol.scales=1.0", ["'evaluation.protocol.scales'", "a list", "1.0"]),
])
def test_mistakes_are_found_with_their_place(given, words):
  with pytest.raises(ValueError) as caught:
    overrides.resolve(NAME, overrides=given)
  for word in words + ["Expected: ", "Received: "]:
    assert word in str(caught.value)


def test_changing_the_choice_gives_effect_to_its_keys():
  experiment = overrides.resolve(
      NAME, overrides="method.type=em_adapt,method.em_adapt.iterations=3")
  assert experiment.method.get().iterations == 3


def test_a_choice_of_a_file_may_be_left_by_an_override(tmp_path):
  path = write(tmp_path, "method: {type: em_adapt, em_adapt: {iterations: 9}}")
  assert overrides.resolve(NAME, path, "method.type=supervised").method.type == "supervised"


def test_mistakes_in_a_file_name_the_file(tmp_path):
  path = write(tmp_path, "training: {stepz: 3}")
  with pytest.raises(ValueError, match=r"'training.stepz' \(.*mine.yaml\)"):
    overrides.resolve(NAME, path)


def test_a_missing_file_is_an_error_of_the_house():
  with pytest.raises(FileNotFoundError, match="Expected: a YAML file. Received: .*nowhere.yaml"):
    overrides.resolve("nowhere.yaml")


def test_unknown_experiments_give_the_nearest():
  with pytest.raises(ValueError, match="Did you mean 'em_adapt_scenes'"):
    overrides.resolve("em_adapt_scene")


STEPS = """
data: {sources: [{name: a, path: x}], parts: [{source: a}]}
method: {type: supervised}
steps:
- {name: first, parts: [{source: a}], method: {type: supervised}, training: {steps: %d}}
"""


def decay(experiment):
  return [stage.training.optimization.learning_rate.get().decay_steps
          for stage in experiment.steps]


def test_schedules_of_steps_in_a_list_follow_their_steps(tmp_path):
  """They did for `steps.0.training.steps` alone: a listed step kept a schedule of 6000 steps."""
  experiment = overrides.resolve("own_data", write(tmp_path, STEPS % 40))
  assert decay(overrides.validate(experiment)) == [40]
  assert decay(overrides.resolve(experiment, write(tmp_path, STEPS % 50))) == [50]
  assert decay(overrides.resolve(experiment, overrides="steps.0.training.steps=60")) == [60]


def test_experiments_of_steps_survive_yaml(tmp_path):
  experiment = overrides.resolve("own_data", write(tmp_path, STEPS % 40))
  experiment.steps[0].training.optimization.learning_rate.get().decay_steps = 33
  again = overrides.from_yaml(overrides.to_yaml(experiment))
  assert again.as_dict() == experiment.as_dict() and decay(again) == [33]


def test_class_names_in_one_text_are_refused_wherever_they_come_from():
  for given in ("data: {sources: [{path: photos, classes: dog}]}",
                "{data: {sources: [{classes: d}]}}"):
    with pytest.raises(ValueError, match=r"(?s)data.sources.0.classes.*a list"):
      overrides.from_yaml(given)
  experiment = overrides.from_yaml("data: {sources: [{path: photos, classes: [background, dog]}]}")
  overrides.validate(experiment)
  experiment.data.sources[0].classes = "dog"
  with pytest.raises(ValueError, match=r"(?s)data.sources.0.classes.*\['dog'\]"):
    overrides.validate(experiment)
