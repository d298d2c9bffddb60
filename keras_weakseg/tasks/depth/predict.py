"""Depth maps, pictures, point clouds and a contact sheet of photographs."""
import io
import json

import numpy as np

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg.evaluation import gallery, inputs as image_files, large_images
from keras_weakseg.evaluation import point_cloud
from keras_weakseg.evaluation import samples
from keras_weakseg.evaluation.drawing import depth_pictures
from keras_weakseg.evaluation.drawing import pictures as picture_files
from keras_weakseg.evaluation.drawing import sheets
from keras_weakseg.files import staging
from keras_weakseg.ops import cameras, depth_images
from keras_weakseg.tasks.depth.protocol import DepthProtocol

PREDICTIONS, SHEET, INDEX = "predictions.json", "contact_sheet.png", "index.html"
_ENDINGS = ("_depth.png", ".npz", "_depth.jpg", ".ply")
_SHEET_SAMPLES, _TILE = 24, 320


def predict_depth(model, inputs, output_dir, protocol=None, overlays: bool = True,
                  point_clouds: bool = False, intrinsics: arguments.Path | None = None,
                  field_of_view: float | None = None, progress=True):
  """Writes the depth of every photograph at its own size, and pictures to look at.

  Pixels are taken as stored: an EXIF orientation is ignored. All files appear when the last
  photograph is done, or none does.

  Args:
    model: `DepthModel`.
    inputs: path of an image, a folder, a pattern, or a list of these.
    output_dir: folder; made if needed. It gets `<name>_depth.png` (uint16, see `png_scale` in
      `predictions.json`), `<name>.npz` (`disparity` and `depth`, float32 [H, W], exact),
      `<name>_depth.jpg` (colours: near is bright), `<name>.ply`, `contact_sheet.png` (the first
      24), `index.html` and `predictions.json`.
    protocol: `DepthProtocol` or its dict, of which `size` and `flip` count; None = the default.
    overlays: write the colour pictures, the contact sheet and the HTML page.
    point_clouds: write the point clouds: x to the right, y down, z forward. Needs a camera.
    intrinsics: `"fx fy cx cy"` in pixels of these images, a matrix, or a file of these numbers.
    field_of_view: in its place: horizontal angle in degrees of an assumed camera, 65 for phones.
    progress: show a progress bar on a terminal.

  Returns:
    List of dicts, also in `predictions.json`: `name`, `source` (the path that was read), `depth`,
    `arrays`, `picture` and `point_cloud` (file names in `output_dir`, or None), `height`, `width`,
    and `nearest`, `median`, `farthest`, depths in the unit that `scale_note` tells.

  Raises:
    FileNotFoundError: an input gives no image.
    ValueError: images are broken, too large or of 16 bits (all are named, before any work), one
      lies in `output_dir`, that cannot be written, or point clouds have no camera, or two.
  """
  protocol = DepthProtocol.from_dict(protocol or {})
  paths, notes = image_files.checked(inputs, output_dir, large_images.RESIZED, large_images.SHRINK)
  camera_of = _camera(point_clouds, intrinsics, field_of_view)
  records, rows = [], []
  with staging.staged(output_dir) as folder:
    images = image_files.decoded(paths, _ENDINGS, (SHEET, INDEX, PREDICTIONS))
    for path, name, image in samples.bar(images, "predict", progress, len(paths)):
      image = image.numpy()
      disparity = model.disparity(image[np.newaxis], protocol)[0]
      depth = (model.factor or 1.0) / disparity
      record = {"name": name, "source": str(path), "height": image.shape[0],
                "width": image.shape[1], **_figures(depth)}
      record.update(_write_values(folder, name, model, disparity, depth))
      record.update(_write_picture(folder, name, disparity, overlays))
      record["point_cloud"] = camera_of and _write_cloud(
          folder, name, image, depth, camera_of(image.shape[:2], path.name), model.scale_note)
      records.append(record)
      if overlays and len(rows) < _SHEET_SAMPLES:
        rows.append({"name": name, "image": sheets.shrunk(image, _TILE), "depth": sheets.shrunk(
            depth_pictures.colorize_disparity(disparity), _TILE)})
    if overlays:
      _write_pages(folder, records, rows, model, protocol)
    staging.write_whole(folder / PREDICTIONS, json.dumps({
        **units(model), "protocol": protocol.as_dict(), "protocol_hash": protocol.hash(),
        "notes": notes, "model": model.metadata, "predictions": records}, indent=1,
        default=str).encode())
  return records


