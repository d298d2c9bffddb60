"""`kill -9` in the middle of an epoch, then the same command again: the same bits at the end."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np

WORKER = pathlib.Path(__file__).with_name("worker.py")
STEPS = 24


def command(folder, place):
  return [sys.executable, str(WORKER), str(folder), str(place / "run"), "one_device", str(STEPS),
          "em_adapt", str(place / "weights.npz")]


def environment():
  return {**os.environ, "PYTHONPATH": str(WORKER.parents[2])}


def last_checkpoint(place):
  index = place / "run" / "train" / "checkpoints" / "last" / "checkpoint"
  return index.read_text() if index.exists() else ""


def test_killed_run_ends_with_the_same_bits(photo_folder, tmp_path, train_here):
  whole, killed = tmp_path / "whole", tmp_path / "killed"
  whole.mkdir()
  killed.mkdir()
  train_here(*command(photo_folder, whole)[2:])
  process = subprocess.Popen(command(photo_folder, killed), env=environment(),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
  deadline = time.time() + 240
  while "ckpt-5" not in last_checkpoint(killed) and time.time() < deadline:
    time.sleep(0.02)
  process.send_signal(signal.SIGKILL)
  process.wait()
  assert "ckpt-5" in last_checkpoint(killed) or "ckpt-10" in last_checkpoint(killed)
  assert not (killed / "run" / "train" / "done.json").exists(), "killed too late to test anything"
  subprocess.run(command(photo_folder, killed), env=environment(), check=True, timeout=300,
                 capture_output=True)
  with np.load(whole / "weights.npz") as first, np.load(killed / "weights.npz") as second:
    for name in first.files:
      np.testing.assert_array_equal(first[name], second[name])
