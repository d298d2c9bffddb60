"""What the README and the pages of docs show works as it is written."""
import functools
import json
import pathlib
import re
import shlex

import numpy as np
import pytest

import keras_weakseg as kw
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import registry as networks

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def page(name):
  """Returns the text of a page of docs."""
  return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def section(name, title):
  """Returns the text of a page below a heading, up to the next one."""
  return re.split(r"^##+ ", page(name).split(f"# {title}\n")[1], maxsplit=1,
                  flags=re.MULTILINE)[0]


@pytest.fixture
def photos(tmp_path, monkeypatch, voc_xml):
  """Changes into a directory with `photos/`: images, VOC boxes, class names, and nothing else."""
  from PIL import Image
  random = np.random.RandomState(0)
  for name in ("images", "boxes"):
    (tmp_path / "photos" / name).mkdir(parents=True)
  (tmp_path / "photos" / "classes.txt").write_text("background\ncat\ndog\n")
  for index in range(8):
    image = random.randint(60, 150, (60, 80, 3)).astype(np.uint8)
    image[10:40, 20:60] = (220, 30, 30) if index % 2 else (30, 30, 220)
    Image.fromarray(image).save(tmp_path / "photos" / "images" / f"p{index}.jpg")
    (tmp_path / "photos" / "boxes" / f"p{index}.xml").write_text(
        voc_xml((60, 80), (("dog", "cat")[index % 2], 21, 11, 60, 40)))
  monkeypatch.chdir(tmp_path)
  monkeypatch.setenv("KERAS_WEAKSEG_CACHE", str(tmp_path / "cache"))
  return tmp_path


def test_boxes_alone(photos, tiny_overrides, monkeypatch):
  """The example of the page on a folder of VOC files; a smaller network and fewer steps."""
  monkeypatch.setattr(kw, "fit", functools.partial(
      kw.fit, params_override={**tiny_overrides, "training.steps": 2}, progress=False))
  found = {}
  example = re.search(r"```python\n(.*?)```", section("own_data", "From boxes alone"), re.DOTALL)
  exec(example.group(1), found)
  assert found["result"].model.classes == ("background", "cat", "dog")
  assert len(list((photos / "out").glob("p*.png"))) == 8
  maps, = (photos / "cache").glob("*/masks")
  assert len(list(maps.glob("*.png"))) == 8


@pytest.mark.slow  # Every command of it is run in test_cli_depth.py.
def test_depth_of_a_folder_of_frames(photos, video_folder, depth_overrides, monkeypatch, capsys):
  """The commands of the page, on a smaller network and for one step."""
  from keras_weakseg import cli
  (photos / "drive").symlink_to(video_folder)
  blocks = re.search(r"```sh\n(.*?)```", page("depth"), re.DOTALL)
  commands = [line.split()[1:] for line in blocks.group(1).splitlines()]
  assert [command[0] for command in commands] == ["fit", "predict", "export"]
  given = json.dumps({**depth_overrides(), "training.steps": 1})
  commands[0] += ["--params_override", given]
  commands[1][2] = "drive/000010.png"
  for command in commands:
    assert cli.main(command) == 0, capsys.readouterr().err
  assert "'drive' has no true depth" in capsys.readouterr().out
  assert (photos / "runs" / "drive" / "train" / "depth.npz").exists()
  assert (photos / "depth" / "000010.ply").exists()
  assert (photos / "saved_models" / "depth" / "1" / "saved_model.pb").exists()


def test_the_patent_is_told_where_the_methods_are():
  for text in (section("methods", "Methods"), (ROOT / "README.md").read_text(encoding="utf-8")):
    assert "patent" in text and "`auto_mask=False`" in text


def test_commands_of_the_pages_exist():
  """Of every block of commands, those of this library are understood."""
  from keras_weakseg.cli import parsing
  lines = [line for path in PAGES
           for block in re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
           for line in block.replace("\\\n", " ").splitlines()]
  own = [shlex.split(line, comments=True)[1:] for line in lines
         if line.startswith("keras-weakseg ")]
  assert len(own) >= 15
  for command in own:
    assert parsing.parse(command)[0] == command[0].replace("-", "_")


def test_a_teacher_of_depth_is_told_where_depth_is_learned():
  from keras_weakseg.cli import parsing
  line, = re.findall(r"`keras-weakseg (make-disparity-maps [^`]*)`", page("depth"))
  given = parsing.parse(line.split())[1]
  assert given == {"target": "runs/drive", "data": "photos", "output": "disparity"}


def test_suites_in_the_pages_exist_and_the_example_is_one():
  from keras_weakseg.benchmark import checking, planning, reading
  named = set(re.findall(r"keras-weakseg benchmark (\S+)", page("suites")))
  for path in (ROOT / "official_configs").glob("*/*.md"):
    named |= set(re.findall(r"keras-weakseg\s+benchmark\s+(\w+/\w+)", path.read_text()))
  assert len(named) >= 10 and named <= set(reading.paths())
  example = re.search(r"```yaml\n(.*?)```", page("suites"), re.DOTALL).group(1)
  suite = checking.checked(reading.parse(example, "example.yaml"))
  assert [unit.name for unit in planning.Plan(suite, seeds=[1]).units] == [
      "depth seed 1", "alone seed 1", "after seed 1", "after_crf seed 1"]
  for row in suite.rows:
    planning.said_of(row)


def test_every_method_and_network_is_listed():
  for title, known in (("Methods", methods.METHODS), ("Networks", networks.network_names())):
    assert set(known) <= set(re.findall(r"`(\w+)`", section("methods", title))), title


def test_methods_and_recipes_of_the_decision_table_exist():
  table = (ROOT / "README.md").read_text(encoding="utf-8").split(
      "## Which method for which labels\n")[1].split("\n## ")[0]
  assert set(re.findall(r'`method="(\w+)"`', table)) <= set(methods.METHODS)
  assert set(re.findall(r'`recipe="(\w+)"`', table)) == set(kw.recipe_names())


def test_every_command_is_listed_with_its_page():
  commands = {name.replace("_", "-") for name in kw.CALLS}
  assert set(re.findall(r"^\| `([\w-]+)` \|", page("command_line"), re.MULTILINE)) == commands


def test_experiments_in_the_table_of_methods_exist():
  patterns = re.findall(r"`(\w+_)\*`", section("methods", "Methods"))
  known = kw.experiments()
  assert len(patterns) >= 9
  assert all(any(name.startswith(pattern) for name in known) for pattern in patterns)


def test_every_published_data_set_is_in_the_table():
  from keras_weakseg import data
  from keras_weakseg.recipes import label_sources
  part = page("datasets").split("\n## ")[0]
  own = {"folder", "video", "voc_animals_boxes", "records"}
  assert not [kind for kind in label_sources.KINDS if kind not in own and f"`{kind}`" not in part]
  readers = [line.split("|")[2].strip(" `") for line in part.splitlines() if line.startswith("| `")]
  assert len(readers) == 9 and all(hasattr(data, name) for name in readers[1:])
