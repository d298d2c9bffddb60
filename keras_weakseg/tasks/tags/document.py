"""What an artifact of tags says about itself: besides the rest, its classes and the threshold."""
from keras_weakseg.files import schema
from keras_weakseg.ops import tag_inference
from keras_weakseg.serving import document as documents
from keras_weakseg.serving.settings import Settings
from keras_weakseg.tasks.segmentation import document as class_documents

TAGS = "tags"
SCHEMA = schema.record({
    "classes": schema.list_of(schema.text), "activation": schema.text,
    "size": schema.list_of(schema.between(1, 1 << 16, schema.whole))})


def build(*, model, record, protocol, metadata, settings=None):
  """Returns the document of an artifact that predicts tags.

  Args:
    model: `TagModel`; its metadata is not used.
    record: dict or dataclass of the network with `mean_rgb`, `multiple`, `preprocessing`, ...
    protocol: `TagProtocol` of the signatures.
    metadata: dict of anything JSON can hold, kept as `metadata`.
    settings: `serving.settings.Settings`, None = no limits.

  Returns:
    dict of `serving.document.assemble` with `classes`, `size` (to which images are resized first;
    empty = as they are), `activation`, `threshold`, `answers` and the settings.

  Raises:
    ValueError: the class names cannot be used, or as `serving.document.assemble`.
  """
  return documents.assemble(TAGS, record=record, protocol=protocol, metadata=metadata, content={
      "classes": class_documents.checked_classes([str(name) for name in model.classes]),
      "size": list(model.size), "activation": model.activation, "threshold": protocol.threshold,
      "answers": documents.answers(record, tag_inference.TAG_SCORES),
      **(settings or Settings()).as_dict()})
