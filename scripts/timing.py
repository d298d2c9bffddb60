"""What benchmarks of steps share: contenders in rounds, so that a busy machine hits all of them."""
import time

import numpy as np
import tensorflow as tf


def block(run, steps):
  """Returns the median seconds of a call, the results fetched.

  Args:
    run: function without arguments that returns tensors in any structure.
    steps: calls that count, after one that warms the caches.
  """
  times = []
  for _ in range(steps + 1):
    start = time.perf_counter()
    for value in tf.nest.flatten(run()):
      np.asarray(value)
    times.append(time.perf_counter() - start)
  return np.median(times[1:])


def measure(contenders, rounds, steps):
  """Returns a dict of contender to seconds of a call, [rounds]; every other round is reversed.

  Args:
    contenders: dict of name to function, see `block`.
    rounds: in each of which every contender has its block.
    steps: of a block.
  """
  seconds = {name: [] for name in contenders}
  for number in range(rounds):
    for name in list(contenders)[::1 if number % 2 == 0 else -1]:
      seconds[name].append(block(contenders[name], steps))
  return {name: np.array(values) for name, values in seconds.items()}
