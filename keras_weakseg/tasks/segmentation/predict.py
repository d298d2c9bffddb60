"""Masks, overlays and a contact sheet of photographs that have no labels."""
import json

import numpy as np

from keras_weakseg.evaluation import gallery, inputs as image_files, large_images
from keras_weakseg.evaluation import samples
from keras_weakseg.evaluation.drawing import mask_files
from keras_weakseg.evaluation.drawing import pictures, sheets
from keras_weakseg.files import staging
from keras_weakseg.tasks.segmentation import trace as tracing
from keras_weakseg.tasks.segmentation.protocol import Protocol

PREDICTIONS, SHEET, INDEX = "predictions.json", "contact_sheet.png", "index.html"
_ENDINGS = (".png", "_overlay.jpg")
_SHEET_SAMPLES, _TILE = 24, 240


def predict(model, inputs, output_dir, protocol=None, overlays: bool = True,
            contact_sheet: bool = True, trace: bool = False, progress=True):
  """Writes the mask of every photograph at its own size, and pictures to look at.

  Pixels are taken as stored: an EXIF orientation is ignored, so a mask always lies on the stored
  pixels. All files appear when the last photograph is done, or none does.

  Args:
    model: `SegmentationModel`.
    inputs: path of an image, a folder, a pattern, or a list of these.
    output_dir: folder; made if needed. It gets `<name>.png` (palette PNG, values = class ids),
      `<name>_overlay.jpg`, `contact_sheet.png` (the first 24), `index.html`, `predictions.json`.
    protocol: `Protocol` or its dict; None = the default one.
    overlays: write the overlays.
    contact_sheet: write the contact sheet and the HTML page.
    trace: write `<name>_trace.png`: labelmap and reconstruction after more and more steps of
      inference, of networks that infer.
    progress: show a progress bar on a terminal.

  Returns:
    List of dicts, also in `predictions.json`: `name`, `source` (the path that was read), `mask` and
    `overlay` (file names in `output_dir`; None without overlays), `height`, `width`, `classes`
    {class name: share of the pixels}, largest first. Of networks that infer, where one pass is
    enough, also `tags` {name: probability}; with `trace` its file and `reconstruction_loss`.

  Raises:
    FileNotFoundError: an input gives no image.
    ValueError: images are broken, too large or of 16 bits (all are named, before any work), one
      lies in `output_dir`, or that cannot be written, or there is nothing to trace.
  """
  protocol = Protocol.from_dict(protocol or {})
  if trace:
    tracing.check(model)
  paths, notes = image_files.checked(inputs, output_dir, *_limit(protocol, trace))
  records, rows = [], []
  with staging.staged(output_dir) as folder:
    endings = (*_ENDINGS, tracing.ENDING) if trace else _ENDINGS
    images = image_files.decoded(paths, endings, (SHEET, INDEX, PREDICTIONS))
    decoded = ((image, (path, name, image)) for path, name, image in samples.bar(
        images, "predict", progress, len(paths)))
    for mask, (path, name, image) in model.masks(decoded, protocol):
      records.append(_write(folder, model, path, name, image.numpy(), mask, overlays))
      if model.explain is not None and mask.size <= large_images.WHOLE:
        records[-1]["tags"] = tracing.tags(model, image, protocol.inference_steps)
      if trace:
        records[-1].update(_traced(folder, model, name, image))
      if contact_sheet and len(rows) < _SHEET_SAMPLES:
        rows.append({"name": name, "image": sheets.shrunk(image, _TILE),
                     "prediction": sheets.shrunk(mask, _TILE)})
    look = {"classes": model.classes, "palette": model.palette}
    if contact_sheet:
      sheets.contact_sheet(rows, folder / SHEET, ("image", "prediction"), tile=_TILE, across=2,
                           **look)
      gallery.write_index(folder / INDEX, records, subtitle=f"{len(records)} images; "
                          f"{protocol.describe()}; protocol {protocol.hash()}", **look)
    staging.write_whole(folder / PREDICTIONS, json.dumps({
        **look, "protocol": protocol.as_dict(), "protocol_hash": protocol.hash(),
        "notes": [*notes, *tracing.share(records)], "model": model.metadata,
        "predictions": records}, indent=1, default=str).encode())
  return records


def _limit(protocol, trace):
  """Returns the most pixels of an image, and what can be done; a trace is never in windows."""
  return (0 if protocol.window and not trace else large_images.WHOLE,
          tracing.LARGE if trace else large_images.WINDOWS)


def _write(folder, model, path, name, image, mask, overlays):
  """Writes the files of one photograph; returns its record."""
  record = {"name": name, "source": str(path), "mask": f"{name}.png", "overlay": None,
            "height": mask.shape[0], "width": mask.shape[1],
            "classes": _shares(mask, model.classes)}
  mask_files.write_mask(folder / record["mask"], mask, model.palette)
  if overlays:
    record["overlay"] = f"{name}_overlay.jpg"
    # About one pixel in a picture of 500, so that lines are seen in large photographs too.
    drawn = pictures.overlay(image, mask, model.palette, contour=1 + max(mask.shape) // 700)
    staging.write_whole(folder / record["overlay"], pictures.encode_jpeg(drawn))
  return record


def _traced(folder, model, name, image):
  """Writes the trace of one photograph; returns what its record says of it."""
  picture, losses = tracing.picture(model, image)
  staging.write_whole(folder / f"{name}{tracing.ENDING}", picture)
  return {"trace": f"{name}{tracing.ENDING}", tracing.LOSSES: losses}


def _shares(mask, classes):
  """Returns {class name: share of the pixels} of the classes that were found, largest first."""
  counts = np.bincount(mask.ravel(), minlength=len(classes))
  return {classes[index]: round(float(counts[index] / mask.size), 6)
          for index in np.argsort(-counts, kind="stable") if counts[index]}
