"""Tests of work that runs ahead: order, bounds, errors, threads."""
import threading
import time

import pytest

from keras_weakseg.files import parallel


@pytest.mark.parametrize("workers", [1, 2, 5, None])
def test_results_are_in_the_order_of_items(workers):
  def slow_first(item):
    time.sleep(0.002 * (7 - item % 8))
    return item * 10

  assert list(parallel.in_order(slow_first, range(20), workers)) == list(range(0, 200, 10))
  assert not list(parallel.in_order(slow_first, [], workers))


def test_work_runs_at_the_same_time():
  together = threading.Barrier(3, timeout=20)  # is passed by three threads or by none
  assert list(parallel.in_order(lambda _: together.wait() >= 0, range(6), workers=3)) == [True] * 6


def test_few_items_are_taken_ahead():
  taken = []

  def items():
    for item in range(50):
      taken.append(item)
      yield item

  results = parallel.in_order(lambda item: item, items(), workers=2)
  for count, _ in enumerate(results, 1):
    assert len(taken) <= count + 2


def test_an_error_is_raised_in_its_place():
  def work(item):
    if item == 3:
      raise ValueError("three")
    return item

  results = parallel.in_order(work, range(10), workers=2)
  assert [next(results) for _ in range(3)] == [0, 1, 2]
  with pytest.raises(ValueError, match="three"):
    next(results)
  with pytest.raises(StopIteration):
    next(results)


def test_an_error_of_the_items_is_raised():
  def items():
    yield 1
    raise OSError("gone")

  with pytest.raises(OSError, match="gone"):
    list(parallel.in_order(lambda item: item, items(), workers=4))


def test_nobody_has_to_ask_for_all_results():
  done = []
  results = parallel.in_order(done.append, range(1000), workers=2)
  next(results)
  results.close()
  assert len(done) < 10
