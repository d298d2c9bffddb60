"""A process that waits in vain ends, with the reason."""
import signal
import subprocess
import sys

import pytest

SCRIPT = """
import time
from keras_weakseg.training import watch
with watch.watched({timeout}, "Nobody has come.", "Start all of them again.") as waiting:
  for _ in range({moves}):
    time.sleep(0.1)
    waiting.moved()
  time.sleep({still})
time.sleep({after})
print("went on")
"""


def run(timeout, moves=0, still=0.0, after=0.0):
  script = SCRIPT.format(timeout=timeout, moves=moves, still=still, after=after)
  return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_without_progress_the_process_ends_and_says_why():
  done = run(0.3, still=60)
  assert done.returncode == -signal.SIGKILL
  assert done.stderr == ("Nobody has come.\nExpected: progress within runtime.timeout, 0.3 s. "
                         "Received: none.\nStart all of them again.\n")
  assert not done.stdout


@pytest.mark.parametrize("arguments", [
    dict(timeout=1, moves=15), dict(timeout=1, after=1.5), dict(timeout=0, still=0.5)],
    ids=["moving", "stopped", "for ever"])
def test_what_moves_or_is_over_goes_on(arguments):
  done = run(**arguments)
  assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")
