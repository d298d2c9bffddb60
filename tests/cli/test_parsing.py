"""Words of a command line: places are filled as Python fills them, and what is wrong is refused."""
import subprocess
import sys

import pytest

import keras_weakseg as kw
from keras_weakseg.cli import parsing
from keras_weakseg.cli import signatures


@pytest.mark.parametrize("words, name, given", [
    ("fit", "fit", {}), ("fit em_scenes --model-dir=x-y", "fit",
                         {"experiment": "em_scenes", "model_dir": "x-y"}),
    ("check-data photos a,b --quick", "check_data",
     {"data": "photos", "splits": ["a,b"], "quick": True}),
    ("predict run a.jpg b.jpg --output out", "predict",
     {"target": "run", "inputs": ["a.jpg", "b.jpg"], "output": "out"}),
    ("predict run a.jpg b.jpg out", "predict",
     {"target": "run", "inputs": ["a.jpg", "b.jpg"], "output": "out"}),
    ("predict --inputs a.jpg --no-overlays run out --inputs b.jpg", "predict",
     {"target": "run", "inputs": ["a.jpg", "b.jpg"], "output": "out", "overlays": False}),
    ("make-disparity-maps --bits 8 run --split x photos --normalise image out",
     "make_disparity_maps", {"target": "run", "data": "photos", "output": "out", "bits": "8",
                             "split": "x", "normalise": "image"}),
    ("evaluate --data photos run", "evaluate", {"target": "run", "data": "photos"}),
    ("fit --frame-offsets=-1,1 --params_override a=1 --params_override b=2", "fit",
     {"frame_offsets": ["-1,1"], "params_override": ["a=1", "b=2"]}),
    ("options", "reference", {})])
def test_words_become_arguments(words, name, given):
  assert parsing.parse(words.split())[:2] == (name, given)


@pytest.mark.parametrize("words, common", [
    ("suites", {"debug": False, "json": False}), ("--debug suites", {"debug": True, "json": False}),
    ("suites --json", {"debug": False, "json": True})])
def test_flags_of_every_command_stand_before_or_behind_it(words, common):
  assert parsing.parse(words.split())[2] == common


@pytest.mark.parametrize("words, text", [
    ("", "COMMAND is needed"), ("train", "no command 'train'"), ("export a", "BASE_DIR"),
    ("predict a b", "OUTPUT"), ("export a b c", "unrecognized arguments: c"),
    ("evaluate a --protocol x", "unrecognized arguments"), ("tune-label-maps a", "--table"),
    ("export a b --max_pix 3", "unrecognized arguments"),
    ("export a b --max_pixel 3", "Did you mean --max_pixels?"),
    ("fit --steps 5", "--params_override training.steps=100"),
    ("fit --steps 5", "`keras-weakseg fit --help`")])
def test_what_is_wrong_is_refused(words, text, capsys):
  with pytest.raises(SystemExit) as caught:
    parsing.parse(words.split())
  error = capsys.readouterr().err
  assert caught.value.code == 2 and text in error and "usage: keras-weakseg" in error


def test_the_version_is_told(capsys):
  with pytest.raises(SystemExit) as caught:
    parsing.parse(["--version"])
  assert caught.value.code == 0
  assert capsys.readouterr().out == f"keras-weakseg {kw.__version__}\n"


PROGRAM = """
import sys
from keras_weakseg import cli
for words in %r:
  try:
    cli.main(words)
  except SystemExit as end:
    assert end.code == 0, words
cli.main(["completion"])
print([name for name in ("tensorflow", "numpy", "official", "cv2") if name in sys.modules])
"""


def test_help_of_every_command_imports_nothing_heavy():
  commands = [parsing.command_of(name) for name in signatures.names()]
  words = [["--help"], ["--version"], *([command, "--help"] for command in commands)]
  done = subprocess.run([sys.executable, "-c", PROGRAM % words], capture_output=True, text=True,
                        check=True)
  assert done.stdout.splitlines()[-1] == "[]"
  for command in commands:
    assert f"usage: keras-weakseg {command}" in done.stdout
