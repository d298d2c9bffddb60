"""NYU Depth v2: rooms with true depth and 40 classes."""
import functools

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import depth_files
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import paired
from keras_weakseg.data.sources import source
from keras_weakseg.datasets import body_labels
from keras_weakseg.files import mat_files

LABELED, SPLITS, MAPPING = "nyu_depth_v2_labeled.mat", "splits.mat", "classMapping40.mat"
# The small copy: depth PNG of 8 bits, 255 = 10 metres; class 40 (other props) is unknown there.
_SMALL_SCALE, _SMALL_CLASSES = 25.5, 39
_MILLIMETRES, _REACH = 1000.0, 10  # of its PNG of 16 bits; metres that the sensor sees
_FIX = (f"Put {LABELED} (cs.nyu.edu/~silberman/datasets), {SPLITS} (there too) and {MAPPING} (of "
        "Gupta et al., CVPR 2013) into one folder.")


def nyuv2(root="nyuv2", *, held_out=0.1, raw_depth=False, data_dir=None):
  """Returns the source NYU Depth v2 (Silberman et al., ECCV 2012) with masks and depth in metres.

  ```
  nyu_depth_v2_labeled.mat   splits.mat   classMapping40.mat          as published, 640x480
  train/0003.jpg  train/0003_depth.png  train/0003_label.png          a small copy; test/ too
  ```

  Splits: `train` and `val` are the published training images (795), `val` a share of them by the
  hash of the ids; `trainval` is both; `test` (654). The 894 labels become the 40 classes of Gupta
  et al., unlabelled pixels 255. Ids are `0001`, ... in the order of the file. There is no
  background: class 0 is the wall. The small copy has 39 classes, class 40 is unknown in it; its
  depth of 8 bits is 255 = 10 metres, of 16 bits millimetres.

  Args:
    root: the folder, or its name in the data locations.
    held_out: share of the training images that is the split `val`.
    raw_depth: the depth of the sensor with its holes (0), in place of the filled one. Of the
      published file alone.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: a file is missing.
    ValueError: a file is not the published one.
  """
  root = locations.find(root, data_dir)
  source.check_held_out(held_out)
  if (root / LABELED).is_file() or not (root / "train").is_dir():
    return NyuLabeled(root, held_out, raw_depth)
  if raw_depth:
    raise errors.value_error("The small copy has no raw depth.", expected="raw_depth=False",
                             received=raw_depth, fix=_FIX)
  return NyuSmall(root, held_out)


def _divided(train, test, held_out):
  """Returns the splits of dicts of id to `Entry`."""
  parts = paired.divided(train, {"val": held_out})
  return {**{split: {name: train[name] for name in ids} for split, ids in parts.items()},
          "test": test}


class NyuSmall(paired.Paired):
  """The small copy: images, depth and labels as files.

  Args:
    root: `pathlib.Path`.
    held_out: see `nyuv2`.
  """

  def __init__(self, root, held_out):
    space = body_labels.NYU40
    super().__init__(
        "nyuv2", space.classes[:_SMALL_CLASSES], _divided(
            *(self._entries_in(root, split) for split in ("train", "test")), held_out),
        palette=space.palette[:_SMALL_CLASSES], depth_scale=_SMALL_SCALE,
        aliases={"trainval": "train+val"})

  @staticmethod
  def _entries_in(root, split):
    images = file_index.list_ids(root / split, (".jpg",))
    maps = file_index.list_ids(root / split, (".png",))
    found = {kind: {name.removesuffix(kind): path for name, path in maps.items()
                    if name.endswith(kind)} for kind in ("_label", "_depth")}
    rows = [paired.pair(images, found[kind], tuple(images), "NYUv2", (
        ("image", f"{split}/ID.jpg"), (kind[1:], f"{split}/ID{kind}.png")), _FIX)
            for kind in ("_label", "_depth")]
    return {f"{split}/{name}": paired.Entry(image, mask, depth)
            for (name, image, mask), (_, _, depth) in zip(*rows)}

  def _depth(self, path, name, image):
    return {fields.DEPTH: depth_files.on_host(_small_depth, path, name, image)}


