"""Which photographs to predict: a file, a folder, a pattern, or a list of these."""
import collections
import glob
import os
import pathlib
import sys

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.evaluation import large_images
from keras_weakseg.files import text as texts
from keras_weakseg.ops import image_formats
from keras_weakseg.ops import images as image_ops
from keras_weakseg.ops import jpeg_ends

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
_SHOWN = 10
_LIMIT = 1 << 30  # bytes of an image
_TAIL = 1 << 12  # bytes in which the end of an image is looked for


def find_images(inputs):
  """Returns the paths of images in order, each once.

  Args:
    inputs: path of a file, of a folder (its images, not those of folders in it), a pattern such
      as `"photos/**/*.jpg"`, or a list of these.

  Returns:
    List of `pathlib.Path`, sorted within every folder and pattern.

  Raises:
    FileNotFoundError: an input gives no image; says what was looked for.
  """
  if isinstance(inputs, (str, os.PathLike)):
    inputs = [inputs]
  found = {path.resolve(): path for each in inputs for path in _expanded(each)}
  if not found:
    raise errors.missing("There is no image to predict.", expected="at least one path",
                         received="an empty list", fix="Pass a file, a folder or a pattern.")
  return list(found.values())


def unread(inputs):
  """Returns the names of pictures in folders and patterns that are left out by their suffix.

  Args:
    inputs: as of `find_images`.

  Returns:
    Sorted list of file names.
  """
  if isinstance(inputs, (str, os.PathLike)):
    inputs = [inputs]
  found = set()
  for each in inputs:
    text = os.path.expanduser(os.fspath(each))
    if not os.path.isfile(text):
      files = os.listdir(text) if os.path.isdir(text) else glob.glob(text, recursive=True)
      found.update(os.path.basename(file) for file in files
                   if os.path.splitext(file)[1].lower() in image_formats.SUFFIXES)
  return sorted(found)


def notes_of(inputs):
  """Returns sentences on what of the inputs is not read, and prints them.

  Args:
    inputs: as of `find_images`.
  """
  names = unread(inputs)
  if not names:
    return []
  more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
  note = (f"{len(names)} files are not read: {', '.join(names[:_SHOWN])}{more}; images are "
          + ", ".join(EXTENSIONS))
  print(f"note: {note}", file=sys.stderr, flush=True)
  return [note]


def checked(inputs, output_dir, limit=0, fix=""):
  """Returns (paths, notes) of inputs that can be predicted into a folder.

  Args:
    inputs: as of `find_images`.
    output_dir: as of `check_apart`.
    limit, fix: of the pixels of an image, as of `large_images.check`; 0 = any.

  Raises:
    FileNotFoundError, ValueError: see `find_images`, `check_images` and `check_apart`.
  """
  paths = find_images(inputs)
  large_images.check_files(paths, limit, fix)
  check_images(paths)
  check_apart(paths, output_dir)
  return paths, notes_of(inputs)


def check_images(paths):
  """Checks the kind of every file and its bits per channel, and decodes those without an end.

  Args:
    paths: of images.

  Raises:
    ValueError: files that cannot be read; names them all (the first ten), each with the reason.
  """
  broken = [(path, fault) for path in paths if (fault := _fault(path))]
  if broken:
    shown = "; ".join(f"{path if _is_text(path) else ascii(str(path))}: {fault}"
                      for path, fault in broken[:_SHOWN])
    more = f"; and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
    raise errors.value_error(
        f"{len(broken)} of {len(paths)} images cannot be read.",
        expected=image_formats.FORMATS, received=shown + more,
        fix="Repair, convert or remove these files; nothing has been written.")


def output_names(paths, endings=("",), reserved=()):
  """Returns one name per path for its outputs: the stem, or more of the path where stems repeat.

  No output has the name of another one, or a reserved one, also where capitals do not count.

  Args:
    paths: list of `pathlib.Path`.
    endings: what is added to a name for each of its outputs, such as `.png`, `_overlay.jpg`.
    reserved: file names of other outputs.

  Returns:
    List of different strings, usable as file names.

  Example:
    >>> output_names([pathlib.Path("a/x.jpg"), pathlib.Path("b/x.jpg"), pathlib.Path("b/y.png")])
    ['a_x', 'b_x', 'y']
  """
  folders = [path.absolute().parent for path in paths]
  root = os.path.commonpath(folders)
  places = [folder.relative_to(root).parts for folder in folders]
  names = [path.stem for path in paths]
  for longer in (lambda path, place: "_".join([*place, path.stem]),
                 lambda path, place: "_".join([*place, path.name])):
    count = collections.Counter(names)
    names = [longer(path, place) if count[name] > 1 else name
             for name, path, place in zip(names, paths, places)]
  count = collections.Counter(names)
  names = [f"{name}_{number}" if count[name] > 1 else name for number, name in enumerate(names)]
  taken, unique = {name.casefold() for name in reserved}, []
  for name in names:
    number, free = 1, name
    while taken & (files := {(free + ending).casefold() for ending in endings}):
      number += 1
      free = f"{name}_{number}"
    taken |= files
    unique.append(free)
  return unique


