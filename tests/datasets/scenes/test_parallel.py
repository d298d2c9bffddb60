"""Several processes render the same samples in the same order, and stop when nobody reads on."""
import concurrent.futures
import multiprocessing

import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.datasets.scenes import parallel

SIZE = (16, 32)


def ids(samples):
  return [sample[fields.SAMPLE_ID].decode() for sample in samples]


def test_workers_do_not_change_the_samples():
  seeds = [3, 900, 4, 5, 6, 7, 11, 10, 12]
  alone = list(parallel.render_many(seeds, SIZE, workers=1))
  shared = list(parallel.render_many(seeds, SIZE, workers=2))
  assert ids(alone) == ids(shared) == [f"scene_{seed:06d}" for seed in seeds]
  for one, two in zip(alone, shared):
    for name in one:
      np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_a_reader_that_stops_leaves_no_process_behind():
  before = set(multiprocessing.active_children())
  reader = parallel.render_many(range(60), SIZE, workers=2)
  assert ids([next(reader)]) == ["scene_000000"]
  reader.close()
  left = [process for process in multiprocessing.active_children() if process not in before]
  for process in left:
    process.join(timeout=10)
  assert not any(process.is_alive() for process in left)


class Broken:
  """A pool of which every future fails."""

  def __init__(self, error):
    self.error, self.asked = error, 0

  def submit(self, *_):
    self.asked += 1
    future = concurrent.futures.Future()
    future.set_exception(self.error)
    return future


@pytest.mark.parametrize("error", [concurrent.futures.TimeoutError(),
                                   concurrent.futures.process.BrokenProcessPool("gone")])
def test_a_lost_worker_costs_time_but_no_sample(error):
  pool = Broken(error)
  chunks = [[1, 2], [3], [4, 5], [6]]
  samples = list(parallel._ordered(pool, chunks, SIZE, ahead=2))
  assert ids(samples) == [f"scene_{seed:06d}" for seed in range(1, 7)]
  assert pool.asked == 2  # after the first failure nothing more is handed out


def test_an_error_of_the_renderer_is_not_hidden():
  with pytest.raises(ValueError):
    list(parallel.render_many([-1] * 12, SIZE, workers=2))
