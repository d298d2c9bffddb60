"""The pages of the system and the experiments say the same."""
import pathlib
import re
import shlex

import pytest

from keras_weakseg import cli
from keras_weakseg.cli import parsing
from keras_weakseg import datasets
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.configs import three_ways_camvid
from keras_weakseg.configs import three_ways_paper

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "official_configs" / "three_ways"
TEXT, RESULTS, NOTES, DEVIATIONS = (
    (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    for name in ("README", "RESULTS", "NOTES", "DEVIATIONS"))
MINE = {path.stem for path in FOLDER.glob("*.yaml")}


def row_of(name):
  """Returns the cells of the row of an experiment."""
  row = next(line for line in RESULTS.splitlines() if f"[{name}]({name}.yaml)" in line)
  return [cell.strip() for cell in row.split("|")]


TABLES = {**three_ways_paper.TABLE_2, **three_ways_camvid.TABLE_S5}


@pytest.mark.parametrize("count, name", [
    (count, key.format(count)) for key, (_, published, _) in TABLES.items()
    for count in published])
def test_a_row_of_the_table_has_the_number_of_its_experiment(count, name):
  row, experiment = row_of(name), registry.build(name)
  assert float(row[4]) == float(re.search(r"paper: ([\d.]+)", experiment.description).group(1))
  assert row[3] == f"{count:,}" == f"{experiment.data.parts[0].count:,}"
  words = {0: "ImageNet", 3: "three steps"}
  assert words[len(experiment.steps)] in row[2] or row[2].startswith("the same")


def test_steps_are_told_as_they_are_configured():
  experiment = registry.build("transfer_f_372_cityscapes")
  for stage in experiment.steps:
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{stage.name}` |"))
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[3] == str(stage.parts[0].batch_size)
    assert cells[4] == f"{stage.training.steps:,}"


def test_every_experiment_is_linked_and_every_name_exists():
  linked = set(re.findall(r"\]\((\w+)\.yaml\)", TEXT + RESULTS))
  assert linked == MINE and len(MINE) >= 21
  named = set(re.findall(r"\b\w+_(?:scenes|cityscapes|camvid|kitti_clips)\b(?!\.py)",
                         TEXT + RESULTS + NOTES + DEVIATIONS))
  suites = {path.stem for path in FOLDER.glob("suites/*.yaml")}
  assert named <= {*registry.experiments(), *datasets.BUILDERS, *suites}


def test_modules_of_the_deviations_exist():
  modules = re.findall(r"`(\w+/\w+\.py)` \|", DEVIATIONS)
  assert len(modules) >= 10
  assert all((ROOT / "keras_weakseg" / module).exists() for module in modules)


def test_the_patent_and_how_to_train_without_it_are_told():
  notice = TEXT.split("## A patent notice\n")[1].split("\n## ")[0]
  assert "commercial use" in notice
  for method in ("self_supervised_depth", "joint_depth"):
    config = overrides.resolve(
        {"self_supervised_depth": "depth_scenes", "joint_depth": "joint_depth_scenes"}[method],
        overrides=f"method.{method}.average=True,method.{method}.auto_mask=False")
    assert overrides.validate(config).method.get().average


def test_overrides_in_the_pages_work():
  given = re.search(r'--params_override "(.*?)"', TEXT).group(1)
  for name in three_ways_paper.TABLE_2:
    if "baseline" not in name:
      experiment = overrides.resolve(name.format(372), overrides=given)
      assert overrides.validate(experiment).training.steps == 3
      assert [stage.training.steps for stage in experiment.steps[:2]] == [2, 2]


def test_a_row_starts_from_a_run_that_is_there():
  changes = re.search(r"with `(steps=\[\],network.continues='')`", TEXT).group(1)
  experiment = overrides.validate(overrides.resolve("transfer_372_cityscapes", overrides=[
      changes, {"network.pretrained": "runs/depth/train/depth.npz"}]))
  assert experiment.steps == []


def test_commands_of_the_pages_are_understood():
  """Every command of a shell block parses; what they do is tested where it is written."""
  blocks = re.findall(r"```sh\n(.*?)```", TEXT.replace("\\\n", ""), re.DOTALL)
  commands = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
  assert len(commands) >= 10
  for command in commands:
    assert command[0] == "keras-weakseg"
    call, given, _ = parsing.parse(command[1:])
    assert call == command[1].replace("-", "_")
    name = given.get("experiment")
    assert name is None or name in registry.experiments(), name


def test_commands_of_the_table_exist():
  table = TEXT.split("| command |")[1].split("\n\n")[0]
  named = re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE)
  assert len(named) == 8
  for name in named:
    with pytest.raises(SystemExit) as caught:
      cli.main([name, "--help"])
    assert caught.value.code == 0


def test_the_example_of_segmentation_after_depth_is_valid():
  given = re.search(r'"(network\.type=.*?)"', TEXT).group(1)
  experiment = overrides.resolve("own_data", overrides=["method.type=supervised", given])
  assert experiment.network.pretrained == "runs/drive/train/depth.npz"
  depth = overrides.resolve("own_video").network.get().as_dict()
  network = experiment.network.get().as_dict()
  assert all(network[key] == depth[key] for key in set(depth) & set(network))
  overrides.validate(experiment)
