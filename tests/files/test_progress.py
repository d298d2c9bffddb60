"""How far long work is: lines with the time left where there is no terminal."""
import io

import pytest

from keras_weakseg.files import progress


@pytest.fixture
def clock(monkeypatch):
  """Replaces the clock of bars; returns a list whose first entry is the time."""
  now = [1000.0]
  from tqdm import std
  monkeypatch.setattr(std, "time", lambda: now[0])
  return now


def test_a_log_gets_a_line_every_so_often_with_the_time_left(clock, capsys):
  bar = progress.bar(None, "train", 10, unit="step")
  for _ in range(10):
    clock[0] += 12
    bar.set_postfix({"loss": "0.5"}, refresh=False)
    bar.update()
  bar.close()
  lines = capsys.readouterr().err.splitlines()
  assert len(lines) == 3  # 120 seconds, a line after 36 of them and so on
  assert lines[0] == "train: 3 of 10 steps after 00:36, 01:24 left, loss=0.5"
  assert lines[1].startswith("train: 6 of 10 steps after 01:12, 00:48 left")


def test_short_work_says_nothing_and_items_pass(clock, capsys):
  assert list(progress.bar("abc", "letters")) == ["a", "b", "c"]
  clock[0] += 60
  assert list(progress.bar("abc", "letters", show=False)) == ["a", "b", "c"]
  assert capsys.readouterr().err == ""


def test_what_was_done_before_is_no_work_of_now(clock, capsys):
  bar = progress.bar(None, "train", 100, unit="step", initial=90)
  clock[0] += 40
  bar.update(5)
  assert capsys.readouterr().err == "train: 95 of 100 steps after 00:40, 00:40 left\n"
  bar.close()
  bar.close()


def test_other_lines_stay_as_they_are(clock, capsys):
  import sys
  bar = progress.bar(None, "train", 2)
  bar.write("a warning", file=sys.stderr)
  assert capsys.readouterr().err == "a warning\n"
  bar.close()


def test_a_terminal_gets_a_bar(monkeypatch):
  terminal = io.StringIO()
  terminal.isatty = lambda: True
  monkeypatch.setattr(progress.sys, "stderr", terminal)
  assert list(progress.bar(range(3), "things")) == [0, 1, 2]
  assert "things: " in terminal.getvalue() and "\r" in terminal.getvalue()
