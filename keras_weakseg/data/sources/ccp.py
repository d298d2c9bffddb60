"""Clothing Co-Parsing: photographs of fashion with masks of 58 garments, and with tags."""
import numpy as np

from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import paired
from keras_weakseg.data.sources import source
from keras_weakseg.datasets import body_labels
from keras_weakseg.files import json_files
from keras_weakseg.files import mat_files

TEST = 0.25
_FIX = "Get photos/, annotations/ and label_list.mat of bearpaw/clothing-co-parsing."
_PIXELS, _TAGS, _NAMES = "annotations/pixel-level", "annotations/image-level", "label_list.mat"


class Ccp(paired.Paired):
  """Clothing Co-Parsing (Yang et al., CVPR 2014): splits `train`, `val`, `test` and `tags`.

  ```
  photos/0001.jpg                     label_list.mat                      the names of the numbers
  annotations/pixel-level/0001.mat    `groundtruth` [H, W], 0..58         1004 photographs
  annotations/image-level/1005.mat    `tags` [N], 0..58                   1094 photographs
  ```

  Or the same as PNG and JSON: `labels/0001.png` and `meta.json` with `names` and `tags`. There are
  no published splits: photographs with masks are divided by the hash of their ids. `tags` are
  those with tags alone. It knows no limbs; `official_configs/depth_parts/groups/ccp_parts.yaml`
  joins its garments to places on the body.

  Args:
    root: the folder, or its name in the data locations.
    held_out: share of the photographs with masks that is the split `val`.
    test: share of them that is the split `test`.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: photographs, annotations or names are missing.
    ValueError: the names are not those of the data set.
  """

  def __init__(self, root="ccp", *, held_out=0.1, test=TEST, data_dir=None):
    root = locations.find(root, data_dir)
    images = file_index.list_ids(
        paired.place(root, ("photos",), "The photographs of CCP", _FIX), (".jpg",))
    masks = file_index.list_ids(paired.place(
        root, (_PIXELS, "labels"), "The annotations of CCP", _FIX), (".mat", ".png"))
    names, tags = _official(root) if (root / _NAMES).is_file() else _small(root)
    _check_names(names, root)
    kinds = (("photograph", "photos/ID.jpg"), ("annotation", _PIXELS + "/ID.mat"))
    rows = {name: paired.Entry(image, mask) for name, image, mask in paired.pair(
        images, masks, tuple(masks), "CCP", kinds, _FIX)}
    known = {name: [label for label in labels if label] for name, labels in tags.items()
             if name not in rows}
    splits = {split: {name: rows[name] for name in ids} for split, ids in paired.divided(
        rows, {"val": source.check_held_out(held_out), "test": test}).items()}
    splits["tags"] = {name: paired.Entry(image, tags=_named(labels, name))
                      for name, image, labels in paired.pair(
                          images, known, tuple(known), "CCP", kinds, _FIX)}
    super().__init__("ccp", body_labels.CCP.classes, splits, palette=body_labels.CCP.palette,
                     read_mat=read_mask)


def read_mask(path):
  """Returns uint8 [H, W], 0..58, of a pixel-level annotation."""
  return mat_files.label_map(mat_files.read_mat(path, "groundtruth", fix=_FIX), path, fix=_FIX)


def _official(root):
  """Returns the names by number, and a dict of id to numbers of the tags."""
  names = [str(name) for name in np.atleast_1d(
      mat_files.read_mat(root / _NAMES, "label_list", "list of names", _FIX))]
  return names, {name: np.atleast_1d(mat_files.read_mat(path, "tags", fix=_FIX)).tolist()
                 for name, path in file_index.list_ids(root / _TAGS, (".mat",)).items()}


def _small(root):
  """Returns the same of `meta.json`."""
  meta = json_files.read_json(root / "meta.json")
  return list(meta.get("names", ())), dict(meta.get("tags", {}))


def _check_names(names, root):
  expected = (body_labels.CCP_NULL, *body_labels.CCP.classes[1:])
  if tuple(names) != expected:
    wrong = [f"{number}: {name}" for number, (name, right) in enumerate(zip(names, expected))
             if name != right]
    raise mat_files.errors_of(root, "The names of CCP's numbers are other ones",
                              "59 names: " + ", ".join(expected[:4]) + ", ...",
                              f"{len(names)} names; " + (", ".join(wrong[:4]) or "too few"))


def _named(labels, name):
  """Returns the class names of numbers, without the background."""
  bad = [label for label in labels if not 0 <= label < len(body_labels.CCP.classes)]
  if bad:
    raise mat_files.errors_of(name, "A tag of CCP is no class", "0..58", bad)
  return tuple(body_labels.CCP.classes[int(label)] for label in labels)
