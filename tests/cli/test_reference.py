"""The page of all commands is what the signatures say, now."""
import pathlib

import pytest

import keras_weakseg as kw
from keras_weakseg.cli import flags
from keras_weakseg.cli import parsing
from keras_weakseg.cli import reference

PAGE = pathlib.Path(__file__).resolve().parents[2] / "official_configs" / "COMMANDS.md"


def test_the_page_is_up_to_date():
  assert PAGE.read_text(encoding="utf-8") == reference.reference("commands"), (
      "Run: keras-weakseg reference commands > official_configs/COMMANDS.md")


def test_every_command_and_flag_is_there():
  text = reference.reference("commands")
  for name in kw.CALLS:
    assert f"## `{parsing.command_of(name)}`\n" in text
    assert all(f"| `{parsing.written(flag)}`" in text for flag in flags.flags_of(name))


def test_options_are_the_other_reference():
  assert reference.reference().startswith("# All options")
  with pytest.raises(ValueError, match="Did you mean 'commands'"):
    reference.reference("command")