class NyuLabeled(paired.Paired):
  """The published file, which is HDF5 (MATLAB 7.3); images are read one by one.

  Args:
    root: `pathlib.Path`.
    held_out, raw_depth: see `nyuv2`.
  """

  def __init__(self, root, held_out, raw_depth):
    for name in (LABELED, SPLITS, MAPPING):
      if not (root / name).is_file():
        raise errors.missing("NYUv2 is not complete.", expected=f"'{root / name}'",
                             received="no such file", fix=_FIX)
    self._path, self._depths = str(root / LABELED), "rawDepths" if raw_depth else "depths"
    count = self._check()
    self._table = _class_table(root / MAPPING)
    parts = [_numbers(root / SPLITS, name, count) for name in ("trainNdxs", "testNdxs")]
    both = sorted(set(parts[0]) & set(parts[1]))
    if both:
      raise mat_files.errors_of(root / SPLITS, "Images of NYUv2 are in two splits",
                                "each in one", both[:5])
    entry = lambda number: paired.Entry(*[str(number - 1)] * 3)
    space = body_labels.NYU40
    super().__init__(
        "nyuv2", space.classes, _divided(*({f"{number:04d}": entry(number) for number in numbers}
                                           for numbers in parts), held_out),
        palette=space.palette, aliases={"trainval": "train+val"})

  def _open(self):
    import h5py  # pylint: disable=g-import-not-at-top
    try:
      return h5py.File(self._path, "r")
    except OSError as error:
      raise mat_files.errors_of(self._path, "The file of NYUv2 cannot be read",
                                "HDF5 (MATLAB 7.3)", str(error)) from error

  def _check(self):
    """Returns the number of images; MATLAB's axes come in reverse order."""
    with self._open() as file:
      shapes = {name: tuple(file[name].shape) if name in file else None
                for name in ("images", self._depths, "labels")}
    images = shapes["images"] or ()
    flat = (images[0], *images[2:]) if len(images) == 4 and images[1] == 3 else None
    if flat is None or shapes[self._depths] != flat or shapes["labels"] != flat:
      raise mat_files.errors_of(
          self._path, "The file of NYUv2 is not the published one",
          f"images [N, 3, W, H], {self._depths} and labels [N, W, H]", shapes)
    return images[0]

  def _array(self, kind, index):
    """Returns [H, W] or [H, W, 3] of one image."""
    with self._open() as file:
      return np.ascontiguousarray(np.asarray(file[kind][int(index)]).T)

  def _image(self, path, name):
    image = tf.numpy_function(lambda index: self._array("images", index), [path], tf.uint8)
    return tf.ensure_shape(image, [None, None, 3])

  def _mask(self, path, name, image):
    mask = depth_files.on_host(self._labels_of, path, name, image, tf.uint8)
    return decode.check_labels(mask, self.num_classes, name)

  def _labels_of(self, index):
    raw = self._array("labels", index)
    if raw.max(initial=0) >= len(self._table):
      raise mat_files.errors_of(self._path, "A label of NYUv2 has no class",
                                f"0..{len(self._table) - 1}", int(raw.max()))
    return self._table[raw]

  def _depth(self, path, name, image):
    read = functools.partial(self._array, self._depths)
    return {fields.DEPTH: depth_files.on_host(read, path, name, image)}


def _small_depth(path):
  """Returns metres [H, W] of a PNG of the small copy: its bits tell the unit."""
  values = depth_files.stored(path)
  if values.dtype == np.uint8:
    return values / _SMALL_SCALE
  most = int(values.max())
  if 0 < most < 256 or most > _REACH * _MILLIMETRES:
    raise errors.value_error(
        f"The unit of the depth in '{path}' is not that of NYUv2.",
        expected=f"8 bits, 255 = {_REACH} metres, or 16 bits, millimetres up to "
        f"{_REACH * _MILLIMETRES:g}", received=f"16 bits, 0..{most}",
        fix="Write the map again as millimetres.")
  return values / _MILLIMETRES


def _numbers(path, name, count):
  """Returns the numbers from 1 of the images of a split."""
  numbers = np.atleast_1d(mat_files.read_mat(path, name, "split", _FIX)).astype(int).tolist()
  if not numbers or min(numbers) < 1 or max(numbers) > count:
    raise mat_files.errors_of(path, f"The split '{name}' is not of this file",
                              f"numbers 1..{count}", f"{min(numbers)}..{max(numbers)}")
  return numbers


def _class_table(path):
  """Returns uint8 [895]: the class of every raw label, 255 for unlabelled."""
  numbers = np.atleast_1d(mat_files.read_mat(path, "mapClass", "class mapping", _FIX)).astype(int)
  known = body_labels.NYU40.num_classes
  if numbers.ndim != 1 or numbers.min() < 1 or numbers.max() > known:
    raise mat_files.errors_of(path, "The class mapping of NYUv2 is another one",
                              f"numbers 1..{known}", f"{numbers.min()}..{numbers.max()}")
  return np.concatenate([[fields.IGNORE_LABEL], numbers - 1]).astype(np.uint8)
