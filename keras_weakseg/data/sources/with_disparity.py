"""A source with the disparity maps of a teacher."""
import hashlib
import json

import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import map_folder
from keras_weakseg.data.sources import with_maps

KIND = map_folder.MapFolder(
    "disparity maps", "disparity_maps.json", "disparity_maps.png",
    fix="Make them: keras-weakseg make-disparity-maps, or kw.make_disparity_maps(...).")


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

  def _owners(self, split, ids):
    return self.inner.ids(split) if ids is None else tuple(ids), "samples"

  def _adder(self, split, ids, owners, missing):
    if missing:
      return None

    def add(sample):
      image, name = sample[fields.IMAGE], sample[fields.SAMPLE_ID]
      disparity = decode.decode_disparity(self._file(sample), name, tf.shape(image))
      return {**sample, fields.DISPARITY: tf.ensure_shape(disparity, image.shape[:2])}

    return add

  def _identity(self):
    return settings_of(self.folder)


def settings_of(folder):
  """Returns 16 hex digits that name model and settings of a folder of disparity maps.

  Raises:
    FileNotFoundError: the folder holds no disparity maps.
  """
  text = json.dumps(KIND.read_record(folder), sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()[:16]
