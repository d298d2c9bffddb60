"""The section of what a step makes: every registered maker, with its options."""
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.derived import registry


def test_every_maker_is_a_choice_and_none_is_taken():
  section = schema.Make()
  assert section.type is None and set(registry.MAKERS) <= set(vars(section))
  made = schema.make("disparity_maps", bits=8)
  assert made.options() == {"source": "", "split": "train", "normalise": "none", "bits": 8,
                            "size": ()}


def test_a_step_that_makes_says_no_more_than_that(tmp_path):
  config = overrides.resolve("own_data")
  config.steps = [schema.Step(name="maps", make=schema.make("box_labels"), reads=("a",))]
  text = overrides.to_yaml(config)
  assert set(config.as_dict()["steps"][0]) == {"name", "make", "reads"}
  assert overrides.from_yaml(text).as_dict() == config.as_dict()
