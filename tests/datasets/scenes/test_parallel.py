"""Several processes render the same samples in the same order, and stop when nobody reads on."""
import functools
import multiprocessing
import subprocess
import sys
import threading

import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.datasets.scenes import parallel

SIZE = (16, 32)


def ids(samples):
  return [sample[fields.SAMPLE_ID].decode() for sample in samples]


def names(seeds):
  return [f"scene_{seed:06d}" for seed in seeds]


def test_workers_do_not_change_the_samples():
  seeds = [3, 900, 4, 5, 6, 7, 11, 10, 12]
  alone = list(parallel.render_many(seeds, SIZE, workers=1, stereo=True))
  shared = list(parallel.render_many(seeds, SIZE, workers=2, stereo=True))
  assert ids(alone) == ids(shared) == names(seeds)
  assert fields.STEREO_IMAGE in alone[0]
  assert fields.STEREO_IMAGE not in next(parallel.render_many(seeds, SIZE, workers=1))
  for one, two in zip(alone, shared):
    for name in one:
      np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_a_reader_that_stops_leaves_nothing_behind():
  threads = threading.active_count()
  before = set(multiprocessing.active_children())
  reader = parallel.render_many(range(60), SIZE, workers=2)
  assert ids([next(reader)]) == ["scene_000000"]
  assert len(set(multiprocessing.active_children()) - before) == 2
  reader.close()
  assert set(multiprocessing.active_children()) <= before
  assert threading.active_count() == threads


def test_an_abandoned_reader_does_not_keep_the_interpreter_from_ending():
  code = ("import tensorflow as tf; tf.constant(1) + 1\n"
          "from keras_weakseg.datasets.scenes import parallel\n"
          "reader = parallel.render_many(range(60), (16, 32), workers=2)\n"
          "next(reader); print('read')")
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                        timeout=120)
  assert done.returncode == 0 and done.stdout.split() == ["read"], done.stderr[-2000:]


def test_a_killed_worker_costs_time_but_no_sample():
  before = set(multiprocessing.active_children())
  reader = parallel.render_many(range(24), SIZE, workers=2)
  samples = [next(reader)]
  for process in set(multiprocessing.active_children()) - before:
    process.kill()
  assert ids(samples + list(reader)) == names(range(24))


def test_a_silent_worker_is_given_up(monkeypatch):
  monkeypatch.setattr(parallel, "_PATIENCE", 0.05)
  silent, kept_open = multiprocessing.Pipe(duplex=False)
  render = functools.partial(parallel.render_scene, size=SIZE)
  samples = list(parallel._ordered([[1, 2], [3], [4]], [silent], render))
  assert ids(samples) == names([1, 2, 3, 4])
  kept_open.close()


def test_an_error_of_the_renderer_is_not_hidden(capfd):
  with pytest.raises(ValueError):
    list(parallel.render_many([-1] * 12, SIZE, workers=2))
