"""What a teacher says of images whose masks are known."""
import sys

import numpy as np
import pseudo_labels


def test_counts_by_hand():
  probabilities = np.array([[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.1, 0.9]]])
  mask = np.array([[0, 0, 1, 255]], np.uint8)
  found = pseudo_labels.counts_of(probabilities, mask, 0.75)
  assert found.tolist() == [[2, 1], [2, 1], [1, 1], [1, 0]]


def test_a_run_is_looked_at(tiny_run, tiny_data, monkeypatch, capsys):
  plan = type("Plan", (), {"source": tiny_data})
  monkeypatch.setattr("keras_weakseg.recipes.planning.make_plan", lambda experiment: plan)
  monkeypatch.setattr(sys, "argv", ["pseudo_labels.py", tiny_run.model_dir, "--every", "3",
                                    "--threshold", "0.0"])
  pseudo_labels.main()
  rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
  assert [row[0].strip("| ") for row in rows] == list(tiny_data.classes)
  for column in (1, 2, 3):
    assert abs(sum(float(row[column].rstrip("%")) for row in rows) - 100) < 0.05
  assert [row[2] for row in rows] == [row[3] for row in rows], "all are sure"
