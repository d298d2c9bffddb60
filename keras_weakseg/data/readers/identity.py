"""Which image a label file means: the whole relative path decides, never the last part alone."""
from keras_weakseg import errors

# Of names in lists and annotations; also of images that cannot be read themselves.
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")


class Identities:
  """Finds the id of the image that a text names.

  An id is the path of an image in its folder, without suffix. A text may also have the suffix,
  backslashes or a leading `./`, or be the path of the image in the root folder:
  `train\\a.jpg` and `images/train/a.jpg` both mean `train/a`.

  Args:
    images: dict of id to path.
    root: path of the folder that lists and annotations are relative to.
  """

  def __init__(self, images, root):
    self._images, self._root = images, str(root).rstrip("/") + "/"
    self._places = None

  def find(self, text):
    """Returns the id, or None if the text names no image.

    Raises:
      ValueError: it names two images, one by its id and one by its path.
    """
    if text in self._images:
      return text
    tidy = text.replace("\\", "/").removeprefix("./")
    names = [tidy, without_suffix(tidy)]
    by_id = next((name for name in names if name in self._images), None)
    by_place = self._by_place(names[1])
    if by_id is not None and by_place not in (None, by_id):
      raise errors.value_error(
          f"The name '{text}' belongs to two images.", expected="the name of one image",
          received=f"{self._images[by_id]}, {self._images[by_place]}",
          fix="Rename one of the folders of images.")
    return by_place if by_id is None else by_id

  def _by_place(self, name):
    if self._places is None:
      self._places = {without_suffix(path.removeprefix(self._root)): sample
                      for sample, path in self._images.items()}
    return self._places.get(name.removeprefix(self._root))


def without_suffix(name):
  """Returns a name without the suffix of an image; other dots stay.

  Example:
    >>> without_suffix("a/photo.1.JPG"), without_suffix("a/photo.1")
    ('a/photo.1', 'a/photo.1')
  """
  for suffix in SUFFIXES:
    if name.lower().endswith(suffix):
      return name[:-len(suffix)]
  return name


def texts(ids, where):
  """Returns a list of ids as a tuple of str.

  Args:
    ids: iterable of str.
    where: what it is, for errors.

  Raises:
    ValueError: it is no list, or an entry is no text: a number may be a position or a name.

  Example:
    >>> texts(["a", "b"], "list")
    ('a', 'b')
  """
  try:
    ids = tuple(ids) if not isinstance(ids, (str, bytes)) else (None,)
  except TypeError:
    ids = (ids,)
  wrong = [name for name in ids if not isinstance(name, str)]
  if wrong:
    raise errors.value_error(
        f"The {where} does not hold ids.", expected="a list of texts such as 'im00' or 'train/a'",
        received=", ".join(repr(name) for name in wrong[:5]) if wrong != [None] else repr(ids),
        fix="An id is the file name of the image without suffix, in quotes; positions are none.")
  return ids
