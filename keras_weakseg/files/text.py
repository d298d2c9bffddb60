"""Text files as they come: regular files of a bounded size, UTF-8 with or without a mark."""
import codecs
import os
import stat

from keras_weakseg import errors

LIMIT = 1 << 26  # bytes; nobody writes more by hand
_MARKS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"),
          (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
_SHOWN = 5


def read_bytes(path, noun="file", limit=LIMIT, fix="Check the path."):
  """Returns the bytes of a regular file.

  Args:
    path: of the file.
    noun: what the file is called in errors.
    limit: most bytes.
    fix: what the user can do where there is no such file.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is a folder, a pipe or a device, larger than the limit, or cannot be opened.
  """
  size = check_regular(path, noun, fix)
  if size > limit:
    raise unreadable(noun, path, f"at most {limit:,} bytes", f"{size:,} bytes",
                     "Check that this is the right file; split it if it is.")
  try:
    with open(path, "rb") as file:
      return file.read(size)  # As many bytes as this are set aside first: not `limit`.
  except OSError as error:
    raise unreadable(noun, path, "a file that may be read", error.strerror or error,
                     "Check its rights.") from error


def check_regular(path, noun="file", fix="Check the path."):
  """Returns the size of a regular file in bytes; opens nothing.

  Args, raises: as `read_bytes`.
  """
  place = os.fspath(path)
  try:
    found = os.stat(place)
  except (FileNotFoundError, NotADirectoryError):
    raise errors.missing(f"The {noun} does not exist.", expected=f"the file '{place}'",
                         received="no such file", fix=fix) from None
  except (OSError, ValueError) as error:
    raise unreadable(noun, place, "a file that may be read",
                     getattr(error, "strerror", None) or error, "Check its name and rights.") from (
                         error)
  if stat.S_ISREG(found.st_mode):
    return found.st_size
  kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, a socket or a device"
  raise unreadable(noun, place, "a regular file", kind, "Name the file itself.")


def read_text(path, noun="file", limit=LIMIT, fix="Check the path."):
  """Returns the text of a file; line ends of Windows and old Macs are `\\n`.

  Args, raises: as `read_bytes`; also `ValueError` for another encoding than UTF-8, which it names.
  """
  return decode(read_bytes(path, noun, limit, fix), path, noun)


def read_lines(path, noun="file", limit=LIMIT, fix="Check the path."):
  """Returns (number from 1, text without blanks at its ends) of every line that is not empty.

  Args, raises: as `read_text`.
  """
  lines = enumerate(read_text(path, noun, limit, fix).split("\n"), 1)
  return [(number, line.strip()) for number, line in lines if line.strip()]


def decode(contents, place, noun="file"):
  """Returns the text of bytes: UTF-8, a mark before it left out, line ends `\\n`.

  Args:
    contents: bytes.
    place: where they are from, for errors.
    noun: what the file is called in errors.

  Raises:
    ValueError: another encoding.

  Example:
    >>> decode(b"\\xef\\xbb\\xbfdog\\r\\n", "a.txt")
    'dog\\n'
  """
  marked = next((name for mark, name in _MARKS if contents.startswith(mark)), None)
  try:
    text = contents.decode("utf-8-sig")
  except UnicodeDecodeError as error:
    line = contents.count(b"\n", 0, error.start) + 1
    near = contents[error.start:error.start + _SHOWN].hex(" ")
    received = marked or f"the bytes {near} in line {line}, of another encoding"
    raise unreadable(noun, place, "a text in UTF-8", received,
                     "Save it as UTF-8 (bytes above 7f are often Windows-1252 or GBK).") from error
  if "\0" in text:
    line = text.count("\n", 0, text.index("\0")) + 1
    raise unreadable(noun, place, "a text in UTF-8",
                     marked or f"a zero byte in line {line}: UTF-16, or no text",
                     "Save it as UTF-8, or name the right file.")
  return text.replace("\r\n", "\n").replace("\r", "\n")


def unreadable(noun, place, expected, received, fix):
  """Returns the `ValueError` for a file that cannot be read; the caller raises it.

  Args:
    noun: what the file is called.
    place: path, may be with a line.
    expected, received, fix: as `errors.describe`.
  """
  return errors.value_error(f"The {noun} '{place}' cannot be read.", expected=expected,
                            received=received, fix=fix)
