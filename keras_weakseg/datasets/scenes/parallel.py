"""Renders many scenes with several processes, in order; each scene needs only its seed."""
import concurrent.futures
import functools
import itertools
import multiprocessing
import os

from keras_weakseg.datasets.scenes.render import render_scene

_CHUNK = 4
_PATIENCE = 120.0  # seconds for one chunk of a worker; rendering one takes about a second


def render_many(seeds, size=(96, 192), workers=None):
  """Yields `render_scene(seed, size)` for every seed, in order.

  Args:
    seeds: iterable of ints.
    size: (height, width) in pixels.
    workers: processes; `None` = one per core, 1 = none but this one. Only where processes can be
      forked: a new interpreter per worker would take longer to start than to render.

  Yields:
    Samples as `render_scene` returns them; they do not depend on `workers`.
  """
  seeds = list(seeds)
  workers = min(workers or os.cpu_count() or 1, -(-len(seeds) // _CHUNK))
  if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
    yield from (render_scene(seed, size) for seed in seeds)
    return
  chunks = [seeds[first:first + _CHUNK] for first in range(0, len(seeds), _CHUNK)]
  pool = concurrent.futures.ProcessPoolExecutor(
      workers, mp_context=multiprocessing.get_context("fork"))
  try:
    yield from _ordered(pool, chunks, size, workers + 2)
  finally:
    # A worker may hang on a lock that another thread held when the process was forked.
    for process in list((pool._processes or {}).values()):  # pylint: disable=protected-access
      process.terminate()
    pool.shutdown(wait=False, cancel_futures=True)


def _ordered(pool, chunks, size, ahead):
  """Yields samples in order, with a bounded number of chunks under way."""
  work = functools.partial(_render, size=size)
  waiting = [(chunk, pool.submit(work, chunk)) for chunk in chunks[:ahead]]
  later = iter(chunks[ahead:])
  broken = False
  while waiting:
    chunk, future = waiting.pop(0)
    if not broken:
      try:
        samples = future.result(timeout=_PATIENCE)
      except (concurrent.futures.TimeoutError, concurrent.futures.BrokenExecutor):
        broken = True
    if broken:  # the same samples, only more slowly
      samples = _render(chunk, size)
    for following in itertools.islice(later, 1):
      waiting.append((following, None if broken else pool.submit(work, following)))
    yield from samples


def _render(seeds, size):
  return [render_scene(seed, size) for seed in seeds]
