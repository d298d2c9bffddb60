"""`keras-weakseg benchmark`: what it passes on, and its exit code."""
import types

import pytest

from keras_weakseg import benchmark
from keras_weakseg import cli


@pytest.fixture
def calls(monkeypatch):
  """Replaces the library's function; returns what it was called with."""
  made = []
  report = types.SimpleNamespace(ok=True, failures=[], paths={"csv": "a.csv"},
                                 text=lambda: "the table")

  def call(*given, **options):
    made.append((given, options))
    return report

  monkeypatch.setattr(benchmark, "benchmark", call)
  return types.SimpleNamespace(made=made, report=report)


def test_everything_is_passed_on(calls, capsys):
  assert cli.main(["benchmark", "em/scenes", "--model-dir", "r", "--rows", "a,b", "--seeds", "1,2",
                   "--shard", "1/4", "--data_dir", "d"]) == 0
  assert calls.made == [(("em/scenes", "r"), {
      "seeds": [1, 2], "rows": ["a", "b"], "shard": "1/4", "data_dir": "d", "dry_run": False})]
  printed = capsys.readouterr().out
  assert "the table" in printed and "csv: a.csv" in printed
  assert cli.main(["benchmark", "em/scenes", "--dry-run"]) == 0
  assert calls.made[1][0] == ("em/scenes", "runs/benchmark") and calls.made[1][1]["dry_run"]
  assert "the table" not in capsys.readouterr().out


def test_an_ordering_that_fails_is_an_exit_code_and_a_list(calls, capsys):
  calls.report.ok, calls.report.failures = False, ["`a` > `b` does not hold: -1.0"]
  assert cli.main(["benchmark", "em/scenes"]) == 1
  assert "failed: `a` > `b` does not hold: -1.0" in capsys.readouterr().err


def test_names_are_listed_and_errors_are_of_the_house(capsys):
  assert cli.main(["benchmark"]) == 0
  assert "em/scenes" in capsys.readouterr().out.splitlines()
  assert cli.main(["benchmark", "em/scens"]) == 2
  assert "Did you mean 'em/scenes'" in capsys.readouterr().err
