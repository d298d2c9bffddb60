"""What `keras-weakseg` does: it calls, prints the answer, and tells errors in one form."""
import contextlib
import json
import os
import re
import sys

from keras_weakseg.cli import answers
from keras_weakseg.cli import converters
from keras_weakseg.cli import parsing
from keras_weakseg.cli import signatures

# Errors that a user can mend; everything else is a bug and keeps its traceback.
_USER_ERRORS = (ValueError, OSError, ArithmeticError, ImportError)


def main(words=None):
  """Runs one command.

  Args:
    words: list of str, None = those of the process.

  Returns:
    Exit code: 0, 1 if the answer is that something does not hold (`check-data`, `benchmark`), 2
    after an error of the user, 130 after an interruption.
  """
  name, given, common = parsing.parse(sys.argv[1:] if words is None else words)
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
  call = signatures.call(name)
  try:
    # What a call prints while it works is no part of its answer.
    with contextlib.redirect_stdout(sys.stderr if common["json"] else sys.stdout):
      answer = signatures.function(name)(**converters.arguments_of(call, given))
    text = json.dumps(answers.plain(answer), indent=1) if common["json"] else answers.text(
        name, answer)
    if text:
      print(text, flush=True)
    for failure in getattr(answer, "failures", ()):
      print(f"failed: {failure}", file=sys.stderr)
    return 0 if getattr(answer, "ok", True) else 1
  except KeyboardInterrupt:
    # Calls that keep what is done say so.
    goes_on = " The same command continues." if re.search(r"\bcontinue", call.docstring) else ""
    print(f"\nStopped.{goes_on}", file=sys.stderr)
    return 130
  except _USER_ERRORS as error:
    if common["debug"]:
      raise
    print(f"{parsing.PROGRAM} {parsing.command_of(name)}: {error}\n(--debug shows where.)",
          file=sys.stderr)
    return 2
