"""Work on the host that runs on all cores while the network works on, with results in order."""
import collections
from concurrent import futures
import multiprocessing


def in_order(work, items, workers=None):
  """Yields `work(item)` of every item, in the order of the items.

  Items are taken as results are asked for, at most `workers` + 1 ahead, so memory stays bounded.
  An error of `work` is raised in the place of its result.

  Args:
    work: function that leaves Python for most of its time (NumPy, SciPy, TensorFlow): threads.
    items: iterable, read in the caller's thread.
    workers: number of threads, None = one per core.

  Example:
    >>> list(in_order(lambda x: x * x, range(5), workers=2))
    [0, 1, 4, 9, 16]
  """
  workers = workers or multiprocessing.cpu_count()
  running = collections.deque()
  with futures.ThreadPoolExecutor(workers) as pool:
    try:
      for item in items:
        running.append(pool.submit(work, item))
        if len(running) > workers:
          yield running.popleft().result()
      while running:
        yield running.popleft().result()
    finally:
      for waiting in running:  # after an error, or where nobody asks for more
        waiting.cancel()
