"""From a predictor of classes to a versioned SavedModel that answers without Keras."""
import dataclasses
import warnings

from keras_weakseg import errors
from keras_weakseg.serving import loading
from keras_weakseg.serving.settings import Settings
from keras_weakseg.serving import writing
from keras_weakseg.tasks.segmentation import document as documents
from keras_weakseg.tasks.segmentation import module as modules
from keras_weakseg.tasks.segmentation import protocol as protocols

MAX_PIXELS = 1 << 22  # half a gigabyte with 6 classes, more than one with 21


def export_artifact(predictor, base_dir, *, classes, palette, record, protocol, metadata=None,
                    warmup=True, explain=None, settings=None):
  """Writes `<base_dir>/<version>/` and returns its path.

  The version is one more than the highest there. It appears whole, by a rename, or not at all.
  The signatures run `ops.inference.class_probabilities` on the predictor under the protocol, as
  the evaluator does, and give masks at the input's own size:

  - `serving_default(image_bytes: string [B]) -> mask_png_bytes: string [B], class_ids: int32
    [B, k]`: JPEG, PNG, BMP or GIF bytes, sizes may differ; ids ascending, padded with -1.
  - `predict_images(images: uint8 [B, H, W, 3]) -> mask: uint8 [B, H, W], probabilities: float32
    [B, H, W, C]`.
  - `predict_fixed(pixels: float32 [1, H, W, 3], RGB 0..255) -> scores: float32 [1, H, W, C]`, of
    the settings' `fixed_size`, for converters to other formats: one pass, without softmax. Networks
    that infer do so for as long as the protocol says.
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
    protocol: `tasks.segmentation.protocol.Protocol` or its dict (plain JSON values).
    metadata: dict that is kept with the artifact (experiment, metrics, ...), or None.
    warmup: whether to write warm-up requests.
    explain: as of `SegmentationModel`; not None: one more signature, `predict_inferred(images,
      steps: int32 [B])`, answers as `predict_images` does after so many steps of inference, and
      `explained(images, steps)` is kept beside `scores`.
    settings: `serving.settings.Settings`: limits, precision, ...; None = the defaults.

  Returns:
    `pathlib.Path` of the version.

  Raises:
    ValueError: classes, palette or record do not fit the predictor, or the folder cannot be
      written; nothing is left behind.
  """
  protocol, left_out = _without_crf(protocol)
  settings = settings or Settings(MAX_PIXELS)
  if not settings.fixed_size:
    settings = dataclasses.replace(settings, fixed_size=protocol.size or writing.WARMUP_SIZE)
  document = documents.build(classes=classes, palette=palette, record=record, protocol=protocol,
                             metadata=metadata or {}, left_out=left_out, settings=settings)
  options = {"multiple": document["multiple"], "mean_rgb": tuple(document["mean_rgb"]),
             "answers": document["answers"], **protocol.views(classes)}
  module = (modules.ServingModule(predictor, document, options) if explain is None else
            modules.InferringModule(predictor, document, options, explain))
  _check_shapes(predictor, module, document)
  return writing.write_version(module, document, base_dir, labels=document["classes"],
                               warmup_size=document["protocol"]["size"], warmup=warmup)


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
  writing.check_any_size(predictor)
  channels = loading.answer_of(module.scores).shape[-1]
  if channels != len(document["classes"]):
    raise errors.value_error(
        "The class names do not fit the predictor.", expected=f"{channels} names, one per score",
        received=f"{len(document['classes'])}: {document['classes']}",
        fix="Pass the classes of the source the model was trained on.")
