"""The label files of a folder, each given to the image that it means; what means none is kept.

What the readers take (+), refuse (x, with file and place) and convert (>):

| where | what is there | what becomes of it |
|---|---|---|
| any text, JSON, CSV | UTF-8 with a mark, line ends of Windows | > read without them |
| any text, JSON, CSV | UTF-16, Windows-1252, GBK | x the encoding is named |
| any | a folder, a pipe, a device, more than its limit | x not opened |
| JSON | a key twice in one object | x the key and its lines |
| JSON | an entry missing, null or of another type | x the place, such as annotations[3].bbox |
| CSV tags | an id in several rows, names in several cells | > joined |
| tags | a name that is no class, with commas | > the names between them |
| CSV tags | a row without id, without a cell of tags; other columns | x the line |
| CSV tags | columns of probabilities, as `predict` writes them | > left out |
| ids | `a.jpg`, `train\\a`, `./a`, `images/a.jpg` | > the id `a` or `train/a` |
| ids | the last part of a path alone | x in lists; elsewhere no image, and said |
| ids | numbers | x the numbers |
| masks, tags, boxes | of no image | + left out, counted and named |
| masks, tags, boxes | of one kind, all of no image | x nothing would be learned |
| masks | label maps whose record names other classes | x both lists |
| masks | palettes that differ in a used value | x value, colours and files |
| VOC | `<size>` absent, empty or 0 | > the size in the header of the image |
| VOC | `<size>` of another or a turned image | x both sizes |
| VOC | two `<name>`, `<bndbox>` or `<size>` where one belongs | x the element |
| VOC | shares of the sides in place of pixels, as in COCO | x the box |
| VOC | entities, an encoding that is not known | x what was found |
| COCO | `width` or `height` absent, null or 0 | > the size in the header of the image |
| COCO | `width` and `height` of another or a turned image | x both sizes |
| COCO | no `bbox`, but a `segmentation` | > the box around it |
| COCO | no `category_id`, `image_id`, `file_name`, `id` | x the place |
| COCO | an id of images or categories twice | x the id |
| COCO | a crowd | > a tag, and 255 in its box where no object is |
| YOLO | `classes.txt`, `data.yaml`, `obj.names` at the boxes | > its names are those of numbers |
| manifest | an id twice, also in two spellings | x the id |
| depth | PNG, or whole numbers, without `depth_scale` | x the unit is asked for |
| depth | PNG of 8 or 16 bits and arrays with `depth_scale` | > metres |
| depth | NaN, infinity and 0 | > no value |
| depth | negative values, colours, several maps in a file | x what was found |
| depth | of another size than its image | x both sizes |
| depth | of no image | + left out, counted and named |
"""
import pathlib
from typing import NamedTuple

from keras_weakseg import errors
from keras_weakseg.data.readers import box_files
from keras_weakseg.data.readers import coco_files
from keras_weakseg.data.readers import depth_files
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import tag_files
from keras_weakseg.data.sources import box_labels

LEGEND = "classes"  # the stem of YOLO's list of classes, which lies among the boxes
_LEGENDS = (LEGEND + ".txt", "data.yaml", "obj.names")  # The last two may lie in the root.


class Labels(NamedTuple):
  """Labels of one kind: `entries`, a dict of image id to label; `orphans`, names of no image."""
  entries: dict
  orphans: tuple


NONE = Labels({}, ())


def masks(root, place, images, classes=None):
  """Returns the `Labels` of a subfolder of masks: paths by id. Opens no file of them.

  Args:
    root: of the folder.
    place: subfolder, or None.
    images: dict of id to path.
    classes: names that the ids of the masks mean, compared where the masks are label maps of boxes
      with their record; None = not known.

  Raises:
    ValueError: label maps are of other classes.
  """
  if not place:
    return NONE
  found = file_index.places(root, place)
  for path in found if classes else ():
    box_labels.KIND.check_classes(path.parent, classes, pathlib.Path(root).name)
  return of_files(file_index.list_ids(found, file_index.MASK_SUFFIXES), images)


