"""`keras-weakseg benchmark`: what it passes on, and its exit code."""
import types

import pytest

from keras_weakseg import cli
from keras_weakseg.benchmark import running


@pytest.fixture
def calls(monkeypatch):
  """Replaces the library's function; returns what it was called with."""
  made = []
  report = types.SimpleNamespace(ok=True, failures=[], paths={"csv": "a.csv"},
                                 text=lambda: "the table")

  monkeypatch.setattr(running, "benchmark", lambda **given: (made.append(given), report)[1])
  return types.SimpleNamespace(made=made, report=report)


def test_everything_is_passed_on(calls, capsys):
  assert cli.main(["benchmark", "em/scenes", "--model-dir", "r", "--rows", "a,b", "--seeds", "1,2",
                   "--shard", "1/4", "--data_dir", "d"]) == 0
  assert calls.made == [{"suite": "em/scenes", "model_dir": "r", "seeds": [1, 2],
                         "rows": ["a", "b"], "shard": "1/4", "data_dir": "d"}]
  printed = capsys.readouterr().out
  assert "the table" in printed and "csv: a.csv" in printed
  calls.report.paths = {}
  assert cli.main(["benchmark", "em/scenes", "--dry-run"]) == 0
  assert calls.made[1] == {"suite": "em/scenes", "dry_run": True}
  assert "the table" not in capsys.readouterr().out


def test_an_ordering_that_fails_is_an_exit_code_and_a_list(calls, capsys):
  calls.report.ok, calls.report.failures = False, ["`a` > `b` does not hold: -1.0"]
  assert cli.main(["benchmark", "em/scenes"]) == 1
  assert "failed: `a` > `b` does not hold: -1.0" in capsys.readouterr().err


def test_names_are_listed_and_errors_are_of_the_house(capsys):
  assert cli.main(["suites"]) == 0
  assert "em/scenes " in capsys.readouterr().out
  assert cli.main(["benchmark", "em/scens"]) == 2
  assert "Did you mean 'em/scenes'" in capsys.readouterr().err
