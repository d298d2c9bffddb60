"""A folder of images with masks, tags, boxes and depth, or any part of these."""
import functools
import hashlib
import os
import pathlib

import numpy as np

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg.data.pipeline import order
from keras_weakseg.data.readers import box_files
from keras_weakseg.data.readers import coco_files
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import identity
from keras_weakseg.data.readers import image_sizes
from keras_weakseg.data.readers import locations
from keras_weakseg.data.readers import manifest as manifests
from keras_weakseg.data.readers import remapping
from keras_weakseg.data.readers import tag_files
from keras_weakseg.data.readers import unread_files
from keras_weakseg.data.sources import folder_labels
from keras_weakseg.data.sources import folder_loaders as loaders
from keras_weakseg.data.sources import source

# Places that are looked at without being named.
_USUAL = {"masks": "masks", "tags": "tags.json", "boxes": "boxes", "depth": "depth"}
_ALL = ~fields.Supervision.NONE
_LISTINGS = ((fields.Supervision.MASK, "_masks"), (fields.Supervision.TAGS, "_tags"),
             (fields.Supervision.BOXES, "_box_files"), (fields.Supervision.DEPTH, "_depths"))


class Folder(source.RandomAccess):
  """Images in a folder; what is known about them lies beside it.

  ```
  photos/images/*.jpg   photos/masks/*.png   photos/tags.json   photos/boxes/*.xml (or *.txt)
  photos/depth/*.png (or .npy, .h5)   photos/classes.txt  one class a line, the background first
  ```

  Only the images are needed. A file is opened only if its label is granted. Several subfolders may
  be joined: `train2017+val2017`. Where no tags are listed, they are those of the mask, else boxes.

  Args:
    root: the folder; a relative one is also looked for in the data locations.
    images: subfolder of JPEG, PNG, BMP or GIF images; ids are the paths in it without suffix.
    masks: subfolder of PNG masks of class ids (grey or palette), 255 = ignore. It, `tags` and
      `boxes` may be None: none are used.
    tags: JSON `{id: [names]}` or CSV `id,tags` with `;` or commas between; rows of an id join.
    boxes: subfolder of VOC XML or YOLO text files, or a COCO JSON file.
    depth: subfolder of depth maps, see `depth_files.read_depth`; None: none are used.
    depth_scale: stored units per metre, 1000 for millimetres. PNG need it; None = metres.
    classes: class names, index 0 = background; None reads `classes.txt`. Images with depth and
      nothing else have no classes.
    palette: list of RGB tuples, None = the palette of VOC.
    manifest: path, see `manifest.read_manifest`: an id that it does not name may use no label,
      except in a validation list. None allows every label that exists.
    splits: dict of split name to an id list; `train` without one: all that no `test` list names.
    validation: id list of the split `validation`; None holds out a share of `train`, by id hash.
    held_out: share of the images with masks (without any, depth) that it holds out, 0..1.
    seed: seed of that choice.
    remap: dict of raw mask value to class id, or uint8 [256]; values that are not named become 255.
    unknown_names: `"error"` or `"drop"`: tags and boxes whose name is no class.
    data_dir: folder of data sets, see `locations.find`.
    name: name in plans and records, None = the name of the folder.

  Raises:
    FileNotFoundError, ValueError: something is not there; the class names or lists are wrong.
  """

  def __init__(self, root: arguments.Path, images: str = "images", masks: str | None = "masks",
               tags: str | None = "tags.json", boxes: str | None = "boxes",
               classes: arguments.Texts | None = None, *, depth: str | None = "depth",
               depth_scale: float | None = None, palette=None,
               manifest: arguments.Path | None = None, splits=None,
               validation: arguments.Path | None = None, held_out: float = 0.1, seed: int = 0,
               remap=None, unknown_names: str = "error", data_dir: arguments.Path | None = None,
               name: str | None = None):
    self.root = locations.find(root, data_dir)
    self._places = {kind: paths.expand(place) for kind, place in zip(
        ("images", "masks", "tags", "boxes", "depth"), (images, masks, tags, boxes, depth))}
    self.depth_scale, self._depth_files = depth_scale, folder_labels.depth(
        self.root, self._places["depth"], depth_scale)
    self.labelled = bool(classes) or not self._is_depth_alone()
    super().__init__(name or self.root.resolve().name,
                     classes or (self._read_classes() if self.labelled else ()), palette)
    self.unknown_names = unknown_names
    self.remap = remapping.remap_table(remap, self.num_classes)
    self._seed, self._held_out = seed, source.check_held_out(held_out)
    self._images = file_index.list_ids(
        file_index.places(self.root, images), file_index.IMAGE_SUFFIXES)
    if not self._images:
      raise errors.missing(
          f"The folder '{name or self.root.name}' holds no images.",
          expected="files " + ", ".join(file_index.IMAGE_SUFFIXES) + f" in '{self.root / images}'",
          received="none", fix="Check root and images=.")
    self._check_places()
    self._identities = identity.Identities(self._images, self.root)
    self.sizes = image_sizes.ImageSizes(self._images)
    self._manifest = None if manifest is None else self._read_manifest(manifest)
    self._exempt, self.optional = set(), ()
    self._splits = self._make_splits(splits, validation)

  def _place(self, path):
    return self.root / paths.expand(path)

  def _check_places(self):
    """Refuses a place that was named and is not there; the usual places may be absent."""
    for name, usual in _USUAL.items():
      place = self._places[name]
      if place and place != usual and not all(
          path.exists() for path in file_index.places(self.root, place)):
        raise errors.missing(
            f"The {name} of '{self.name}' are not where they were said to be.",
            expected=f"'{self.root / place}'", received="no such file or folder",
            fix=f"Correct {name}=, or pass {name}=None if there are none.")

  def _is_depth_alone(self):
    others = [self._places[kind] for kind in ("masks", "tags", "boxes") if self._places[kind]]
    return bool(self._depth_files) and not any((self.root / place).exists() for place in (
        "classes.txt", *others))

  def splits(self):
    """Returns the names of the splits: `train` and `validation`, or those of the argument."""
    return tuple(self._splits)

  def _split_ids(self, split):
    return self._splits[split]

  def _make_splits(self, splits, validation):
    source.check_splits(splits, validation)
    named = {split: self._id_list(ids, f"split '{split}'") for split, ids in (splits or {}).items()}
    held = next((split for split in (source.VALIDATION, "val") if split in named), None)
    if validation is not None or held is None:
      rest = {"train": source.to_train(self._images, named), **named}
      held = held or source.VALIDATION
      chosen = self._hold_out(rest["train"]) if validation is None else self._id_list(
          validation, f"split '{source.VALIDATION}'")
      left_out = set(chosen)
      rest = {split: tuple(name for name in ids if name not in left_out)
              for split, ids in rest.items() if split != held}
      named = {**rest, held: chosen}
    if validation is not None or held in (splits or {}):
      self._exempt = set(named[held]) - set(self._manifest or ())
    else:
      self.optional = (held,)
    return named

  def _hold_out(self, ids):
    flag = fields.Supervision.MASK if self.labelled else fields.Supervision.DEPTH
    kind = "masks" if self.labelled else "depth"
    ids = tuple(dict.fromkeys(ids))
    masked = [name for name, flags in zip(ids, self._available(ids, flag)) if flags]
    chance = {name: order.seed_of("held out", self._seed, name) / 2 ** 64 for name in masked}
    held = [name for name in masked if chance[name] < self._held_out]
    if not held and len(masked) > 1 and self._held_out > 0:
      held = [min(masked, key=chance.get)]
    self.notes.append(
        f"no validation list: {len(held)} of {len(masked)} images with {kind} are held out for "
        f"validation (share {self._held_out}, by id hash, seed {self._seed})")
    return tuple(held)

  def _id_list(self, ids, where):
    if isinstance(ids, (str, pathlib.Path)):
      return self._known_ids(where, file_index.read_id_list(self._place(ids)))
    return self._known_ids(where, identity.texts(ids, f"{where} of '{self.name}'"))

  def _read_manifest(self, path):
    granted = manifests.read_manifest(self._place(path))
    known = self._known_ids("manifest", granted)
    if len(set(known)) < len(known):
      twice = next(name for name in known if known.count(name) > 1)
      raise errors.value_error(
          f"The manifest of '{self.name}' names a sample twice.", expected="every id once",
          received=", ".join(text for text, name in zip(granted, known) if name == twice),
          fix="Join its kinds with '+', for example tags+boxes.")
    return dict(zip(known, granted.values()))

  def _known_ids(self, where, names):
    """Returns the ids of the images that names of a list mean."""
    found = [self._identities.find(name) for name in names]
    absent = [name for name, known in zip(names, found) if known is None]
    if absent:
      raise errors.missing(
          f"The {where} of '{self.name}' names {len(absent)} samples without an image.",
          expected=f"an image in '{self.root / self._places['images']}' for every id",
          received=", ".join(absent[:5]) + (" ..." if len(absent) > 5 else ""),
          fix="Add the images, or remove the ids (an id is the path in that folder, no suffix).")
    return tuple(found)

  def _read_classes(self):
    path = self.root / "classes.txt"
    if not path.is_file():
      raise errors.missing(
          f"The class names of '{self.root.name}' are not known.",
          expected=f"the file '{path}' with one name per line, the background first",
          received="no such file", fix="Write the file, or pass classes=('background', ...).")
    return file_index.read_id_list(path)

  @functools.cached_property
  def _labels(self):
    """The labels by kind, or functions that find them when they are first asked for."""
    places = self._places
    root, images, identities = self.root, self._images, self._identities
    meant = self.classes if self.remap is None else None
    return {"masks": lambda: folder_labels.masks(root, places["masks"], images, meant),
            "tags": lambda: folder_labels.tags(root, places["tags"], identities, self.classes),
            "boxes": lambda: folder_labels.boxes(root, places["boxes"], images, identities),
            "depth": lambda: folder_labels.of_files(self._depth_files, images)}

  def _found(self, kind):
    if callable(self._labels[kind]):
      self._labels[kind] = self._labels[kind]()
    return self._labels[kind]

  _masks = property(lambda self: self._found("masks").entries)
  _tags = property(lambda self: self._found("tags").entries)
  _box_files = property(lambda self: self._found("boxes").entries)
  _depths = property(lambda self: self._found("depth").entries)

  @functools.cached_property
  def _legend(self):
    return folder_labels.legend(self.root, self._places["boxes"])

  def _available(self, ids, flags):
    found = np.zeros(len(ids), np.int32)
    for flag, listing in _LISTINGS:
      if flags & flag:
        known = getattr(self, listing)
        found |= np.array([int(flag) * (name in known) for name in ids], np.int32)
    return found & np.array([int(self._allowed(name)) for name in ids], np.int32)

  def _allowed(self, name):
    if self._manifest is None or name in self._exempt:
      return _ALL
    return fields.granted(self._manifest.get(name, fields.Supervision.NONE))

  def lacking(self):
    """Returns a list of (id, kind): labels that the manifest grants and that are not there."""
    found = []
    for name, granted in (self._manifest or {}).items():
      if name in self._images:
        there = int(self._available((name,), granted)[0])
        found += [(name, flag.name.lower()) for flag in fields.Supervision
                  if flag & granted & _ALL and not flag & there]
    return found

  def orphans(self, kind):
    """Returns the names of labels of a kind that belong to no image, and the number of the others.

    Args:
      kind: `masks`, `tags`, `boxes` or `depth`.

    Raises:
      ValueError: the file that lists them is broken.
    """
    found = self._found(kind)
    return found.orphans, len(found.entries)

  def unread(self):
    """Returns what lies beside images and masks unread, see `unread_files.of_folder`."""
    return unread_files.of_folder(
        self.root, self._places, self._images, self._found("masks").orphans)

  def check_labels(self, name, flags):
    """Reads the tags and boxes of one id and returns the tags, float32 [C] or None.

    Raises:
      ValueError: a class is unknown or a file is broken.
    """
    if flags & fields.Supervision.BOXES:
      self.boxes_of(name)
    if flags & fields.Supervision.TAGS:
      return tag_files.multi_hot(self._tags[name], self.classes, name, self.unknown_names)
    return None

  def image_path(self, name):
    """Returns the path of the image with this id."""
    return self._images[name]

  def encoded_images(self, split, ids):
    return source.files_of(map(self.image_path, ids))

  def tags_of(self, name):
    """Returns the class names that the tag file lists for an id."""
    return self._tags[name]

  def mask_path(self, name):
    """Returns the path of the mask with this id, or None."""
    return self._masks.get(name)

  def depth_path(self, name):
    """Returns the path of the depth map with this id, or None."""
    return self._depths.get(name)

  def label_files(self, name):
    return self.mask_path(name), self.depth_path(name), self._tags.get(name)

  def _settings(self):
    places = dict(self._places)
    deep = {"depth": places.pop("depth"), "depth_scale": self.depth_scale}
    return {**places, **(deep if self._depth_files else {}), "held_out": self._held_out,
            "seed": self._seed, "remap": None if self.remap is None else self.remap.tolist(),
            "manifest": self._manifest and {k: int(v) for k, v in self._manifest.items()}}

  def boxes_of(self, name):
    """Returns boxes float32 [N, 4] and classes int32 [N] of an id that has them.

    Raises:
      ValueError: the file is broken, or what it says of its image is not so.
    """
    entry = self._box_files[name]
    if isinstance(entry, coco_files.CocoImage):
      return entry.boxes(self.classes, unknown=self.unknown_names,
                         size=self.sizes.of(name) if entry.items else None)
    return box_files.read_boxes(
        entry, self.classes, unknown=self.unknown_names, size_of=lambda: self.sizes.of(name),
        legend=self._legend if box_files.is_yolo(entry) else None)

  def box_names(self, name, crowds_only=False):
    """Returns the class names that the boxes of an id prove, or its crowds alone."""
    entry = self._box_files[name]
    if isinstance(entry, coco_files.CocoImage):
      found = entry.labels(self.classes, unknown=self.unknown_names, crowds_only=crowds_only)
    else:
      found = [] if crowds_only else self.boxes_of(name)[1]
    return [self.classes[label] for label in found]

  def box_content(self):
    """Returns 16 hex digits of the folder, the sizes of the images and what the box files hold."""
    place = self.root / (self._places["boxes"] or "")
    files = [place] if place.is_file() else sorted(map(str, self._box_files.values()))
    content = hashlib.sha256(str(self.root.resolve()).encode())
    if not place.is_file() and self._legend and any(map(box_files.is_yolo, files)):
      content.update(repr(self._legend).encode())
    if place.is_file() and any(entry.crowded for entry in self._box_files.values()):
      content.update(b"crowds are unknown")
    for name, path in self._images.items():
      content.update(f"{name} {os.path.getsize(path)}\n".encode())
    for path in files:
      content.update(hashlib.sha256(pathlib.Path(path).read_bytes()).digest())
    return content.hexdigest()[:16]

  def _loader(self, ids, grant, wanted):
    return loaders.sample_loader(self, ids, fields.granted(grant), wanted)
