"""How every artifact is written: the SavedModel, what lies beside it, and all of it or nothing."""
import json
import pathlib

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.serving import base_module as base
from keras_weakseg.serving import document as documents
from keras_weakseg.serving import versions
from keras_weakseg.serving import warmup as warmups

WARMUP_SIZE = (375, 500)  # a photograph of everyday size, in pixels


def write_version(module, document, base_dir, *, labels=(), warmup_size=(), warmup=True):
  """Writes `<base_dir>/<version>/` and returns its path.

  The version is one more than the highest there. It appears whole, by a rename, or not at all.

  Args:
    module: `base_module.BaseModule`.
    document: its document.
    base_dir: folder of the model's versions, made if needed.
    labels: class names, written to `assets/labels.txt`; empty = no such file.
    warmup_size: height and width of the picture in the warm-up requests; empty = a photograph.
    warmup: whether to write warm-up requests.

  Returns:
    `pathlib.Path` of the version.

  Raises:
    ValueError: the folder cannot be written; nothing is left behind.
  """
  with versions.new_version(base_dir) as pending:
    try:
      _write(module, document, pending.folder, labels)
      if warmup:
        warmups.write_requests(pending.folder, pathlib.Path(base_dir).name,
                               warmup_requests(module, warmup_size))
    except (OSError, tf.errors.OpError) as error:
      raise versions.write_error(base_dir, error) from error
  return pending.path


def _write(module, document, folder, labels):
  """Writes the SavedModel, the labels and the document into `folder`."""
  options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
  tf.saved_model.save(module, str(folder), signatures=module.signatures(), options=options)
  extra = folder / "assets.extra"
  extra.mkdir(exist_ok=True)
  if labels:
    assets = folder / "assets"
    assets.mkdir(exist_ok=True)
    (assets / "labels.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
  (extra / documents.FILE).write_text(
      json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def warmup_requests(module, size=()):
  """Returns one request per signature with a picture of the size that the model will see.

  Not of `metadata`, which has no input: a server that batches requests refuses such a record, and
  then the whole version; constants need no warm-up. Not of `predict_fixed`, for converters.

  Args:
    module: `base_module.BaseModule`, which may have requests of its own.
    size: height and width of the picture; empty = a photograph of everyday size.

  Returns:
    list of (signature name, dict of input name to tensor).
  """
  image = warmups.sample_image(*(size or WARMUP_SIZE))
  return [
      (base.SERVING_DEFAULT, {base.IMAGE_BYTES: [tf.io.encode_jpeg(image).numpy()]}),
      (base.PREDICT_IMAGES, {base.IMAGES: image[None].numpy()}),
      (base.METADATA_ROWS, {base.NAMES: [documents.TASK.encode()]}),
      *module.further_requests(image[None].numpy()),
  ]


def check_any_size(predictor):
  """Raises `ValueError` if a predictor takes images of one size only.

  Args:
    predictor: `keras.Model`, or any callable, of which nothing is known.
  """
  shape = getattr(predictor, "input_shape", (None, None, None, 3))
  if shape[1:3] != (None, None):
    raise errors.value_error(
        "The predictor takes images of one size only.", expected="(None, None, None, 3)",
        received=shape,
        fix="Build the network with input_shape=(None, None, 3) and copy the weights.")
