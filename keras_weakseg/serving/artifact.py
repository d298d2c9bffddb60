"""From an exported artifact back to a model that can be evaluated, asked and exported again."""
import json
import pathlib

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.evaluation import depth_model
from keras_weakseg.evaluation import model as models
from keras_weakseg.serving import document as documents
from keras_weakseg.serving import versions


class LoadedFunction(tf.Module):
  """A function of a loaded artifact; it holds the variables, so it can be exported again.

  Args:
    loaded: what `tf.saved_model.load` returned.
    function: name of the function: "scores" or "disparity".
  """

  def __init__(self, loaded, function):
    super().__init__(name="loaded_artifact")
    self.loaded = loaded
    self.function = function

  def __call__(self, images):
    """Returns the map float32 [N, h, w, C] of RGB 0..255 float32 [N, H, W, 3]."""
    return getattr(self.loaded, self.function)(images)


def find_version(path):
  """Returns the folder of a version: `path` itself, or the highest one below it.

  Args:
    path: `<base>` or `<base>/<version>` of `export_artifact`.

  Returns:
    `pathlib.Path`.

  Raises:
    FileNotFoundError: there is no such folder, or no version in it.
    ValueError: the folder is a SavedModel that this package has not written.
  """
  path = pathlib.Path(path)
  folder = path
  if path.is_dir() and not (path / "saved_model.pb").is_file():
    folder = path / str(versions.highest(path))
  if not (folder / "saved_model.pb").is_file():
    raise errors.missing(
        f"There is no artifact in {path}.",
        expected="<base> with a version folder such as 1/saved_model.pb, or the version folder",
        received=_listing(path), fix="Export one with `keras-weakseg export`, or correct the path.")
  if not (folder / "assets.extra" / documents.FILE).is_file():
    raise errors.value_error(
        f"The SavedModel in {folder} was not exported by keras_weakseg.",
        expected=f"assets.extra/{documents.FILE} with task and protocol",
        received=_listing(folder), fix="Export the model with `keras-weakseg export`.")
  return folder


def read_document(path):
  """Returns the document of an artifact as a dict, without loading it.

  See `document.build` and `depth_document.build`; `task` is there also if the artifact is older.

  Args:
    path: `<base>` or `<base>/<version>`.

  Raises:
    FileNotFoundError, ValueError: as `find_version`; or the document is damaged or too new.
  """
  file = find_version(path) / "assets.extra" / documents.FILE
  try:
    document = json.loads(file.read_text(encoding="utf-8"))
    form = document["format"]
  except (ValueError, KeyError, TypeError) as error:
    raise errors.value_error(
        f"The document {file} is damaged.", expected="the JSON that export wrote",
        received=f"{type(error).__name__}: {error}", fix="Export the model again.") from error
  if form != documents.FORMAT:
    raise errors.value_error(
        f"The artifact in {file.parent.parent} has a format this version does not know.",
        expected=f"format {documents.FORMAT}",
        received=f"format {form}, written by version {document.get('library_version')}",
        fix="Install that version of keras_weakseg, or export the model again.")
  return {documents.TASK: documents.SEGMENTATION, **document}


def load_artifact(path):
  """Returns the model of an artifact.

  Args:
    path: `<base>` (its highest version is taken) or `<base>/<version>`.

  Returns:
    `evaluation.model.SegmentationModel`, or `evaluation.depth_model.DepthModel` if the artifact
    predicts depth; `metadata` is the artifact's document with `artifact`, the path of the version,
    added.

  Raises:
    FileNotFoundError: there is no artifact.
    ValueError: it is a SavedModel of another kind, or damaged.
  """
  folder = find_version(path)
  document = read_document(folder)
  task, tasks = document[documents.TASK], {
      documents.SEGMENTATION: _segmentation, documents.DEPTH: _depth}
  if task not in tasks:
    raise errors.unknown_name("task of an artifact", task, tasks)
  try:
    loaded = tf.saved_model.load(str(folder))
  except (OSError, ValueError, tf.errors.OpError) as error:
    raise errors.value_error(
        f"The artifact in {folder} cannot be loaded.", expected="a whole SavedModel",
        received=f"{type(error).__name__}: {error}",
        fix="Copy the folder again, with variables/, or export the model again.") from error
  return tasks[task](loaded, document, {**document, "artifact": str(folder)})


def _segmentation(loaded, document, metadata):
  return models.SegmentationModel(
      score_fn=LoadedFunction(loaded, "scores"), classes=tuple(document["classes"]),
      palette=tuple(tuple(colour) for colour in document["palette"]),
      mean_rgb=tuple(document["mean_rgb"]), multiple=document["multiple"], metadata=metadata)


def _depth(loaded, document, metadata):
  return depth_model.DepthModel(
      disparity_fn=LoadedFunction(loaded, "disparity"), size=tuple(document["size"]),
      min_depth=document["min_depth"], max_depth=document["max_depth"],
      multiple=document["multiple"], factor=document["factor"], metadata=metadata)


def export_arguments(model):
  """Returns the keyword arguments that write a loaded artifact again.

  Args:
    model: `SegmentationModel` or `DepthModel` of `load_artifact`.

  Returns:
    dict of `record`, `protocol` (a CRF that was left out is back in it), `metadata` and, for
    `export_artifact` with `model.score_fn` as the predictor, `classes` and `palette`, or, for
    `export_depth_artifact` with `model.disparity_fn`, `size`, `min_depth`, `max_depth`, `factor`.
  """
  document = model.metadata
  names = (("size", "min_depth", "max_depth", "factor") if isinstance(model, depth_model.DepthModel)
           else ("classes", "palette"))
  return {**{name: getattr(model, name) for name in names},
          "record": document["network"],
          "protocol": {**document["protocol"], **document["left_out"]},
          "metadata": document["metadata"]}


def _listing(path):
  """Returns what is there, for an error."""
  if not path.exists():
    return "no such folder"
  if not path.is_dir():
    return "a file"
  return ", ".join(sorted(entry.name for entry in path.iterdir())[:20]) or "an empty folder"
