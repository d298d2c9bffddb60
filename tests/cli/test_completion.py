"""Completion: bash completes commands and flags, and every one of them is known to both shells."""
import shutil
import subprocess

import pytest

import keras_weakseg as kw
from keras_weakseg.cli import completion
from keras_weakseg.cli import flags
from keras_weakseg.cli import parsing


def completed(*words):
  script = completion.completion("bash") + (
      'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _keras_weakseg; echo "${COMPREPLY[@]}"')
  return subprocess.run(["bash", "-c", script, "bash", "keras-weakseg", *words],
                        capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("words, answers", [
    (["tune"], ["tune-crf", "tune-label-maps"]), (["fit", "--se"], ["--seeds"]),
    (["predict", "runs/a", "--no"], ["--no_progress", "--no_overlays", "--no_contact_sheet"]),
    (["predict", "runs/a", "pho"], []), (["nonsense", "--a"], [])])
def test_bash_completes_commands_and_flags(words, answers):
  assert completed(*words) == answers


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_every_command_and_flag_is_there(shell):
  lines = completion.completion(shell).splitlines()
  for name in kw.CALLS:
    line, = [line for line in lines if line.startswith(f"    {parsing.command_of(name)}) ")]
    assert all(parsing.written(flag) in line for flag in flags.flags_of(name))
  if shutil.which(shell):
    assert subprocess.run([shell, "-n"], input="\n".join(lines), text=True,
                          check=False).returncode == 0


def test_other_shells_are_refused():
  with pytest.raises(ValueError, match="Did you mean 'bash'"):
    completion.completion("bsh")
