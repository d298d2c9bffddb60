"""Renders many scenes with several processes, in order; each scene needs only its seed."""
import functools
import itertools
import multiprocessing
import os
import signal

from keras_weakseg.datasets.scenes.render import render_scene

_CHUNK = 4         # scenes per message
_PATIENCE = 120.0  # seconds for one message; rendering it takes about half a second


def render_many(seeds, size=(96, 192), workers=None, stereo=False):
  """Yields `render_scene(seed, size, stereo)` for every seed, in order.

  Args:
    seeds: iterable of ints.
    size: (height, width) in pixels.
    workers: processes; `None` = one per core, 1 = none but this one. Only where processes can be
      forked: a new interpreter per worker would take longer to start than to render.
    stereo: whether samples hold the view of the second camera.

  Yields:
    Samples as `render_scene` returns them; they do not depend on `workers`.
  """
  seeds = list(seeds)
  render = functools.partial(render_scene, size=size, stereo=stereo)
  chunks = [seeds[first:first + _CHUNK] for first in range(0, len(seeds), _CHUNK)]
  workers = min(workers or os.cpu_count() or 1, len(chunks))
  if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
    yield from (render(seed) for seed in seeds)
    return
  started = [_start(chunks[first::workers], render) for first in range(workers)]
  try:
    yield from _ordered(chunks, [receiver for _, receiver in started], render)
  finally:
    for process, receiver in started:
      process.kill()
      process.join()
      receiver.close()


def _start(chunks, render):
  """Starts a process that renders its chunks one after the other; it waits until one is read."""
  context = multiprocessing.get_context("fork")
  receiver, sender = context.Pipe(duplex=False)
  process = context.Process(target=_work, args=(chunks, render, sender), daemon=True)
  process.start()
  sender.close()  # so that the end of the process ends the pipe
  return process, receiver


def _work(chunks, render, sender):
  signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to report
  for chunk in chunks:
    sender.send([render(seed) for seed in chunk])


def _ordered(chunks, receivers, render):
  """Yields the samples of all chunks; those of a lost worker are rendered here.

  A worker may be killed, or hang on a lock that another thread held when it was forked.
  """
  lost = set()
  for chunk, receiver in zip(chunks, itertools.cycle(receivers)):
    samples = None
    if receiver not in lost:
      try:
        samples = receiver.recv() if receiver.poll(_PATIENCE) else None
      except (EOFError, OSError):
        pass
    if samples is None:
      lost.add(receiver)
      samples = [render(seed) for seed in chunk]
    yield from samples
