"""Tags of photographs: JSON, CSV, and pictures to look at."""
import csv
import io
import json

from keras_weakseg.evaluation import gallery, inputs as image_files, large_images
from keras_weakseg.evaluation import samples
from keras_weakseg.evaluation.drawing import pictures
from keras_weakseg.evaluation.drawing import sheets
from keras_weakseg.files import staging
from keras_weakseg.tasks.tags import draw
from keras_weakseg.tasks.tags.protocol import TagProtocol

PREDICTIONS, TABLE, SHEET, INDEX = "predictions.json", "tags.csv", "contact_sheet.png", "index.html"
_ENDINGS = ("_tags.jpg",)
_SHEET_SAMPLES, _TILE = 24, 240


def predict_tags(model, inputs, output_dir, protocol=None, overlays: bool = True,
                 contact_sheet: bool = True, progress=True):
  """Writes which classes every photograph shows.

  All files appear when the last photograph is done, or none does.

  Args:
    model: `TagModel`.
    inputs: path of an image, a folder, a pattern, or a list of these.
    output_dir: folder; made if needed. It gets `predictions.json`, `tags.csv` (`id,tags` with `;`
      between names, as sources read tags, then a probability per class), `<name>_tags.jpg`,
      `contact_sheet.png` (the first 24) and `index.html`.
    protocol: `TagProtocol` or its dict; None = the default one.
    overlays: write the pictures and the HTML page.
    contact_sheet: write the contact sheet.
    progress: show a progress bar on a terminal.

  Returns:
    List of dicts, also in `predictions.json`: `name`, `source` (the path that was read), `picture`
    (file name or None), `height`, `width`, `tags` (names from the threshold on, the surest first),
    `probabilities` {class name: probability}, without the background.

  Raises:
    FileNotFoundError: an input gives no image.
    ValueError: images are broken, too large or of 16 bits (all are named, before any work), one
      lies in `output_dir`, or that cannot be written.
  """
  protocol = TagProtocol.from_dict(protocol or {})
  paths, notes = image_files.checked(inputs, output_dir, large_images.RESIZED, large_images.SHRINK)
  records, rows = [], []
  with staging.staged(output_dir) as folder:
    images = image_files.decoded(paths, _ENDINGS, (SHEET, INDEX, PREDICTIONS, TABLE))
    for path, name, image in samples.bar(images, "predict", progress, len(paths)):
      found = model.probabilities(image[None], protocol)[0]
      record = {"name": name, "source": str(path), "height": image.shape[0],
                "width": image.shape[1], **_said(found, model.classes, protocol.threshold),
                "picture": f"{name}_tags.jpg" if overlays else None}
      panel = draw.bars(found, model.classes, protocol.threshold)
      if overlays:
        drawn = pictures.beside([[image.numpy()], [panel]])[0]
        staging.write_whole(folder / record["picture"], pictures.encode_jpeg(drawn))
      if contact_sheet and len(rows) < _SHEET_SAMPLES:
        rows.append({"name": f"{name}: " + (", ".join(record["tags"]) or "-"),
                     "image": sheets.shrunk(image, _TILE), "tags": panel})
      records.append(record)
    _write_pages(folder, records, rows, protocol, overlays)
    staging.write_whole(folder / TABLE, _table(records, model.classes[1:]))
    staging.write_whole(folder / PREDICTIONS, json.dumps({
        "classes": model.classes, "protocol": protocol.as_dict(), "protocol_hash": protocol.hash(),
        "notes": notes, "model": model.metadata, "predictions": records}, indent=1,
        default=str).encode())
  return records


def _said(found, classes, threshold):
  """Returns the tags and the probabilities of one photograph."""
  values = {name: round(float(value), 6) for name, value in zip(classes[1:], found[1:])}
  # By the numbers of the network: rounding must not move a class over the threshold.
  said = sorted((index for index in range(1, len(classes)) if found[index] >= threshold),
                key=lambda index: (-found[index], index))
  return {"tags": [classes[index] for index in said], "probabilities": values}


def _table(records, classes):
  """Returns the CSV of all photographs as bytes."""
  text = io.StringIO()
  writer = csv.writer(text, lineterminator="\n")
  writer.writerow(["id", "tags", *classes])
  for record in records:
    writer.writerow([record["name"], ";".join(record["tags"]),
                     *(f"{record['probabilities'][name]:.6f}" for name in classes)])
  return text.getvalue().encode()


def _write_pages(folder, records, rows, protocol, overlays):
  if rows:
    sheets.contact_sheet(rows, folder / SHEET, ("image", "tags"), classes=(), palette=(),
                         tile=_TILE, across=2, title=f"Tags: {protocol.describe()}")
  if overlays:
    shown = [{**record, "mask": record["picture"], "overlay": record["picture"],
              "caption": ", ".join(record["tags"]) or "nothing"} for record in records]
    gallery.write_index(folder / INDEX, shown, title="Tags", subtitle=f"{len(records)} images; "
                        f"{protocol.describe()}; protocol {protocol.hash()}")
