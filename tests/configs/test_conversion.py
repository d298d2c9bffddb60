"""Typed writing: unknown keys and wrong types are found with their full path."""
import dataclasses
from typing import List, Optional, Tuple

import pytest

from official.modeling import hyperparams

from keras_weakseg.configs import conversion
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema


@dataclasses.dataclass
class Leaf(hyperparams.Config):
  width: int = 1
  names: Tuple[str, ...] = ()


@dataclasses.dataclass
class Choice(hyperparams.OneOfConfig):
  type: Optional[str] = "small"
  small: Leaf = dataclasses.field(default_factory=Leaf)
  large: Leaf = dataclasses.field(default_factory=lambda: Leaf(width=9))


@dataclasses.dataclass
class Tree(hyperparams.Config):
  rate: float = 0.5
  flag: bool = False
  text: str = ""
  maybe: Optional[int] = None
  sizes: Tuple[int, ...] = (1, 2)
  leaf: Leaf = dataclasses.field(default_factory=Leaf)
  maybe_leaf: Optional[Leaf] = None
  leaves: List[Leaf] = dataclasses.field(default_factory=lambda: [Leaf(width=1), Leaf(width=2)])
  choice: Choice = dataclasses.field(default_factory=Choice)


def changed(**changes):
  tree = Tree()
  conversion.apply(tree, changes)
  return tree


@pytest.mark.parametrize("key, given, kept", [
    ("rate", 2, 2.0), ("rate", 1e-3, 1e-3), ("flag", True, True), ("text", "5", "5"),
    ("maybe", 3, 3), ("maybe", None, None), ("sizes", [3, 4, 5], (3, 4, 5)), ("sizes", [], ()),
    ("sizes", {1: 7}, (1, 7)),
])
def test_values_take_the_type_of_the_field(key, given, kept):
  found = getattr(changed(**{key: given}), key)
  assert found == kept and type(found) is type(kept)


@pytest.mark.parametrize("key, given, expected, received", [
    ("rate", "fast", "a float", "'fast' (str)"),
    ("rate", True, "a float", "True (bool)"),
    ("rate", None, "a float", "None (NoneType)"),
    ("flag", 1, "true or false", "1 (int)"),
    ("text", 5, "a string", "5 (int)"),
    ("maybe", 1.5, "an int", "1.5 (float)"),
    ("maybe", True, "an int", "True (bool)"),
    ("sizes", 3, "a list", "3 (int)"),
    ("sizes", "12", "a list", "'12' (str)"),
    ("leaf", 3, "a section with keys width, names", "3 (int)"),
    ("leaves", {"width": 3}, "a list", "{'width': 3} (dict)"),
])
def test_wrong_types_name_key_expected_and_received(key, given, expected, received):
  with pytest.raises(ValueError) as caught:
    changed(**{key: given})
  message = str(caught.value)
  assert f"'{key}' has the wrong type" in message
  assert f"Expected: {expected}. Received: {received}." in message


@pytest.mark.parametrize("changes, path", [
    ({"leaf": {"width": "x"}}, "leaf.width"),
    ({"leaves": [{"width": 1}, {"width": "x"}]}, "leaves.1.width"),
    ({"leaves": {1: {"names": 3}}}, "leaves.1.names"),
    ({"sizes": [1, "x"]}, "sizes.1"),
    ({"choice": {"large": {"width": None}}}, "choice.large.width"),
])
def test_the_path_of_a_wrong_type_is_whole(changes, path):
  with pytest.raises(ValueError, match=f"'{path}' has the wrong type"):
    changed(**changes)


def test_sections_are_merged():
  tree = changed(leaf={"width": 5}, choice={"type": "large", "large": {"names": ["a"]}})
  assert (tree.leaf.width, tree.leaf.names) == (5, ())
  assert (tree.choice.get().width, tree.choice.get().names) == (9, ("a",))


def test_an_absent_section_is_made_and_removed():
  tree = changed(maybe_leaf={"width": 5})
  assert isinstance(tree.maybe_leaf, Leaf) and tree.maybe_leaf.width == 5
  conversion.apply(tree, {"maybe_leaf": None})
  assert tree.maybe_leaf is None


def test_lists_of_equal_length_are_merged_element_by_element():
  tree = changed(leaves=[{}, {"names": ["b"]}])
  assert [leaf.width for leaf in tree.leaves] == [1, 2]
  assert [leaf.names for leaf in tree.leaves] == [(), ("b",)]


@pytest.mark.parametrize("given, widths", [([{"width": 7}], [7]), ([], []),
                                           ([{}, {}, {"width": 3}], [1, 1, 3])])
