"""From a predictor of disparity to a versioned SavedModel that answers without Keras."""
import dataclasses

from keras_weakseg import errors
from keras_weakseg.ops import depth_inference
from keras_weakseg.serving import document as documents
from keras_weakseg.serving import loading
from keras_weakseg.serving.settings import Settings
from keras_weakseg.serving import writing
from keras_weakseg.tasks.depth import document as depth_document
from keras_weakseg.tasks.depth import model as depth_model
from keras_weakseg.tasks.depth import module as depth_module
from keras_weakseg.tasks.depth import protocol as depth_protocol

MAX_PIXELS = 1 << 24  # most of it is resized before the network: less than a gigabyte


def export_depth_artifact(predictor, base_dir, *, size, min_depth, max_depth, factor: float, record,
                          protocol, metadata=None, warmup=True, settings=None):
  """Writes `<base_dir>/<version>/` and returns its path.

  The version is one more than the highest there. It appears whole, by a rename, or not at all.
  The signatures run `ops.depth_inference.depth_disparity` on the predictor under the protocol, as
  the evaluator does, and answer at the input's own size:

  - `serving_default(image_bytes: string [B]) -> depth_png_bytes: string [B], depth_scale: float32
    [B]`: JPEG, PNG, BMP or GIF bytes, sizes may differ; 16-bit PNGs, value / depth_scale = depth.
  - `predict_images(images: uint8 [B, H, W, 3]) -> disparity: float32 [B, H, W], depth: float32
    [B, H, W]`: depth = (factor or 1) / disparity.
  - `predict_fixed(pixels: float32 [1, h, w, 3], RGB 0..255) -> disparity: float32 [1, h', w']`, of
    the network's own size, for converters to other formats: one pass, nothing is resized.
  - `metadata() -> unit, depth_scale, ..., document`; for REST, which cannot call it,
    `metadata_rows(names: string [B]) -> documents: string [B]`.

  Beside them `disparity(images: float32 [N, h, w, 3])` is kept, so that a loaded artifact can be
  evaluated under other protocols. Also written: `assets.extra/keras_weakseg.json` and
  `assets.extra/tf_serving_warmup_requests`.

  Args:
    predictor: `keras.Model`, RGB 0..255 float32 [N, h, w, 3] -> sigmoid disparity [N, h', w', 1]
      in 0..1, larger = closer, or what the record says in `answers`; or the `disparity_fn` of a
      `DepthModel` of `load_artifact`.
    base_dir: folder of the model's versions, made if needed.
    size: (height, width) of images for the network, as in training.
    min_depth, max_depth: depth of disparity 1 and 0, in the model's unit.
    factor: metres per unit of depth, 0 = unknown; the depth of the signatures is times it.
    record: dict or dataclass of the network: `mean_rgb`, `multiple`, `preprocessing`, ...
    protocol: `DepthProtocol` or its dict; the signatures follow `size` and `flip` of it.
    metadata, warmup: dict that is kept with the artifact, or None; whether to write requests.
    settings: `serving.settings.Settings`: limits, precision, ...; None = the defaults.

  Returns:
    `pathlib.Path` of the version.

  Raises:
    ValueError: size, range, factor, record or predictor cannot be used, or the folder cannot be
      written; nothing is left behind.
  """
  writing.check_any_size(predictor)
  record = dataclasses.asdict(record) if dataclasses.is_dataclass(record) else dict(record)
  protocol = depth_protocol.DepthProtocol.from_dict(protocol)
  model = depth_model.DepthModel(
      predictor, size, min_depth=min_depth, max_depth=max_depth, factor=factor,
      answers=documents.answers(record, depth_inference.DISPARITY),
      **{name: record[name] for name in ("multiple",) if name in record})
  if protocol.size:  # checked as the model's own is
    dataclasses.replace(model, size=protocol.size)
  settings = settings or Settings(MAX_PIXELS)
  size = settings.fixed_size or protocol.size or model.size
  dataclasses.replace(model, size=size)
  document = depth_document.build(
      model=model, record=record, protocol=protocol, metadata=metadata or {},
      settings=dataclasses.replace(settings, fixed_size=size))
  module = depth_module.DepthServingModule(predictor, document)
  _check_answer(predictor, module)
  return writing.write_version(module, document, base_dir, warmup=warmup,
                               warmup_size=protocol.size or model.size)


def _check_answer(predictor, module):
  """Raises `ValueError` if the predictor's answer cannot be a map of disparities."""
  shape = getattr(predictor, "output_shape", None)  # a dict or list if there are several outputs
  if shape is None:
    shape = tuple(loading.answer_of(module.disparity).shape)
  if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] != 1:
    raise errors.value_error(
        "The predictor does not answer with a disparity.", expected="(None, None, None, 1)",
        received=shape,
        fix="Pass a model of one output, the finest disparity of a depth network.")