def units(model):
  """Returns what the numbers in the files mean, as a dict of plain JSON values.

  Args:
    model: `DepthModel`.

  Returns:
    dict of `scale_note`, `factor` (metres per unit of 1 / disparity, 0 = unknown), `min_depth` and
    `max_depth` (the model's range, in its unit), `png_scale` and `png_note`.
  """
  scale = png_scale(model)
  unit = "metres" if model.factor else "the model's unit"
  return {"scale_note": model.scale_note, "factor": model.factor, "min_depth": model.min_depth,
          "max_depth": model.max_depth, "png_scale": scale,
          "png_note": f"depth in {unit} = value of the uint16 PNG / {scale:g}; 0 = no value"}


def png_scale(model):
  """Returns the stored value of one unit of depth in the PNG files; of metres 256, as in KITTI.

  Args:
    model: `DepthModel`.
  """
  return depth_images.depth_scale(model.max_depth * (model.factor or 1.0), bool(model.factor))


def _camera(wanted, intrinsics, field_of_view):
  """Returns a function of the size and name of an image that gives its camera; None if unwanted."""
  if not wanted:
    if intrinsics is not None or field_of_view is not None:
      raise errors.value_error(
          "Some options would have no effect.", expected="point_clouds with these",
          received="intrinsics" if intrinsics is not None else "field_of_view",
          fix="Leave them out, or ask for point clouds.")
    return None
  if (intrinsics is None) == (field_of_view is None):
    raise errors.value_error(
        "Point clouds need a camera.", expected="either intrinsics or a field of view in degrees",
        received="neither" if intrinsics is None else "both",
        fix="Pass intrinsics= of these images, or field_of_view=: about 65 for phones, 80 to 90 "
        "for dash cameras.")

  def camera(size, name):
    matrix = cameras.assumed(field_of_view, size) if intrinsics is None else np.asarray(
        intrinsics, np.float64)
    return cameras.check(matrix, size, name)

  if intrinsics is None:
    camera((2, 2), "")  # a wrong angle is told before any work
  return camera


def _figures(depth):
  nearest, median, farthest = np.percentile(depth, (0, 50, 100))
  return {"nearest": float(nearest), "median": float(median), "farthest": float(farthest)}


def _write_values(folder, name, model, disparity, depth):
  """Writes the numbers as PNG and npz; returns the names of the files."""
  files = {"depth": f"{name}_depth.png", "arrays": f"{name}.npz"}
  staging.write_whole(folder / files["depth"],
                      depth_images.encode_depth_png(depth, png_scale(model)).numpy())
  buffer = io.BytesIO()
  np.savez_compressed(buffer, disparity=disparity, depth=depth.astype(np.float32))
  staging.write_whole(folder / files["arrays"], buffer.getvalue())
  return files


def _write_picture(folder, name, disparity, wanted):
  if not wanted:
    return {"picture": None}
  file = f"{name}_depth.jpg"
  staging.write_whole(folder / file, picture_files.encode_jpeg(
      depth_pictures.colorize_disparity(disparity)))
  return {"picture": file}


def _write_cloud(folder, name, image, depth, camera, note):
  file = f"{name}.ply"
  point_cloud.write_ply(folder / file, point_cloud.points_of_depth(depth, camera), image, note)
  return file


def _write_pages(folder, records, rows, model, protocol):
  sheets.contact_sheet(rows, folder / SHEET, ("image", "depth"), classes=(), palette=(),
                       tile=_TILE, across=2, title=f"Depth: bright is near; {model.scale_note}")
  shown = [{**record, "mask": record["depth"], "overlay": record["picture"], "caption":
            "depth {nearest:.3g} to {farthest:.3g}, median {median:.3g}".format(**record)}
           for record in records]
  gallery.write_index(folder / INDEX, shown, title="Depth", subtitle=f"{len(records)} images; "
                      f"{model.scale_note}; {protocol.describe()}; protocol {protocol.hash()}")
