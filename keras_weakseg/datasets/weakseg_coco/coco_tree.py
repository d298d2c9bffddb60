"""The folders of COCO, as the official archives and the usual tutorials leave them."""
import collections
import dataclasses
import pathlib

from keras_weakseg import errors
from keras_weakseg.data.readers import box_files
from keras_weakseg.data.readers import coco_files
from keras_weakseg.data.readers import identity
from keras_weakseg.datasets import labels
from keras_weakseg.datasets import trees

SPLITS = ("train", "val")
INSTRUCTIONS = """
  Put into the data folder (--data_dir, else KERAS_WEAKSEG_DATA; of TFDS itself the manual folder),
  or into a folder coco of it, what https://cocodataset.org/#download offers, as zip archives or
  extracted: train2017, val2017 and annotations with instances_train2017.json and
  instances_val2017.json (annotations_trainval2017.zip); the same with 2014. The configuration
  2017_panoptic needs panoptic_train2017.json and panoptic_val2017.json in annotations and the
  folders panoptic_train2017 and panoptic_val2017 in or beside it
  (panoptic_annotations_trainval2017.zip) instead of the instances.
  """
_FOLDERS = ("", "coco", "COCO")


@dataclasses.dataclass(frozen=True)
class Record:
  """One image.

  Attributes:
    name: file name without suffix, such as `000000000009` or `COCO_train2014_000000000009`.
    image: path of the JPEG file.
    size: (height, width) in pixels.
    objects: dicts of the JSON with `category_id`, `bbox`, `iscrowd` and what makes the mask.
    mask: path of the panoptic PNG, `None` where the objects themselves have masks.
  """
  name: str
  image: pathlib.Path
  size: tuple
  objects: tuple
  mask: pathlib.Path | None = None


def open_tree(manual, year, panoptic=False, extract=None):
  """Finds the folders, reads the annotations and checks that every file is there.

  Args:
    manual: the folder that the user filled.
    year: "2014" or "2017".
    panoptic: whether the masks are those of the panoptic PNGs.
    extract: function from an archive to the folder of its content, `None` = no archives.

  Returns:
    Dict of split to a tuple of `Record` in the order of the file names.

  Raises:
    FileNotFoundError: lists every missing path.
    ValueError: an annotation file is broken or of another data set.
  """
  finder = _Finder(pathlib.Path(manual), extract)
  pieces = {split: _pieces(finder, f"{split}{year}", year, panoptic) for split in SPLITS}
  fix = INSTRUCTIONS.strip()
  trees.require_files(f"COCO {year}", [path for found in pieces.values() for path in found], fix)
  records = {split: tuple(_records(*found)) for split, found in pieces.items()}
  wanted = [path for split in SPLITS for record in records[split]
            for path in (record.image, record.mask) if path]
  trees.require_files(f"COCO {year}", wanted, fix)
  return records


def _pieces(finder, name, year, panoptic):
  """Returns the folder of images, the annotation file and, if used, the folder of PNGs."""
  images = finder.find([name], [f"{name}.zip"])
  if not panoptic:
    archive = f"annotations_trainval{year}.zip"
    return images, finder.find([f"annotations/instances_{name}.json"], [archive])
  archives = [f"panoptic_annotations_trainval{year}.zip"]
  # The official archive holds the archives of the PNGs.
  nested = [f"annotations/panoptic_{name}.zip", f"panoptic_{name}.zip"]
  listed = finder.find([f"annotations/panoptic_{name}.json"], archives)
  masks = [f"annotations/panoptic_{name}", f"panoptic_{name}"]
  return images, listed, finder.find(masks, archives + nested)


class _Finder:
  """Looks for pieces in the places where people have them; archives are extracted if needed."""

  def __init__(self, manual, extract):
    self._places = [manual / folder for folder in _FOLDERS]
    self._extract = extract
    self._extracted = set()

  def find(self, names, archives):
    """Returns the first of `names` that exists; where none does, where the first should be."""
    found = self._existing(names)
    for archive in archives if self._extract and not found else ():
      path = self._existing([archive])
      if path and path not in self._extracted:
        self._extracted.add(path)
        self._places.append(pathlib.Path(self._extract(path)))
        found = self._existing(names)
      if found:
        break
    used = next((place for place in self._places[1:] if place.is_dir()), self._places[0])
    return found or used / names[0]

  def _existing(self, names):
    paths = (place / name for place in self._places for name in names)
    return next((path for path in paths if path.exists()), None)


def _records(images, listed, masks=None):
  """Yields the records of one split."""
  content = coco_files.read_coco_json(
      str(listed), coco_files.PAINTED if masks is None else coco_files.PANOPTIC)
  _check_categories(content["categories"], listed)
  objects, files = collections.defaultdict(list), {}
  for item in content["annotations"]:
    if masks is None:
      objects[item["image_id"]].append(item)
    elif item["image_id"] in files:
      raise errors.value_error(
          f"An image of '{listed}' has two panoptic masks.", expected="every image_id once",
          received=item["image_id"], fix="Extract the annotations again.")
    else:
      objects[item["image_id"]] = item["segments_info"]
      files[item["image_id"]] = masks / item["file_name"]
  _check_numbers(objects, listed)
  for item in sorted(content["images"], key=lambda item: item["file_name"]):
    key, file = item["id"], item["file_name"].replace("\\", "/")
    name = identity.without_suffix(file)
    mask = None if masks is None else files.get(key, masks / f"{name}.png")
    yield Record(name, images / file, _size(item, images / file, listed), tuple(objects[key]), mask)


def _size(item, path, listed):
  """Returns (height, width) of an image: its own, with which the JSON must agree."""
  claim = (item.get("height"), item.get("width"))
  if not path.exists():
    return claim  # Whoever opens the tree lists all files that are missing.
  return box_files.checked_size(claim, trees.image_size(path), f"{listed}' of '{item['file_name']}")


def _check_numbers(objects, listed):
  """Refuses category ids that no table of COCO has a place for."""
  for item in (item for items in objects.values() for item in items):
    if not 0 < item["category_id"] < 256:
      raise errors.value_error(
          f"An object of '{listed}' has no category of COCO.", expected="category_id 1..200",
          received=item["category_id"], fix="Extract the annotations again.")


def _check_categories(categories, path):
  """Refuses a file whose things are not COCO's: their ids would be taken for other classes."""
  names = {number: labels.COCO.classes[index]
           for index, number in enumerate(labels.COCO_CATEGORY_IDS) if index}
  wrong = [item for item in categories
           if item.get("isthing", 1) and names.get(item["id"]) != item["name"]]
  if wrong:
    raise errors.value_error(
        f"The categories of '{path}' are not those of COCO.",
        expected="its 80 things, such as 1 person, 18 dog, 90 toothbrush",
        received=", ".join(f"{item['id']} {item['name']}" for item in wrong[:5]),
        fix="Read another data set in this format with kw.data.Folder(boxes='file.json').")
