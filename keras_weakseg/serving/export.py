"""From a predictor to a versioned SavedModel that answers without Keras and this package."""
import dataclasses
import json
import pathlib
import warnings

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.evaluation import protocol as protocols
from keras_weakseg.serving import document as documents
from keras_weakseg.serving import module as modules
from keras_weakseg.serving import versions
from keras_weakseg.serving import warmup as warmups

WARMUP_SIZE = (375, 500)  # a photograph of everyday size, in pixels


def export_artifact(predictor, base_dir, *, classes, palette, record, protocol, metadata=None,
                    warmup=True):
  """Writes `<base_dir>/<version>/` and returns its path.

  The version is one more than the highest there. It appears whole, by a rename, or not at all.
  The signatures run `ops.inference.class_probabilities` on the predictor under the protocol, as
  the evaluator does, and give masks at the input's own size:

  - `serving_default(image_bytes: string [B]) -> mask_png_bytes: string [B], class_ids: int32
    [B, k]`: JPEG, PNG, BMP or GIF bytes, sizes may differ; ids ascending, padded with -1.
  - `predict_images(images: uint8 [B, H, W, 3]) -> mask: uint8 [B, H, W], probabilities: float32
    [B, H, W, C]`.
  - `metadata() -> class_names, palette, preprocessing, protocol, document, ...`; for REST, which
    cannot call it, `metadata_rows(names: string [B]) -> documents: string [B]`.

  Beside them `scores(images: float32 [N, H, W, 3])` is kept, so that a loaded artifact can be
  evaluated under other protocols. Also written: `assets/labels.txt`,
  `assets.extra/keras_weakseg.json` and `assets.extra/tf_serving_warmup_requests`.

  A CRF runs on the host and not in a SavedModel. If the protocol names one, the
  signatures run without it, the document says so, and a warning is given.

  Args:
    predictor: `keras.Model`, RGB 0..255 float32 [N, H, W, 3] -> scores [N, h, w, C], of any
      precision and built under any strategy; or the `score_fn` of `load_artifact`.
    base_dir: folder of the model's versions, made if needed.
    classes: names of the C classes, index 0 = background.
    palette: C colours (R, G, B), 0..255.
    record: dict or dataclass of the network: `mean_rgb`, `multiple`, `preprocessing`, ...
    protocol: `evaluation.protocol.Protocol` or its dict (plain JSON values).
    metadata: dict that is kept with the artifact (experiment, metrics, ...), or None.
    warmup: whether to write warm-up requests.

  Returns:
    `pathlib.Path` of the version.

  Raises:
    ValueError: classes, palette or record do not fit the predictor, or the folder cannot be
      written; nothing is left behind.
  """
  protocol, left_out = _without_crf(protocol)
  document = documents.build(classes=classes, palette=palette, record=record, protocol=protocol,
                             metadata=metadata or {}, left_out=left_out)
  module = modules.ServingModule(predictor, document, {
      "multiple": document["multiple"], "mean_rgb": tuple(document["mean_rgb"]),
      **protocol.views()})
  _check_shapes(predictor, module, document)
  with versions.new_version(base_dir) as pending:
    try:
      _write(module, document, pending.folder, pathlib.Path(base_dir).name, warmup)
    except (OSError, tf.errors.OpError) as error:
      raise versions.write_error(base_dir, error) from error
  return pending.path


def _without_crf(protocol):
  """Returns the protocol of the signatures, and what it leaves out as a dict."""
  protocol = protocols.Protocol.from_dict(protocol)
  if not protocol.crf:
    return protocol, {}
  warnings.warn(
      f"The signatures run without the CRF '{protocol.crf}': it works on the host, outside a "
      "SavedModel. Evaluate the artifact under the full protocol to have it applied.",
      stacklevel=3)
  return dataclasses.replace(protocol, crf=""), {"crf": protocol.crf}


def _check_shapes(predictor, module, document):
  """Raises `ValueError` if the predictor has a fixed image size or another number of classes."""
  shape = getattr(predictor, "input_shape", (None, None, None, 3))
  if shape[1:3] != (None, None):
    raise errors.value_error(
        "The predictor takes images of one size only.", expected="(None, None, None, 3)",
        received=shape,
        fix="Build the network with input_shape=(None, None, 3) and copy the weights.")
  channels = module.scores.get_concrete_function().structured_outputs.shape[-1]
  if channels != len(document["classes"]):
    raise errors.value_error(
        "The class names do not fit the predictor.", expected=f"{channels} names, one per score",
        received=f"{len(document['classes'])}: {document['classes']}",
        fix="Pass the classes of the source the model was trained on.")


def _write(module, document, folder, model_name, warmup):
  """Writes the SavedModel and what lies beside it into `folder`."""
  options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
  tf.saved_model.save(module, str(folder), signatures=module.signatures(), options=options)
  assets, extra = folder / "assets", folder / "assets.extra"
  assets.mkdir(exist_ok=True)
  extra.mkdir(exist_ok=True)
  (assets / "labels.txt").write_text("\n".join(document["classes"]) + "\n", encoding="utf-8")
  (extra / documents.FILE).write_text(
      json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
  if warmup:
    warmups.write_requests(folder, model_name, warmup_requests(document))


def warmup_requests(document):
  """Returns one request per signature, with a picture of the size that the model will see.

  Args:
    document: dict of the artifact; its protocol's `size`, if any, is used.

  Returns:
    list of (signature name, dict of input name to tensor).
  """
  image = warmups.sample_image(*(document["protocol"]["size"] or WARMUP_SIZE))
  return [
      (modules.SERVING_DEFAULT, {modules.IMAGE_BYTES: [tf.io.encode_jpeg(image).numpy()]}),
      (modules.PREDICT_IMAGES, {modules.IMAGES: image[None].numpy()}),
      (modules.METADATA, {}),
      (modules.METADATA_ROWS, {modules.NAMES: [b"classes"]}),
  ]
