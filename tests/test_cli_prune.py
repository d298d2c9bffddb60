"""The command that prunes: what it passes on, and what it prints."""
import types

from keras_weakseg import api_prune
from keras_weakseg import cli


def test_flags_are_passed_on(monkeypatch, capsys):
  calls = []

  def prune(**given):
    calls.append(given)
    return types.SimpleNamespace(model_dir=given["output"])

  monkeypatch.setattr(api_prune, "prune", prune)
  assert cli.main(["prune", "runs/a", "runs/b", "--to", "0.8", "--schedule", "parallel",
                   "--multiple_of", "4"]) == 0
  assert calls == [{"target": "runs/a", "output": "runs/b", "to": 0.8, "schedule": "parallel",
                    "multiple_of": 4}]
  assert capsys.readouterr().out == "model_dir: runs/b\n"


def test_errors_are_told_in_one_line(tmp_path, capsys):
  assert cli.main(["prune", str(tmp_path / "nothing"), str(tmp_path / "out")]) == 2
  assert "neither a run nor an artifact" in capsys.readouterr().err
