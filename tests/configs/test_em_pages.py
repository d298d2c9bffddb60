"""The pages of the system and the experiments say the same."""
import json
import pathlib
import re

import pytest

from keras_weakseg.configs import em_boxes
from keras_weakseg.configs import em_joint
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.recipes import planning

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT, RESULTS, NOTES, DEVIATIONS = (
    (ROOT / "official_configs" / "em" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("README", "RESULTS", "NOTES", "DEVIATIONS"))


def row_of(name):
  """Returns the cells of the row of an experiment."""
  row = next(line for line in RESULTS.splitlines() if f"[{name}]({name}.yaml)" in line)
  return [cell.strip() for cell in row.split("|")]


@pytest.mark.parametrize("name", [
    *em_paper.TABLE_1, *em_paper.TABLE_2, *em_boxes.TABLE_3, *em_boxes.TABLE_4,
    *em_joint.TABLE_5, *em_joint.TABLE_6])
def test_a_row_of_the_table_has_the_number_of_its_experiment(name):
  row = row_of(name)
  paper = re.search(r"paper: ([\d.]+)", registry.descriptions()[name]).group(1)
  assert row[4] == paper
  masks = registry.build(name).data.parts[0]
  if masks.count:
    assert row[2] == f"{masks.count:,}"


@pytest.mark.parametrize("name", em_joint.TABLE_5)
def test_rows_with_coco_say_how_many_masks_and_tags(name):
  experiment = registry.build(name)
  bundles = [experiment.data.parts, *(stage.parts for stage in experiment.steps)]
  found = {part.supervision: part for parts in bundles for part in parts if part.source == "coco"}
  strong = found["mask"].count or 123287 if "mask" in found else 0
  weak = 123287 - strong if "tags" in found else 0
  assert row_of(name)[2:4] == [f"{count:,}" if count else "-" for count in (strong, weak)]
  assert ("Pretrain" in row_of(name)[1]) == bool(experiment.steps)


@pytest.mark.parametrize("name", em_joint.TABLE_6)
def test_rows_of_the_test_set_say_their_net(name):
  multi_scale = registry.build(name).network.get().multi_scale_features
  assert row_of(name)[3] == ("multi-scale" if multi_scale else "LargeFOV")


def test_every_name_in_the_pages_exists():
  known = set(registry.experiments())
  named = set(re.findall(
      r"\b(?:em|supervised|bbox|cross)_\w+_(?:scenes|voc12\w*|voc_animals(?:_boxes)?)\b", "".join(
          (TEXT, RESULTS, NOTES, DEVIATIONS))))
  assert len(named) >= 40 and named <= known
  assert {*em_joint.TABLE_5, *em_joint.TABLE_6, "cross_joint_scenes",
          "cross_joint_50_voc_animals"} <= named


def test_modules_of_the_deviations_exist():
  modules = re.findall(r"`((?:\w+/)+\w+\.py)` \|", DEVIATIONS)
  assert len(modules) >= 8
  assert all((ROOT / "keras_weakseg" / module).exists() for module in modules)


def test_overrides_in_the_pages_work():
  given = re.search(r'--params_override "(.*?)"', TEXT).group(1)
  for name in em_paper.TABLE_1:
    assert overrides.validate(overrides.resolve(name, overrides=given)).training.steps == 3


@pytest.fixture
def two_folders(tmp_path):
  """Returns a directory with the two data sets of the examples, of two pictures each."""
  from PIL import Image
  for name, classes, grants in (("streets", "background car bus dog", "masks"),
                                ("tagged", "background vehicle dog", "tags")):
    root = tmp_path / name
    (root / "images").mkdir(parents=True)
    (root / "classes.txt").write_text("\n".join(classes.split()))
    for index in range(4):
      Image.new("RGB", (40, 33), (90, 60 * index, 0)).save(root / "images" / f"{index}.png")
    if grants == "masks":
      (root / "masks").mkdir()
      for index in range(4):
        Image.new("L", (40, 33), index).save(root / "masks" / f"{index}.png")
    else:
      (root / "tags.json").write_text(json.dumps({str(i): ["vehicle"] for i in range(4)}))
  return tmp_path


@pytest.mark.parametrize("index, phases, heads", [
    (0, ["train"], [("background", "car", "bus", "dog")]),
    (1, ["many", "train"],
     [("background", "vehicle", "dog"), ("background", "car", "bus", "dog")])])
def test_examples_of_two_data_sets_work(index, phases, heads, two_folders):
  """As they are written, from the file to the plan."""
  file = two_folders / "joint.yaml"
  file.write_text(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[index], encoding="utf-8")
  config = overrides.validate(overrides.resolve(str(file)))
  config.data.data_dir = str(two_folders)
  plan = planning.make_plan(config)
  assert [phase.name for phase in plan.phases] == phases
  assert [phase.head.classes for phase in plan.phases] == heads
  if index == 0:
    text = "\n".join(plan.text())
    assert "one head of 4 classes, aggregated by logsumexp: few reads 4, many reads 3" in text
    assert "many_tags" in text and "few_mask" in text