def tags(root, place, identities, classes=()):
  """Returns the `Labels` of a tag file: lists of class names by id; entries of one image join.

  A name that is no class and holds commas is a cell of a spreadsheet, `"dog, cat"`: several names.
  """
  path = pathlib.Path(root) / (place or "")
  if not place or not path.exists():
    return NONE
  entries, orphans = {}, []
  for text, names in tag_files.read_tags(path).items():
    names = [part.strip() for name in names
             for part in ([name] if name in classes else name.split(",")) if part.strip()]
    name = identities.find(text)
    if name is None:
      orphans.append(text)
    else:
      entries[name] = list(dict.fromkeys((*entries.get(name, ()), *names)))
  return Labels(entries, tuple(orphans))


def boxes(root, place, images, identities):
  """Returns the `Labels` of boxes: paths, or `coco_files.CocoImage`, by id.

  Of a COCO file all is read, of a subfolder only the listing.

  Raises:
    ValueError: see `coco_files.read_coco`; or two of its images mean the same one; or a folder has
      nothing but a COCO file.
  """
  path = pathlib.Path(root) / (place or "")
  if not place:
    return NONE
  if not path.is_file():
    found = file_index.list_ids(file_index.places(root, place), box_files.SUFFIXES)
    lists = () if found else sorted(path.glob("*.json"))
    if lists:
      raise errors.value_error(
          f"The folder '{path}' has no boxes that are read from a folder.",
          expected="Pascal VOC (*.xml) or YOLO (*.txt), or the name of one COCO file",
          received=", ".join(file.name for file in lists[:3]),
          fix=f"Name the file itself: boxes='{place}/{lists[0].name}'.")
    legends = [name for name in found if pathlib.PurePosixPath(name).name == LEGEND]
    return of_files({name: path for name, path in found.items()
                      if name not in legends or name in images}, images)
  entries, orphans = {}, []
  for text, entry in coco_files.read_coco(path).items():
    name = identities.find(text)
    if name in entries:
      raise coco_files.same_name(path, f"{entries[name].file_name}, {text}")
    if name is not None:
      entries[name] = entry
    elif entry.items:
      orphans.append(text)
  return Labels(entries, tuple(orphans))


def depth(root, place, scale):
  """Returns a dict of id to path of the depth maps of a subfolder. Opens no file.

  Args:
    root: of the folder.
    place: subfolder, or None.
    scale: stored units per metre, None = not known.

  Raises:
    ValueError: there are PNG, and their unit is not known.
  """
  found = file_index.list_ids(
      file_index.places(root, place), depth_files.SUFFIXES) if place else {}
  if found and scale is not None and not scale > 0:
    raise errors.value_error("The scale of depth cannot be used.", expected="a number above 0",
                             received=scale, fix="Pass depth_scale=1000 for millimetres.")
  first = next((path for path in found.values() if path.lower().endswith(".png")), None)
  if first and scale is None:
    raise depth_files.unknown_scale(
        pathlib.Path(root) / place, f"PNG such as {pathlib.Path(first).name}")
  return found


def of_files(files, images):
  """Returns the `Labels` of a dict of id to path: those of images, and the names of the others."""
  return Labels({name: path for name, path in files.items() if name in images},
                tuple(name for name in files if name not in images))


def legend(root, place):
  """Returns the class names of YOLO's numbers where their tool left them, else None.

  A `classes.txt`, `data.yaml` or `obj.names` among the boxes tells which number is which class; the
  last two may also lie in the root, whose `classes.txt` is the list that starts with the
  background.

  Raises:
    ValueError: there are two that differ.
  """
  places = file_index.places(root, place) if place else []
  found = [path / name for path in places for name in _LEGENDS]
  found += [pathlib.Path(root) / name for name in _LEGENDS[1:]]
  found = [path for path in found if path.is_file()]
  legends = {path: box_files.read_legend(path) for path in found}
  if len(set(legends.values())) > 1:
    raise errors.value_error(
        "The numbers of the boxes have several meanings.", expected="one list of classes",
        received="; ".join(f"{path}: {', '.join(names)}"[:150] for path, names in legends.items()),
        fix="Remove the list that is wrong.")
  return next(iter(legends.values()), None)
