"""The small experiments with boxes: they differ from each other in labels and method alone."""
import pytest

from keras_weakseg.configs import em_animals
from keras_weakseg.configs import em_boxes_small
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

METHODS = tuple(em_boxes_small.METHODS)


def without(name, *keys):
  values = registry.build(name).as_dict()
  for key in (*keys, "name", "description"):
    values.pop(key)
  return values


def parts(name):
  return registry.build(name).data.parts


def test_the_rows_are_there():
  known = set(registry.experiments())
  for method in METHODS:
    assert {f"{method}_voc_animals", f"{method}_semi_100_voc_animals", f"{method}_scenes"} <= known
  assert {"supervised_100_voc_animals_boxes", "supervised_voc_animals_boxes"} <= known


@pytest.mark.parametrize("form", ["{}_voc_animals", "{}_semi_100_voc_animals", "{}_scenes"])
def test_methods_differ_in_the_method_only(form):
  names = [form.format(method) for method in METHODS]
  assert [registry.build(name).method.type for name in names] == list(METHODS)
  first, *others = (without(name, "method") for name in names)
  assert all(other == first for other in others)


@pytest.mark.parametrize("name, steps", [
    ("bbox_em_fixed_voc_animals", em_animals.STEPS), ("bbox_em_fixed_scenes", em_scenes.STEPS)])
def test_an_e_step_from_boxes_alone_starts_from_bbox_rect(name, steps):
  """As many steps as the other rows, under one schedule: half of them before the E-step."""
  experiment = overrides.validate(registry.build(name))
  assert not experiment.steps
  assert experiment.training.steps == steps
  assert experiment.training.optimization.learning_rate.get().decay_steps == steps
  assert experiment.method.get().warmup_steps == steps // 2
  shorter = overrides.resolve(name, overrides="training.steps=20")
  assert shorter.method.get().warmup_steps == 10
  assert experiment.method.get().foreground_bias == 7.0
  assert registry.build("bbox_em_fixed_semi_100_voc_animals").method.get().foreground_bias == 6.0


@pytest.mark.parametrize("method", METHODS)
def test_all_rows_of_the_real_table_train_the_same_way(method):
  """Same network and start, same six classes; the masks beside boxes are those alone."""
  alone = "supervised_100_voc_animals_boxes"
  for name in (f"{method}_voc_animals", f"{method}_semi_100_voc_animals"):
    steps = {"training.steps": registry.build(name).training.steps}  # Fewer of larger batches.
    expected = overrides.resolve(alone, overrides=steps).as_dict()
    assert without(name, "method", "data") == {
        key: value for key, value in expected.items()
        if key not in ("method", "data", "name", "description")}
    assert registry.build(name).data.sources[0].kind == "voc_animals_boxes"
  semi, = (parts(f"{method}_semi_100_voc_animals"),)
  for key in ("split", "supervision", "count", "subset_seed", "batch_size"):
    assert getattr(semi[0], key) == getattr(parts(alone)[0], key)
  assert semi[1].rest and semi[1].supervision == "boxes" and semi[1].split == "train+weak"
  weak, = parts(f"{method}_voc_animals")
  assert (weak.supervision, weak.split, weak.rest) == ("boxes", "train+weak", False)


def test_masks_alone_differ_from_those_with_persons_in_source_and_start_only():
  six, seven = (without(name, "data") for name in (
      "supervised_100_voc_animals_boxes", "supervised_100_voc_animals"))
  assert (six["network"].pop("background_prior"), seven["network"].pop("background_prior")) == (
      0, em_animals.BACKGROUND_PRIOR)
  assert six == seven


@pytest.mark.parametrize("method", METHODS)
def test_nothing_of_the_test_split_is_trained_on(method):
  for name in (f"{method}_voc_animals", f"{method}_semi_100_voc_animals"):
    assert not any("val" in part.split for part in parts(name))
  assert [part.split for part in parts(f"{method}_scenes")] == ["train"]
