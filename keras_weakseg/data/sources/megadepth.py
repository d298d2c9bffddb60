"""MegaDepth: photographs of landmarks with depth from many views, known up to a factor."""
import pathlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import depth_files
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import paired
from keras_weakseg.data.sources import source
from keras_weakseg.files import pickle_files

_SCENES = ("", "MegaDepth_v1", "phoenix/S6/zl548/MegaDepth_v1",
           "MegaDepth_v1/phoenix/S6/zl548/MegaDepth_v1")
_ORIENTATIONS = ("landscape", "portrait")
_LISTS = {"train": ("train_list", "train_val_list"), "val": ("val_list",), "test": ("test_list",)}
_IMAGES, _TARGETS = "imgs_MD.p", "targets_MD.p"
_LIMIT = 1 << 28  # bytes of a list
_NEAREST = 1e-8   # what lies below is no depth (the reference code)
_FIX = ("Get MegaDepth_v1 (www.cs.cornell.edu/projects/megadepth) and extract it; the lists are a "
        "file of their own.")


class MegaDepth(paired.Paired):
  """MegaDepth v1 (Li and Snavely, CVPR 2018): images, depth, and the order of regions.

  ```
  MegaDepth_v1/0000/dense0/imgs/NAME.jpg          also below phoenix/S6/zl548/MegaDepth_v1
  MegaDepth_v1/0000/dense0/depths/NAME.h5         the dataset `depth` [H, W], float
  train_val_list/landscape/imgs_MD.p, targets_MD.p     paths; portrait too; test_list likewise
  ```

  `depth` is known up to a factor per scene, so losses must forgive it (`lam=1`). A map with
  negative values is no depth but an order: what is positive lies in front of what is negative
  (persons and statues before buildings). Such samples carry `ordinal` and a depth of 0.

  Args:
    root: the folder, or its name in the data locations.
    splits: dict of split name to the folder of a list (or to pairs of paths); None = the published
      lists where they are, else all pairs of files, `val` a share of the scenes.
    held_out: that share.
    percentiles: depth below the first and above the second percentile of its map is dropped, as
      the reference code does for training and evaluation; None keeps it.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: there are no pairs, or a list names files that are not there.
    ValueError: a list is none.
  """

  def __init__(self, root="megadepth", *, splits=None, held_out=0.1, percentiles=(1.0, 98.0),
               data_dir=None):
    root = locations.find(root, data_dir, _FIX)
    source.check_held_out(held_out)
    self._percentiles = percentiles
    scenes = next((root / place for place in _SCENES
                   if any((root / place).glob("*/dense*/imgs"))), None)
    if scenes is None:
      raise errors.missing(
          "There are no scenes of MegaDepth.", expected=f"'{root}/MegaDepth_v1/0000/dense0/imgs'",
          received="no such folder", fix=_FIX)
    named = splits or {split: place for split, names in _LISTS.items()
                       if (place := _first(root, scenes, names))}
    divided = ({split: _listed(scenes, place, split, root) for split, place in named.items()}
               if named else _of_scenes(scenes, held_out))
    super().__init__("megadepth", (), divided)

  def _settings(self):
    return {**super()._settings(), "percentiles": self._percentiles}

  def _depth(self, path, name, image):

    @tf.autograph.experimental.do_not_convert
    def read(path, name, size):
      values = depth_files.check_size(
          depth_files.stored(path.decode()), size, name.decode())
      return [np.asarray(part, np.float32) for part in split(values, self._percentiles)]

    depth, ordinal = tf.numpy_function(
        read, [path, name, tf.shape(image)[:2]], [tf.float32, tf.float32])
    shape = image.shape[:2]
    return {fields.DEPTH: tf.ensure_shape(depth, shape),
            fields.ORDINAL: tf.ensure_shape(ordinal, shape)}

  def _blank_depth(self, image):
    return {name: tf.zeros(tf.shape(image)[:2]) for name in (fields.DEPTH, fields.ORDINAL)}


