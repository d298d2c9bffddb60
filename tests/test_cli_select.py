"""The command `select`: what it passes on and prints."""
import types

import pytest

from keras_weakseg import api_select
from keras_weakseg import cli


@pytest.fixture
def calls(monkeypatch):
  made = []

  def select(target, data, output, **options):
    made.append((target, data.name, output, options))
    return None if "dry_run" in options else types.SimpleNamespace(ids=["b", "a"])

  monkeypatch.setattr(api_select, "select", select)
  return made


def test_ids_are_printed_in_their_order(photo_folder, calls, capsys):
  assert cli.main(["select", "imagenet", str(photo_folder), "chosen", "--count", "2"]) == 0
  assert capsys.readouterr().out.split() == ["b", "a"]
  (target, name, output, options), = calls
  assert (target, name, output) == ("imagenet", photo_folder.name, "chosen")
  assert options == {"count": 2}


def test_rounds_and_their_students(calls, photo_folder, capsys):
  assert cli.main(["select", "runs/depth", str(photo_folder), "chosen", "--counts", "2,4",
                   "--criterion", "diversity_uncertainty", "--student_steps", "7"]) == 0
  assert calls[0][3] == {"criterion": "diversity_uncertainty", "counts": [2, 4],
                         "student_steps": 7}
  assert cli.main(["select", "runs/depth", str(photo_folder), "chosen", "--counts", "2;4"]) != 0
  assert "numbers between commas" in capsys.readouterr().err and len(calls) == 1


def test_chance_has_no_target_and_a_dry_run_prints_no_ids(photo_folder, calls, capsys):
  assert cli.main(["select", "random", str(photo_folder), "chosen", "--dry_run"]) == 0
  assert capsys.readouterr().out == "" and calls[0][0] == "random"
