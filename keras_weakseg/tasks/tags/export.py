"""From a predictor of tags to a versioned SavedModel that answers without Keras."""
import dataclasses

from keras_weakseg.serving import loading
from keras_weakseg.serving.settings import Settings
from keras_weakseg.serving import writing
from keras_weakseg.tasks.tags import document as documents
from keras_weakseg.tasks.tags import model as models
from keras_weakseg.tasks.tags import module as modules
from keras_weakseg.tasks.tags import protocol as protocols

MAX_PIXELS = 1 << 24


def export_tag_artifact(predictor, base_dir, *, classes, record, protocol, size=(),
                        activation="sigmoid", metadata=None, warmup=True, settings=None):
  """Writes `<base_dir>/<version>/` and returns its path.

  The version is one more than the highest there. It appears whole, by a rename, or not at all.
  The signatures run `ops.tag_inference.tag_probabilities` on the predictor under the protocol, as
  the evaluator does:

  - `serving_default(image_bytes: string [B]) -> tag_names: string [B, k], probabilities: float32
    [B, C]`: JPEG, PNG, BMP or GIF bytes, sizes may differ; names from the threshold on, the surest
    first, padded with "". The background's probability is 0.
  - `predict_images(images: uint8 [B, H, W, 3]) -> probabilities: float32 [B, C], present: bool
    [B, C]`.
  - `predict_fixed(pixels: float32 [1, H, W, 3], RGB 0..255) -> probabilities: float32 [1, C]`, of
    the settings' `fixed_size`, for converters to other formats: one pass, nothing is resized.
  - `metadata() -> class_names, threshold, activation, ..., document`; for REST, which cannot call
    it, `metadata_rows(names: string [B]) -> documents: string [B]`.

  Beside them `tag_scores(images: float32 [N, h, w, 3])` is kept, so that a loaded artifact can be
  evaluated under other protocols.

  Args:
    predictor: `keras.Model`, RGB 0..255 float32 [N, h, w, 3] -> tag scores [N, C]; or the `tag_fn`
      of a `TagModel` of `load_artifact`.
    base_dir: folder of the model's versions, made if needed.
    classes: names of the C classes, index 0 = background.
    record: dict or dataclass of the network: `mean_rgb`, `multiple`, `preprocessing`, ...
    protocol: `TagProtocol` or its dict (plain JSON values).
    size: (height, width) images are resized to before the network; empty = none.
    activation: `sigmoid` or `softmax`, as in training.
    metadata: dict that is kept with the artifact (experiment, metrics, ...), or None.
    warmup: whether to write warm-up requests.
    settings: `serving.settings.Settings`: limits, precision, ...; None = the defaults.

  Returns:
    `pathlib.Path` of the version.

  Raises:
    ValueError: classes, record or predictor cannot be used, or the folder cannot be written;
      nothing is left behind.
  """
  writing.check_any_size(predictor)
  protocol = protocols.TagProtocol.from_dict(protocol)
  model = models.TagModel(predictor, classes, size, activation)
  settings = settings or Settings(MAX_PIXELS)
  seen = protocol.size or model.size
  if not settings.fixed_size:
    settings = dataclasses.replace(settings, fixed_size=seen or writing.WARMUP_SIZE)
  document = documents.build(model=model, record=loading.with_values(record), protocol=protocol,
                             metadata=metadata or {}, settings=settings)
  module = modules.TagServingModule(predictor, document)
  shape = loading.answer_of(module.tag_scores).shape
  model.check_shape(shape)
  return writing.write_version(module, document, base_dir, labels=document["classes"],
                               warmup_size=seen, warmup=warmup)
