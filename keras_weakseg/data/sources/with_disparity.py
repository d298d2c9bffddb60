"""A source with the disparity maps of a teacher."""
import hashlib
import itertools
import json

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import map_folder
from keras_weakseg.data.sources import with_maps

KIND = map_folder.MapFolder(
    "disparity maps", "disparity_maps.json", "disparity_maps.png",
    fix="Make them: keras-weakseg make-disparity-maps, or kw.make_disparity_maps(...).")
IMAGES, TOLD = "images", 8  # the entry of the record that tells the images of so many ids


class WithDisparity(with_maps.WithMaps):
  """Any source, whose samples carry `disparity`, float32 [H, W] in 0..1, larger = closer.

  Predicted disparity is an input: it is read whatever the supervision of a sample. Where maps are
  missing, who asks for `disparity` by name (`Bundle(..., extra_fields=("disparity",))`) gets an
  error, and who asks for nothing by name gets samples without it.

  ```
  folder = kw.make_disparity_maps("runs/depth", source, "disparity/")
  source = kw.data.WithDisparity(source, folder)
  ```

  Args:
    inner: `source.Source`.
    folder: of the disparity maps, see `make_disparity_maps`. Its model and settings become part of
      the fingerprint.
  """
  field, kind = fields.DISPARITY, KIND
  _checked = False

  def _owners(self, split, ids):
    return self.inner.ids(split) if ids is None else tuple(ids), "samples"

  def _adder(self, split, ids, owners, missing):
    if missing:
      return None
    if not self._checked:
      check_images(self.inner, self.folder)
      self._checked = True

    def add(sample):
      image, name = sample[fields.IMAGE], sample[fields.SAMPLE_ID]
      disparity = decode.decode_disparity(self._file(name), name, tf.shape(image))
      return {**sample, fields.DISPARITY: tf.ensure_shape(disparity, image.shape[:2])}

    return add

  def _identity(self):
    return settings_of(self.folder)


def settings_of(folder):
  """Returns 16 hex digits that name model and settings of a folder of disparity maps.

  Raises:
    FileNotFoundError: the folder holds no disparity maps.
  """
  record = KIND.read_record(folder)
  record.pop(IMAGES, None)  # Which these are says the fingerprint of the source.
  text = json.dumps(record, sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()[:16]


def images_of(source, ids):
  """Returns a dict of ids to texts that tell their images, where a source can tell.

  Args:
    source: `source.Source`.
    ids: of any splits; those that the source does not know are left out.
  """
  left, found = set(ids), {}
  for split in source.splits() if left else ():
    known = source._split_ids(split)  # pylint: disable=protected-access
    here = [name for name in known if name in left]
    if not here:
      continue
    left -= set(here)
    files = itertools.islice(source.encoded_images(split, here), len(here))
    for name, contents, content in zip(here, files, source.identities(split, here)):
      # Records of a source may hold its pixels in other files: only like is compared with like.
      if contents is not None:
        found[name] = "file " + hashlib.sha256(contents).hexdigest()[:16]
      elif content != name:
        found[name] = "content " + hashlib.sha256(repr(content).encode()).hexdigest()[:16]
    if not left:
      break
  return found


def check_images(source, folder):
  """Refuses maps that were made of other images with the same ids.

  Records that were written before they told of images are taken as they are.

  Args:
    source: `source.Source`.
    folder: of the disparity maps.

  Raises:
    ValueError: an image that the record tells of is another one.
  """
  told = KIND.read_record(folder).get(IMAGES, {})
  for name, text in images_of(source, told).items():
    if text.split()[0] == told[name].split()[0] and text != told[name]:
      raise errors.value_error(
          f"The disparity maps in '{folder}' are of other images than '{source.name}'.",
          expected=f"the image of '{name}' that they were made of, {told[name]}", received=text,
          fix="Name the folder that was made of this source, or make new maps in another one.")
