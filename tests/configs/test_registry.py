"""Experiments are found by name, ours and Model Garden's way."""
import pathlib
import subprocess
import sys

import pytest

from official.core import exp_factory

from keras_weakseg.configs import overrides
from keras_weakseg.configs import own_data
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "official_configs"
# Suites of runs lie in folders of their own.
FILES = sorted(path for path in CONFIGS.glob("*/*.yaml") if path.parent.name != "suites")


@pytest.mark.parametrize("name", registry.experiments())
def test_model_garden_finds_ours(name):
  experiment = exp_factory.get_exp_config(name)
  assert isinstance(experiment, schema.Experiment)
  assert experiment.as_dict() == registry.build(name).as_dict()
  assert experiment.name == name and experiment.description == registry.descriptions()[name]


def test_every_call_gives_a_fresh_config():
  first = registry.build("em_adapt_scenes")
  first.method.em_adapt.iterations = 99
  first.data.parts[0].batch_size = 99
  second = registry.build("em_adapt_scenes")
  assert second.method.em_adapt.iterations == 5 and second.data.parts[0].batch_size != 99


def test_unknown_names_give_the_nearest():
  with pytest.raises(ValueError, match="Did you mean 'em_adapt_voc12'"):
    registry.build("em_adpt_voc12")


def test_a_name_is_registered_once():
  with pytest.raises(KeyError, match="multiple times"):
    registry.register("em_adapt_scenes", "again")(schema.Experiment)
  assert registry.descriptions()["em_adapt_scenes"] != "again"


def test_descriptions_fit_a_line():
  assert list(registry.descriptions()) == registry.experiments() == sorted(registry.experiments())
  for name, description in registry.descriptions().items():
    assert 10 < len(description) <= 80 and not description.endswith("."), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_say_what_is_registered(path):
  """The file is what people read; it and the registered function must not drift apart."""
  assert overrides.resolve(str(path)).as_dict() == registry.build(path.stem).as_dict()


def test_every_experiment_has_a_file():
  assert {path.stem for path in FILES} == set(registry.experiments()) - {
      "own_data", *own_data.BY_METHOD.values()}


def test_importing_configs_is_light():
  code = ("import sys, tensorflow, official.core.exp_factory; before = set(sys.modules);"
          "import keras_weakseg.configs.overrides;"
          "print([name for name in set(sys.modules) - before if name.split('.')[0] in"
          " ('cv2', 'tensorflow_datasets', 'skimage', 'scipy', 'matplotlib')"
          " or name.startswith('official.vision')])")
  found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         cwd=CONFIGS.parent)
  assert found.stdout.strip() == "[]"


# === Recipes ===


@pytest.fixture
def recipe(monkeypatch):
  """Registers a recipe of two options."""
  from keras_weakseg.options import Count
  known = {}
  monkeypatch.setattr(registry, "_RECIPES", known)

  @registry.register_recipe("twice")
  def twice(*, steps: Count = 3, weak: tuple = ()):
    """Trains twice."""
    experiment = registry.build("own_data")
    experiment.training.steps = steps * max(1, len(weak))
    return experiment

  return twice


def test_recipes_take_their_own_options(recipe):
  assert registry.recipes() == {"twice": "Trains twice."}
  experiment = registry.build_recipe("twice", {"steps": 5, "weak": ("dog", "horse")})
  assert (experiment.name, experiment.training.steps) == ("twice", 10)


@pytest.mark.parametrize("name, options, words", [
    ("twise", {}, "no recipe 'twise'"), ("twice", {"stps": 1}, "Did you mean 'steps'"),
    ("twice", {"steps": 0}, "(?s)'steps' of the recipe 'twice'.*1 or more"),
    ("twice", {"weak": "dog"}, r"(?s)one text.*Pass weak=\['dog'\]")])
def test_mistakes_of_recipes_are_named(recipe, name, options, words):
  with pytest.raises(ValueError, match=words):
    registry.build_recipe(name, options)


def test_a_recipe_needs_data_and_stands_alone(recipe, tmp_path):
  import keras_weakseg as kw
  with pytest.raises(ValueError, match="(?s)nothing to train on.*data with recipe"):
    kw.fit(recipe="twice", model_dir=tmp_path / "run")
  with pytest.raises(ValueError, match="a recipe alone"):
    kw.fit("own_data", recipe="twice", model_dir=tmp_path / "run")
  with pytest.raises(ValueError, match="(?s)argument of fit 'step'|no argument of fit"):
    kw.fit("own_data", model_dir=tmp_path / "run", step=3)
