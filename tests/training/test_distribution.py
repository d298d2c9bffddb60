"""One device = two replicas = two processes: the same weights from the same global batches."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf


WORKER = pathlib.Path(__file__).with_name("worker.py")
STEPS = 20


def start(folder, model_dir, strategy, method, output, steps=STEPS, **environment):
  return subprocess.Popen(
      [sys.executable, str(WORKER), str(folder), str(model_dir), strategy, str(steps), method,
       str(output)],
      env={**os.environ, "PYTHONPATH": str(WORKER.parents[2]), "SHALLOW": "1", **environment},
      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(*processes):
  """Waits for all of them: where one dies, the others say only that it is gone."""
  outputs = [process.communicate(timeout=540)[0] for process in processes]
  codes = [process.returncode for process in processes]
  assert not any(codes), "\n".join(
      f"exit code {code}: {output[-3000:]}" for code, output in zip(codes, outputs))


def start_workers(folder, place, count=2, steps=STEPS, **environment):
  """Starts `count` of two processes on two free ports."""
  workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
  return [
      start(folder, place / "run", "multi_worker_mirrored", "em_fixed", place / f"w{index}.npz",
            steps=steps, **environment, TF_CONFIG=json.dumps({
                "cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}))
      for index in range(count)]


def free_ports(count):
  sockets = [socket.socket() for _ in range(count)]
  for entry in sockets:
    entry.bind(("127.0.0.1", 0))
  ports = [entry.getsockname()[1] for entry in sockets]
  for entry in sockets:
    entry.close()
  return ports


def load(path):
  with np.load(path) as archive:
    return [archive[name] for name in archive.files]


def assert_equal_weights(first, second):
  for one, other in zip(load(first), load(second)):
    np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)


@pytest.fixture(scope="module")
def one_device(photo_folder, tmp_path_factory, train_here):
  """Returns the weights of one device, trained once for all comparisons."""
  place = tmp_path_factory.mktemp("one")
  train_here(photo_folder, place / "run", "one_device", STEPS, "em_fixed", place / "weights.npz",
             SHALLOW="1")
  return place / "weights.npz"


def test_training_moves_the_weights_far_more_than_the_tolerance(one_device):
  """Even from the first checkpoint on, which the run has kept, to its end."""
  place = one_device.parent / "run" / "train" / "checkpoints" / "last"
  first = tf.train.load_checkpoint(str(place / "ckpt-5"))
  shapes = first.get_variable_to_shape_map()
  starts = [first.get_tensor(name) for name in shapes if "OPTIMIZER_SLOT" not in name
            and name.endswith(".ATTRIBUTES/VARIABLE_VALUE")]
  for value in load(one_device):
    moved = [np.abs(start - value).max() for start in starts if start.shape == value.shape]
    # Variables of one shape are told apart by none of them being where this one ends.
    assert moved and min(moved) > 1e-3


@pytest.mark.slow
def test_two_replicas_equal_one_device(photo_folder, one_device, tmp_path):
  finish(start(photo_folder, tmp_path / "run", "mirrored", "em_fixed", tmp_path / "w.npz"))
  assert_equal_weights(one_device, tmp_path / "w.npz")


def test_two_processes_equal_one_device(photo_folder, one_device, tmp_path):
  finish(*start_workers(photo_folder, tmp_path))
  assert_equal_weights(one_device, tmp_path / "w0.npz")
  assert_equal_weights(tmp_path / "w0.npz", tmp_path / "w1.npz")
  assert not [name for name in os.listdir(tmp_path / "run" / "train") if "temporary" in name]


def test_a_worker_that_never_comes_ends_the_one_that_waits(photo_folder, tmp_path):
  [alone] = start_workers(photo_folder, tmp_path, count=1, TIMEOUT="3")
  output = alone.communicate(timeout=300)[0]
  assert alone.returncode == -signal.SIGKILL, output
  assert "Not all of the 2 workers have come: 127.0.0.1:" in output
  assert "Expected: progress within runtime.timeout, 3 s. Received: none." in output
  assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_worker_that_stands_still_ends_the_other(photo_folder, tmp_path):
  workers = start_workers(photo_folder, tmp_path, steps=2000, TIMEOUT="60")
  deadline = time.monotonic() + 300
  while not list((tmp_path / "run").rglob("ckpt-*.index")):
    assert time.monotonic() < deadline and workers[0].poll() is None
    time.sleep(0.5)
  workers[1].send_signal(signal.SIGSTOP)
  output = workers[0].communicate(timeout=300)[0]
  workers[1].kill()
  workers[1].communicate()
  assert workers[0].returncode == 1, output  # Its heart stands still, too: TensorFlow tells.
  assert "ConnectionError: No step ends any more: another worker is gone or stands still." in output
