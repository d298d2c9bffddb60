"""The experiments on real photographs: what is compared differs in what it should, nothing else."""
import pytest

from keras_weakseg.benchmark import reading
from keras_weakseg.configs import em_animals
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

NAMES = [name for name in registry.experiments()
         if name.endswith("voc_animals") and name.startswith(("em_", "supervised_"))]


def without(experiment, *keys):
  values = experiment.as_dict()
  for key in keys + ("name", "description"):
    target, leaf = values, key.split(".")
    for level in leaf[:-1]:
      target = target[level]
    target.pop(leaf[-1])
  return values


def test_the_rows_of_the_real_table_are_there():
  assert len(NAMES) == 10
  for count in (50, 100, 200):
    assert {f"em_semi_{count}_voc_animals", f"supervised_{count}_voc_animals"} <= set(NAMES)


@pytest.mark.parametrize("count", (50, 100, 200))
def test_semi_and_masks_alone_use_the_same_masks(count):
  semi = registry.build(f"em_semi_{count}_voc_animals").data.parts
  alone = registry.build(f"supervised_{count}_voc_animals").data.parts
  assert len(semi) == 2 and len(alone) == 1
  for key in ("split", "supervision", "count", "subset_seed", "ids"):
    assert getattr(semi[0], key) == getattr(alone[0], key)
  assert semi[0].count == count and semi[1].rest and semi[1].supervision == "tags"
  # As many masks in every step; the tags come on top.
  assert semi[0].batch_size == semi[1].batch_size == alone[0].batch_size


def test_methods_differ_in_the_method_only():
  fixed, adapt = registry.build("em_fixed_voc_animals"), registry.build("em_adapt_voc_animals")
  assert without(fixed, "method") == without(adapt, "method")
  assert (fixed.method.type, adapt.method.type) == ("em_fixed", "em_adapt")


TAGS_ALONE = ("em_fixed_voc_animals", "em_adapt_voc_animals")


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(TAGS_ALONE)))
def test_all_with_masks_train_the_same_way(name):
  """A difference in a table is then one of labels and methods: the start is the same too."""
  experiment, differing = registry.build(name), ["method", "data.parts"]
  if name.startswith("em_semi"):  # Twice as large a batch, so fewer of them.
    assert experiment.training.steps == em_animals.SEMI_STEPS < em_animals.STEPS
    experiment = overrides.resolve(experiment, overrides={"training.steps": em_animals.STEPS})
  assert experiment.network.background_prior == em_animals.BACKGROUND_PRIOR > 0
  assert without(experiment, *differing) == without(
      registry.build("supervised_voc_animals"), *differing)


def test_table_rows_hold_as_many_masks_in_a_batch_and_start_alike():
  """What differs says so in its key; tables of other systems keep the short trainings."""
  suite = reading.read_suite("em/voc_animals")
  for row in suite.rows:
    experiment = overrides.resolve(row.experiment, overrides=row.overrides)
    strong = [part.batch_size for part in experiment.data.parts if part.supervision == "mask"]
    assert set(strong) <= {16 if row.key.endswith("batch_16") else em_animals.BATCH}
    assert experiment.network.background_prior == (
        0 if row.key.endswith("zero_bias") else em_animals.BACKGROUND_PRIOR)
  for name, key in (("dual/dual_voc_animals", "supervised_50_voc_animals"),
                    ("dual/dual_voc_animals", "em_semi_50_voc_animals"),
                    ("transfer/transfer_voc_animals", "supervised_voc_animals")):
    row = reading.read_suite(name).row(key)
    training = overrides.resolve(row.experiment, overrides=row.overrides).training
    assert training.steps == training.optimization.learning_rate.get().decay_steps == 300


@pytest.mark.parametrize("name", NAMES)
def test_they_fit_the_issue(name):
  experiment = registry.build(name)
  assert all(193 <= side <= 225 for side in experiment.data.augmentation.crop)
  assert experiment.network.pretrained == "weights/mobilenet_v1_1.0_224_imagenet_fp16.npz"
  assert experiment.network.get().alpha == 1.0
  assert experiment.evaluation.split == "val"
  assert not any("val" in part.split for part in experiment.data.parts)


def test_the_short_name_is_that_of_100_masks():
  assert without(registry.build("em_semi_voc_animals")) == without(
      registry.build("em_semi_100_voc_animals"))


def test_the_number_of_masks_may_be_overridden():
  experiment = overrides.resolve("em_semi_voc_animals", overrides="data.parts.0.count=200")
  assert without(experiment) == without(registry.build("em_semi_200_voc_animals"))


def test_what_is_named_exists_in_the_data(shared_data):
  folder = shared_data("voc_animals") / "ImageSets" / "Segmentation"
  splits = {path.stem: len(path.read_text().split()) for path in folder.glob("*.txt")}
  for name in NAMES:
    experiment = registry.build(name)
    for part in experiment.data.parts:
      assert part.count <= sum(splits[split] for split in part.split.split("+"))
    assert experiment.evaluation.split in splits
  assert shared_data(em_animals.WEIGHTS).stat().st_size > 1e6