def split(values, percentiles=(1.0, 98.0)):
  """Returns depth and order, each [H, W], of a stored map; one of them is all 0.

  Args:
    values: array [H, W]; with negative values it is an order, else depth.
    percentiles: (lowest, highest) of the known depth that are kept, None = all.

  Example:
    >>> [part.tolist() for part in split(np.array([[2.0, -1.0, 0.0]]))]
    [[[0.0, 0.0, 0.0]], [[1.0, -1.0, 0.0]]]
  """
  values = np.where(np.isfinite(values), values, 0.0)
  nothing = np.zeros_like(values)
  if (values < 0).any():
    return nothing, np.sign(values)
  known = values > _NEAREST
  if percentiles is not None and known.any():
    low, high = np.percentile(values[known], percentiles)
    known &= (values >= low) & (values <= high)
  return np.where(known, values, 0.0), nothing


def _first(root, scenes, names):
  """Returns the folder of a published list, or None."""
  for name in names:
    for place in (root, root / "final_list", scenes, scenes.parent):
      if any((place / name / side / _IMAGES).is_file() for side in _ORIENTATIONS):
        return place / name
  return None


def _listed(scenes, place, split_name, root):
  """Returns the entries of the lists in a folder, of both orientations."""
  if isinstance(place, (str, pathlib.Path)):
    folder = pathlib.Path(place) if pathlib.Path(place).is_absolute() else root / place
    folders = [folder / side for side in _ORIENTATIONS if (folder / side / _IMAGES).is_file()]
    folders = folders or [folder]
    lists = [(read_list(each / _IMAGES), read_list(each / _TARGETS)) for each in folders]
  else:
    lists = [tuple(zip(*place))]
  found, lacks = {}, []
  for images, targets in lists:
    apart = [f"{image} and {target}" for image, target in zip(images, targets)
             if _id(image) != _id(target)]
    if apart or len(images) != len(targets):
      raise errors.value_error(
          f"The lists of the split '{split_name}' do not belong together.",
          expected="as many images as depth maps, in the same order, of the same scenes and names",
          received=", ".join([f"{len(images)} and {len(targets)}", *apart[:3]]), fix=_FIX)
    outside = [path for path in (*images, *targets) if ".." in path.split("/")]
    if outside:
      raise errors.value_error(
          f"The list of the split '{split_name}' leads out of the data set.",
          expected=f"paths in '{scenes}'", received=", ".join(outside[:3]), fix=_FIX)
    for image, target in zip(images, targets):
      lacks += [path for path in (image, target) if not (scenes / path.lstrip("/")).is_file()]
      found[_id(image)] = paired.Entry(
          str(scenes / image.lstrip("/")), depth=str(scenes / target.lstrip("/")))
  if lacks:
    raise errors.missing(
        f"The split '{split_name}' of MegaDepth names {len(lacks)} files that are not there.",
        expected=f"files in '{scenes}'", received=", ".join(lacks[:5]), fix=_FIX)
  return found


def _id(path):
  """Returns `0000/dense0/NAME` of the path of an image or a depth map."""
  path = pathlib.PurePosixPath(path.lstrip("/")).with_suffix("")
  return "/".join(part for part in path.parts if part not in ("imgs", "depths"))


def _of_scenes(scenes, held_out):
  """Returns the entries of all pairs of files; whole scenes are held out."""
  found = {}
  for place in sorted(scenes.glob("*/dense*")):
    images = file_index.list_ids(place / "imgs", (".jpg", ".png"))
    depths = file_index.list_ids(place / "depths", (".h5",))
    for name in images.keys() & depths.keys():  # Most photographs have no depth.
      found[f"{place.parent.name}/{place.name}/{name}"] = paired.Entry(
          images[name], depth=depths[name])
  owners = sorted({name.split("/")[0] for name in found})
  parts = paired.divided(owners, {"val": held_out})
  return {key: {name: found[name] for name in sorted(found) if name.split("/")[0] in group}
          for key, group in parts.items()}


def read_list(path):
  """Returns the texts of a pickled list, as MegaDepth publishes its splits.

  Args:
    path: of the .p file.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no pickled list of texts.
  """
  return pickle_files.read_texts(path, "list of MegaDepth", _LIMIT, _FIX)
