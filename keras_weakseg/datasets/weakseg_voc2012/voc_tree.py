"""The folders of VOC 2012 with SBD, as the official archives and the usual tutorials leave them."""
import dataclasses
import io as streams
import pathlib

from keras_weakseg import errors
from keras_weakseg.datasets import trees
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import text as texts

SPLITS = ("train", "val", "extra")
EXTRA = "extra"  # labelled by SBD alone: train_aug is train and extra
WEAK = "weak"    # of VOC12-animals alone
ARCHIVE = "VOCtrainval_11-May-2012.tar"
INSTRUCTIONS = f"""
  Put into the data folder (--data_dir, else KERAS_WEAKSEG_DATA; of TFDS itself the manual folder)
  either {ARCHIVE} of http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ or its extracted tree
  VOCdevkit/VOC2012, and the masks of SBD: either the folder SegmentationClassAug (index PNGs,
  12,031 files) inside of VOC2012 or beside it, or the extracted benchmark_RELEASE of the Semantic
  Boundaries Dataset. A folder with JPEGImages, Annotations, SegmentationClassAug and
  ImageSets/Segmentation/<split>.txt, such as VOC12-animals, works as well.
  """
_MARKERS = ("JPEGImages", "Annotations", "ImageSets/Segmentation")
_SBD = "benchmark_RELEASE/dataset"
_AUG = "SegmentationClassAug"
_AUG_LISTS = ("train_aug.txt", "trainaug.txt")


@dataclasses.dataclass(frozen=True)
class VocTree:
  """An opened tree.

  Attributes:
    root: the folder VOC2012.
    masks: folders and files of masks in the order in which they are tried.
    ids: dict of split name to sample ids; no id is in two splits.
    tags: dict of sample id to class names where the tree has a `tags.json`, else empty.
  """
  root: pathlib.Path
  masks: tuple
  ids: dict
  tags: dict

  def image(self, name):
    """Returns the path of an image."""
    return self.root / "JPEGImages" / f"{name}.jpg"

  def annotation(self, name):
    """Returns the path of the boxes of an image."""
    return self.root / "Annotations" / f"{name}.xml"

  def mask_path(self, name):
    """Returns the path of a mask, PNG or SBD's .mat; where none exists, that of the PNG."""
    paths = [folder / (name + suffix) for folder, suffix in self.masks]
    return next((path for path in paths if path.exists()), paths[0])

  def read_mask(self, name):
    """Returns the class ids of VOC, uint8 [H, W]."""
    path = self.mask_path(name)
    return _read_sbd(path) if path.suffix == ".mat" else trees.read_index_mask(path)


def open_tree(manual, splits, extract=None):
  """Finds the tree, reads its lists and checks that every file is there.

  Args:
    manual: the folder that the user filled.
    splits: names of the splits wanted.
    extract: function from an archive to the folder of its content, `None` = no archives.

  Returns:
    `VocTree`.

  Raises:
    FileNotFoundError: lists every missing path.
  """
  # A small subset must not pass for all of VOC because it lies in the data folder, nor the reverse.
  named = ["voc_animals"] if WEAK in splits else ["VOCdevkit/VOC2012", "VOC2012"]
  places = [manual, *(manual / name for name in named)]
  archive = manual / ARCHIVE
  if extract and archive.exists() and not any((place / _MARKERS[0]).exists() for place in places):
    places = [pathlib.Path(extract(archive)) / "VOCdevkit" / "VOC2012"]
  root = trees.find_tree("VOC 2012", places, _MARKERS, INSTRUCTIONS.strip())
  sources = _mask_sources(root, manual)
  ids = _ids(root, manual, splits)
  tree = VocTree(root, sources, ids, _tags(root))
  names = [name for split in splits for name in ids[split]]
  wanted = [path for name in names
            for path in (tree.image(name), tree.annotation(name), tree.mask_path(name))]
  trees.require_files("VOC 2012", wanted, INSTRUCTIONS.strip())
  return tree


def _mask_sources(root, manual):
  """Returns (folder, suffix) pairs; VOC's own masks go before those that SBD drew of them."""
  folders = [(root / "SegmentationClass", ".png")]
  folders += [(place / _AUG, ".png") for place in (root, root.parent, manual)]
  folders += [(place / _SBD / "cls", ".mat") for place in (root, manual)]
  there = tuple(pair for pair in folders if pair[0].is_dir())
  return there or ((root / _AUG, ".png"),)


def _ids(root, manual, splits):
  folder = root / "ImageSets" / "Segmentation"
  plain = [split for split in splits if split != EXTRA]
  trees.require_files("VOC 2012", [folder / f"{split}.txt" for split in plain],
                      INSTRUCTIONS.strip())
  ids = {split: trees.read_ids(folder / f"{split}.txt") for split in plain}
  if EXTRA in splits:
    known = {name for names in ids.values() for name in names}
    ids[EXTRA] = tuple(name for name in _augmented(root, manual) if name not in known)
  return {split: ids[split] for split in splits}


def _augmented(root, manual):
  """Returns the ids of train_aug: by its list where there is one, else of every SBD mask."""
  for folder in ("Segmentation", "SegmentationAug"):
    for name in _AUG_LISTS:
      path = root / "ImageSets" / folder / name
      if path.exists():
        return trees.read_ids(path)
  masks = [path for place, suffix in _mask_sources(root, manual)
           if place.name in (_AUG, "cls") for path in place.glob("*" + suffix)]
  if not masks:
    raise errors.missing(
        "The masks of SBD were not found. Missing, each of which would do:\n" + "\n".join(
            f"  {path}" for path in (root / _AUG, root.parent / _AUG, manual / _AUG,
                                     manual / _SBD / "cls")),
        expected="one of these folders", received="none of them",
        fix="Use the configuration 'voc_train_val', or add the masks: " + INSTRUCTIONS.strip())
  return tuple(sorted({path.stem for path in masks}))


def _tags(root):
  path = root / "tags.json"
  if not path.exists():
    return {}
  return json_files.read_json(path, "tag file", schema.map_of(schema.list_of(schema.text)),
                              form='JSON {"id": ["name", ...]}')


def _read_sbd(path):
  from scipy import io  # pylint: disable=g-import-not-at-top
  contents = streams.BytesIO(texts.read_bytes(path, "mask"))
  try:
    found = io.loadmat(contents, squeeze_me=True, struct_as_record=False)["GTcls"].Segmentation
    if found.ndim != 2 or found.dtype.kind not in "biuf":
      raise ValueError(f"{found.dtype} of {found.ndim} dimensions")
  except Exception as error:  # SciPy's reader raises whatever a damaged file leads it into.
    raise texts.unreadable("mask", path, "a .mat file of SBD with GTcls.Segmentation",
                           f"{type(error).__name__}: {error}", "Extract it again.") from error
  return found.astype("uint8")