def check_apart(paths, output_dir):
  """Refuses an output folder that holds inputs: an output could replace the photograph itself.

  Args:
    paths: list of `pathlib.Path`.
    output_dir: folder that will be written to.

  Raises:
    ValueError: one of the images lies in it.
  """
  target = pathlib.Path(output_dir).resolve()
  inside = [path for path in paths if path.resolve().parent == target]
  if inside:
    raise errors.value_error(
        "The output folder holds images that shall be read.", expected="another folder",
        received=f"{output_dir} with {inside[0].name}", fix="Choose an empty output folder.")


def decoded(paths, endings=("",), reserved=()):
  """Yields (path, name, image) in order, read ahead while the network works.

  Args:
    paths: list of `pathlib.Path`.
    endings, reserved: as of `output_names`.

  Yields:
    The path, its name of `output_names`, and a uint8 tensor [H, W, 3], RGB as stored.

  Raises:
    ValueError: an image turns out to be broken; names it.
  """
  data = tf.data.Dataset.from_tensor_slices([str(path) for path in paths])
  decode = tf.autograph.experimental.do_not_convert(_decoded)  # There is nothing to convert.
  images = iter(data.map(decode, num_parallel_calls=2).prefetch(2))
  for path, name in zip(paths, output_names(paths, endings, reserved)):
    try:
      image, suspect = next(images)
    except tf.errors.OpError as error:
      raise errors.value_error(
          f"The image '{path}' is broken.", expected="a JPEG, PNG, BMP or GIF that can be decoded",
          received=error.message.splitlines()[0] if error.message else error,
          fix="Repair, convert or remove this file; nothing has been written.") from None
    if suspect and jpeg_ends.lacks_a_part(texts.read_bytes(path, "image", _LIMIT)):
      raise errors.value_error(
          f"The image '{path}' is cut off.", expected="a whole JPEG",
          received="one that lacks a part before its end marker",
          fix="Repair or remove this file; nothing has been written.")
    yield path, name, image


def _decoded(path):
  """Returns the pixels of a file, and whether a part of them may be missing."""
  contents = tf.io.read_file(path)
  image = image_ops.decode_image(contents)
  return image, jpeg_ends.may_lack_a_part(contents, image)


def _expanded(each):
  """Returns the images of one input."""
  text = os.path.expanduser(os.fspath(each))
  path = pathlib.Path(text)
  if path.is_file():
    return [path]
  if path.is_dir():
    found = [file for file in path.iterdir() if _is_image(file)]
    looked_for = "files that end in " + " ".join(EXTENSIONS)
  else:
    found = [file for file in map(pathlib.Path, glob.glob(text, recursive=True)) if _is_image(file)]
    looked_for = "a file, a folder, or a pattern that matches images"
  if not found:
    received, fix = _nothing(each, path)
    raise errors.missing(f"There is no image at '{each}'.", expected=looked_for, received=received,
                         fix=fix)
  return sorted(found)


def _nothing(each, path):
  """Returns what lies at an input without images, and the fix."""
  fix = "Check the path; a pattern goes in quotes on the command line."
  if not path.is_dir():
    return f"nothing below {path.absolute().parent}", fix
  held = sorted(file.name + "/" * file.is_dir() for file in path.iterdir())
  if not held:
    return "an empty folder", fix
  if any(name.endswith("/") for name in held):
    fix = f"Subfolders are not searched: pass '{os.path.join(os.fspath(each), '**', '*.jpg')}'."
  return "no image file, but " + ", ".join(held[:_SHOWN]) + (" ..." if held[_SHOWN:] else ""), fix


def _is_image(path):
  return path.suffix.lower() in EXTENSIONS and not path.name.startswith(".") and path.is_file()


def _is_text(path):
  try:
    return bool(str(path).encode())
  except UnicodeEncodeError:
    return False


def _fault(path):
  """Returns what is wrong with a file, or an empty string."""
  if not _is_text(path):
    return "a name that is not in UTF-8"
  try:
    with open(path, "rb") as file:
      head = file.read(image_formats.HEAD)
      length = file.seek(0, 2)
      file.seek(max(0, length - _TAIL))
      suspect = image_formats.may_be_cut(head, file.read(), length)
  except OSError as error:
    return error.strerror or str(error)
  fault = image_formats.words_of(head)
  if fault or not suspect:
    return fault
  try:
    image_ops.decode_image(tf.io.read_file(str(path)))
  except tf.errors.OpError as error:
    cut = image_formats.form_of(head) in ("png", "jpeg")
    return "cut off" if cut else error.message.splitlines()[0]
  return ""
