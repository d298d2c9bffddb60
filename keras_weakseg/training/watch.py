"""Ends a process of a cluster that waits for others in vain.

TensorFlow waits for ever, in C++ and with the lock of the interpreter, for a worker that has not
come or does not go on; neither an exception nor a thread of Python runs then. So another process
counts. What is on the disk stays whole: the run continues when all are started again.
"""
import contextlib
import os
import subprocess
import sys

from keras_weakseg import errors

# Every byte that arrives starts the count anew; the end of the input ends it.
_SCRIPT = """
import os, select, signal, sys
while select.select([0], [], [], float(sys.argv[1]))[0]:
  if not os.read(0, 4096):
    sys.exit()
print(sys.argv[3], file=sys.stderr, flush=True)
os.kill(int(sys.argv[2]), signal.SIGKILL)
"""


class Watch:
  """Counts the seconds since something has moved, and kills this process when they are too many.

  Args:
    timeout: seconds; 0 = never.
    message: what happened then; goes to the standard error.
    fix: what to do.
  """

  def __init__(self, timeout, message, fix):
    self._counter = None
    if timeout:
      text = errors.describe(
          message, expected=f"progress within runtime.timeout, {timeout:g} s", received="none",
          fix=fix)
      self._counter = subprocess.Popen(  # pylint: disable=consider-using-with
          [sys.executable, "-I", "-S", "-c", _SCRIPT, str(timeout), str(os.getpid()), text],
          stdin=subprocess.PIPE, bufsize=0)

  def moved(self):
    """Starts to count anew."""
    if self._counter is not None:
      self._counter.stdin.write(b".")

  def stop(self):
    """Stops counting."""
    if self._counter is not None:
      self._counter.stdin.close()
      self._counter.wait()


@contextlib.contextmanager
def watched(timeout, message, fix):
  """Gives a `Watch` while the block runs. See there."""
  watch = Watch(timeout, message, fix)
  try:
    yield watch
  finally:
    watch.stop()
