"""The one form of every user error: what happened, expected and received, the fix."""
import difflib
import re

# What TensorFlow puts around the words that a user needs.
_NOISE = re.compile(r"\{\{function_node .*?\}\}\s*|\s*\[Op:\w+\]|"
                    r"Error in user-defined function passed to .*? with iterator: [\w:]+: ")


def plain(text):
  """Returns a text on one line, without TensorFlow's names of operations.

  Example:
    >>> plain("{{function_node x}} Input is\\n  empty. [Op:Next]")
    'Input is empty.'
  """
  return " ".join(_NOISE.sub("", str(text)).split())


def describe(what, *, expected, received, fix):
  """Returns the text of an error in the form of the house.

  Args:
    what: one sentence, what happened.
    expected: what would have been right.
    received: what was there instead; long values are shortened, line ends and TensorFlow's names
      of operations left out.
    fix: what the user can do now.

  Returns:
    A string of three lines: what, `Expected: ... Received: ...`, the fix.

  Example:
    >>> print(describe("The mask of 'a' has label 7.", expected="0..3 or 255",
    ...                received=7, fix="Pass num_classes=8."))
    The mask of 'a' has label 7.
    Expected: 0..3 or 255. Received: 7.
    Pass num_classes=8.
  """
  received = plain(received)
  if len(received) > 400:
    received = received[:400] + "..."
  if received.endswith(".") and not received.endswith(".."):
    received = received[:-1]  # The sentence has a full stop of its own.
  return f"{what}\nExpected: {expected}. Received: {received}.\n{fix}"


def value_error(what, *, expected, received, fix):
  """Returns a `ValueError` with the text of `describe`; the caller raises it."""
  return ValueError(describe(what, expected=expected, received=received, fix=fix))


def missing(what, *, expected, received, fix):
  """Returns a `FileNotFoundError` with the text of `describe`; the caller raises it."""
  return FileNotFoundError(
      describe(what, expected=expected, received=received, fix=fix))


def unknown_name(kind, name, known):
  """Returns a `ValueError` for a name that no registry holds, with the nearest valid one.

  Example:
    >>> print(unknown_name("method", "em_adpat", ["em_adapt", "em_fixed"]))
    There is no method 'em_adpat'.
    Expected: one of em_adapt, em_fixed. Received: 'em_adpat'.
    Did you mean 'em_adapt'?
  """
  known = sorted(known)
  near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
  fix = f"Did you mean '{near[0]}'?" if near else "Choose one of the names above."
  return value_error(f"There is no {kind} '{name}'.",
                     expected="one of " + ", ".join(known), received=repr(name), fix=fix)


def check_name(kind, name, known):
  """Raises the `ValueError` of `unknown_name` unless `known` holds the name."""
  if name not in known:
    raise unknown_name(kind, name, known)
