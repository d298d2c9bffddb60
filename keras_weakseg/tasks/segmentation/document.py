"""What an artifact of segmentation says about itself: besides the rest, its classes."""
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.files import schema
from keras_weakseg.ops import inference
from keras_weakseg.serving import document as documents
from keras_weakseg.serving.settings import Settings

SCHEMA = schema.record({
    "classes": schema.list_of(schema.text),
    "palette": schema.list_of(schema.list_of(schema.between(0, 255, schema.whole), 3))},
                       {"answers": schema.text})


def build(*, classes, palette, record, protocol, metadata, left_out=None, settings=None):
  """Returns the document of an artifact that predicts classes.

  Args:
    classes: names of the C classes, index 0 = background.
    palette: C colours (R, G, B), 0..255.
    record: dict or dataclass of the network with `mean_rgb`, `multiple`, `preprocessing`, ...
    protocol: `Protocol` of the signatures.
    metadata: dict of anything JSON can hold, kept as `metadata`.
    left_out: dict of what the evaluator's protocol has and the signatures have not.
    settings: `serving.settings.Settings`, None = no limits.

  Returns:
    dict of `serving.document.assemble` with `classes`, `palette`, `ignore`, `answers` and the
    settings.

  Raises:
    ValueError: no or too many classes, equal names, a palette of another length or range, or as
      `serving.document.assemble`.
  """
  classes = [str(name) for name in classes]
  return documents.assemble(
      documents.SEGMENTATION, record=record, protocol=protocol, metadata=metadata,
      left_out=left_out, content={
          "classes": checked_classes(classes), "palette": _checked_palette(palette, classes),
          "answers": documents.answers(record, inference.SCORES),
          "ignore": int(protocol.ignore), **(settings or Settings()).as_dict()})


def checked_classes(classes):
  """Returns a list of class names, or raises `ValueError` if an artifact cannot have them."""
  if not 1 < len(classes) <= fields.IGNORE_LABEL or len(set(classes)) != len(classes):
    raise errors.value_error(
        "The class names of the artifact cannot be used.",
        expected=f"2..{fields.IGNORE_LABEL} different names, index 0 = background",
        received=f"{len(classes)} names, {len(set(classes))} different: {classes}",
        fix="Pass the classes of the source the model was trained on.")
  return classes


def _checked_palette(palette, classes):
  colours = [[int(value) for value in colour] for colour in palette]
  good = all(len(colour) == 3 and 0 <= min(colour) and max(colour) <= 255 for colour in colours)
  if not good or len(colours) != len(classes):
    raise errors.value_error(
        "The palette does not fit the classes.",
        expected=f"{len(classes)} colours (R, G, B) in 0..255",
        received=f"{len(colours)} entries: {colours}",
        fix="Pass the palette of the same source as the classes.")
  return colours