def test_lists_of_another_length_are_replaced(given, widths):
  tree = changed(leaves=given)
  assert [leaf.width for leaf in tree.leaves] == widths
  assert all(isinstance(leaf, Leaf) for leaf in tree.leaves)


def test_single_elements_by_index():
  tree = changed(leaves={1: {"width": 8}})
  assert [leaf.width for leaf in tree.leaves] == [1, 8]
  with pytest.raises(ValueError, match="'leaves' has no element 2"):
    changed(leaves={2: {"width": 8}})
  with pytest.raises(ValueError, match="whole list"):
    conversion.apply(Tree(leaves=[]), {"leaves": {0: {"width": 8}}})
  with pytest.raises(ValueError, match="supervision: mask, batch_size: 2"):
    conversion.apply(registry.build("own_data"), {"data": {"parts": {0: {"batch_size": 2}}}})


def test_sections_given_as_configs_are_copied():
  leaf = Leaf(width=4)
  tree = changed(leaf=leaf)
  tree.leaf.width = 5
  assert leaf.width == 4


def test_defaults_of_other_instances_stay():
  changed(leaf={"width": 5}, leaves={0: {"width": 9}}, sizes={0: 9})
  assert Tree().as_dict() == changed().as_dict()


@pytest.mark.parametrize("changes, key, nearest", [
    ({"rat": 1.0}, "rat", "rate"),
    ({"leaf": {"widht": 1}}, "leaf.widht", "leaf.width"),
    ({"leaves": {0: {"nmes": []}}}, "leaves.0.nmes", "leaves.0.names"),
    ({"names": ["a"]}, "names", "leaf.names"),
    ({"_locked": True}, "_locked", None),
    ({"zzzzzz": 1}, "zzzzzz", None),
])
def test_unknown_keys_fail_with_full_path_and_nearest_name(changes, key, nearest):
  with pytest.raises(ValueError) as caught:
    changed(**changes)
  message = str(caught.value)
  assert f"There is no configuration key '{key}'" in message
  assert (f"Did you mean '{nearest}'?" in message) == (nearest is not None)


def test_a_key_of_a_choice_not_taken_is_suggested_last():
  experiment = schema.Experiment(method=schema.Method(type="em_fixed"))
  with pytest.raises(ValueError, match="Did you mean 'method.em_fixed.censor_absent'"):
    conversion.apply(experiment, {"censor_absent": True})
  with pytest.raises(ValueError, match="Did you mean 'method.em_adapt.iterations'"):
    conversion.apply(experiment, {"iterations": 3})


def test_a_type_must_be_one_of_the_choices():
  with pytest.raises(ValueError, match="'choice.type' 'smal'") as caught:
    changed(choice={"type": "smal"})
  assert "Did you mean 'small'?" in str(caught.value)


def test_the_file_is_named():
  with pytest.raises(ValueError, match="mine.yaml"):
    conversion.apply(Tree(), {"rat": 1}, where="mine.yaml")


def test_model_garden_sections_are_checked_too():
  experiment = schema.Experiment()
  conversion.apply(experiment, {"training": {"optimization": {
      "learning_rate": {"type": "stepwise", "stepwise": {"boundaries": [5], "values": [1, 0.1]}}}}})
  assert experiment.training.optimization.learning_rate.get().values == [1.0, 0.1]
  with pytest.raises(ValueError, match="stepwise.boundaries.0' has the wrong type"):
    conversion.apply(experiment, {"training": {"optimization": {
        "learning_rate": {"stepwise": {"boundaries": [0.5]}}}}})


@pytest.mark.parametrize("field", ["classes", "groups", "reads", "derived"])
def test_a_text_is_no_list_of_its_letters(field):
  experiment = schema.Experiment()
  experiment.data.sources = [schema.Source(path="a"), schema.Source(path="b", name="c")]
  conversion.check_lists(experiment)
  setattr(experiment.data.sources[1], field, ("dog",))
  conversion.check_lists(experiment)
  setattr(experiment.data.sources[1], field, "dog")
  with pytest.raises(ValueError, match=rf"(?s)data.sources.1.{field}.*such as \['dog'\]"):
    conversion.check_lists(experiment)


@pytest.mark.parametrize("name, key, meant", [
    ("training", "stpes", "steps"), ("method", "em_fixde", "em_fixed"), ("data", "part", "parts")])
def test_an_attribute_that_is_no_key_is_refused_in_python_too(name, key, meant):
  section = getattr(schema.Experiment(), name)
  with pytest.raises(ValueError, match=f"(?s)no configuration key '{key}'.*mean '{meant}'"):
    setattr(section, key, 5)
  assert not hasattr(section, key)
