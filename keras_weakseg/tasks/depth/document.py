"""What an artifact of depth says about itself: besides the rest, what its numbers are worth."""
from keras_weakseg.files import schema
from keras_weakseg.ops import depth_images
from keras_weakseg.serving import document as documents
from keras_weakseg.serving.settings import Settings

DEPTH = "depth"
METRES = "metres"
RELATIVE = "up to one factor per image"
_SIDE = schema.between(1, 1 << 16, schema.whole)
SCHEMA = schema.record({
    "size": schema.list_of(_SIDE, 2), "min_depth": schema.number, "max_depth": schema.number,
    "factor": schema.number}, {"answers": schema.text})


def build(*, model, record, protocol, metadata, settings=None):
  """Returns the document of an artifact that predicts depth.

  Args:
    model: `tasks.depth.model.DepthModel`; its metadata is not used.
    record: dict or dataclass of the network with `mean_rgb`, `multiple`, `preprocessing`, ...
    protocol: `DepthProtocol` of the signatures.
    metadata: dict of anything JSON can hold, kept as `metadata`.
    settings: `serving.settings.Settings`, None = no limits.

  Returns:
    dict of `serving.document.assemble` with `size` (the network's input: height, width),
    `min_depth`, `max_depth`, `factor` and `answers` as in the model, `unit` of the depth that the
    signatures give ("metres" or "up to one factor per image"), `depth_range` (nearest and farthest
    in that unit), `depth_scale` (value in the PNG / depth_scale = depth), `scale_note`, a sentence,
    and the settings.

  Raises:
    ValueError: as `serving.document.assemble`.
  """
  in_unit = model.factor or 1.0
  depth_range = [model.min_depth * in_unit, model.max_depth * in_unit]
  return documents.assemble(DEPTH, record=record, protocol=protocol, metadata=metadata,
                            content={
                                "size": list(model.size),
                                "min_depth": float(model.min_depth),
                                "max_depth": float(model.max_depth),
                                "factor": float(model.factor),
                                "answers": model.answers,
                                "unit": METRES if model.factor else RELATIVE,
                                "depth_range": depth_range,
                                "depth_scale": depth_images.depth_scale(
                                    depth_range[1], metric=bool(model.factor)),
                                "scale_note": model.scale_note,
                                **(settings or Settings()).as_dict(),
                            })
