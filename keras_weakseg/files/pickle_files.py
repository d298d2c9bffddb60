"""The reader of pickled lists, as old data sets publish their splits: no code of theirs is run."""
import io
import pickle

from keras_weakseg.files import text as texts

_FORM = "a pickled list of texts"


class _Plain(pickle.Unpickler):
  """Lists of texts alone: a pickle may call anything, and those of strangers must not."""

  def find_class(self, module, name):
    raise pickle.UnpicklingError(f"it wants {module}.{name}")


def read_texts(path, noun, limit, fix):
  """Returns the texts of a pickled list.

  Args:
    path: of the file.
    noun: what it is called in errors.
    limit: most bytes of the file.
    fix: what the user can do where there is no such file.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no pickled list of texts, or calls something.
  """
  contents = texts.read_bytes(path, noun, limit, fix)
  try:
    found = _Plain(io.BytesIO(contents), encoding="utf-8").load()
  except Exception as error:  # A broken pickle may raise anything.
    raise texts.unreadable(noun, path, _FORM, error, fix) from error
  if not isinstance(found, (list, tuple)) or not all(isinstance(each, str) for each in found):
    raise texts.unreadable(noun, path, _FORM, type(found).__name__, fix)
  return list(found)
