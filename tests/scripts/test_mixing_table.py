"""The table of mixing: violations counted by hand, and a run from scenes to the sheet."""
import sys

import mixing_table
import numpy as np


def test_violations_by_hand():
  closeness = np.array([[[0.9, 0.1, 0.5, 0.5]], [[0.5, 0.5, 0.52, 0.9]]])
  kept = np.array([[[True, True, True, False]], [[False, True, True, True]]])
  found = mixing_table.violations(kept, closeness, np.array([1, 0]), 0.03)
  # Own .1 over .5; within the margin; .9 over .5 is right. Then .9 over .5, all others nearer.
  assert found.tolist() == [[[False, True, False, False]], [[False, False, False, False]]]


def test_a_run_prints_all_masks_and_draws_them(tmp_path, monkeypatch, capsys):
  output = tmp_path / "sheet.png"
  monkeypatch.setattr(sys, "argv", ["mixing_table.py", "--scenes", "4", "--size", "24", "48",
                                    "--count", "2", "--tile", "48", "--output", str(output)])
  mixing_table.main()
  rows = {cells[0]: cells[1:] for line in capsys.readouterr().out.splitlines()
          if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 5}
  assert set(mixing_table.KINDS) < set(rows)
  share = {kind: float(rows[kind][1].rstrip("%")) for kind in mixing_table.KINDS}
  assert share["DepthMix"] == 0 and min(share["ClassMix"], share["CutMix"]) > 1
  assert output.stat().st_size > 1000
