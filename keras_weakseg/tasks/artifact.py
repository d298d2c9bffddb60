"""From an exported artifact back to a model that can be evaluated, asked and exported again."""
import pathlib

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import text as texts
from keras_weakseg.serving import document as documents
from keras_weakseg.serving import settings
from keras_weakseg.serving import versions
from keras_weakseg.tasks import options
from keras_weakseg.tasks import registry

_DOCUMENT = schema.record({
    "mean_rgb": schema.list_of(schema.number, 3),
    "multiple": schema.between(1, 1 << 12, schema.whole), "network": schema.map_of(schema.anything),
    "protocol": schema.map_of(schema.anything), "left_out": schema.map_of(schema.anything),
    "metadata": schema.map_of(schema.anything)}, {documents.TASK: schema.text})


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

  See `serving.document.assemble`; `task` is there also if the artifact is older.

  Args:
    path: `<base>` or `<base>/<version>`.

  Raises:
    FileNotFoundError, ValueError: as `find_version`; or the document is damaged or too new.
  """
  folder = find_version(path)
  file = folder / "assets.extra" / documents.FILE
  document = _checked(file, schema.record({"format": schema.whole}))
  form = document["format"]
  if form != documents.FORMAT:
    raise errors.value_error(
        f"The artifact in {file.parent.parent} has a format this version does not know.",
        expected=f"format {documents.FORMAT}",
        received=f"format {form}, written by version {document.get('library_version')}",
        fix="Install that version of keras_weakseg, or export the model again.")
  document = {documents.TASK: documents.SEGMENTATION, **_checked(file, _DOCUMENT)}
  _checked(file, registry.by_name(document[documents.TASK]).document_schema)
  _check_labels(folder, document.get("classes"))
  return document


def _checked(file, form):
  """Returns the document in a file that follows a schema."""
  try:
    return json_files.read_json(file, "document", form)
  except ValueError as error:
    raise errors.value_error(
        f"The document {file} is damaged.", expected="the JSON that export wrote",
        received=error, fix="Export the model again.") from error


def _check_labels(folder, classes):
  """Refuses a list of labels for other programs that is not that of the document."""
  path = folder / "assets" / "labels.txt"
  if classes is None or not path.exists():
    return
  labels = [line for _, line in texts.read_lines(path, "list of labels", fix="Export again.")]
  if labels != [" ".join(name.split()) for name in classes] and labels != list(classes):
    raise errors.value_error(
        f"The labels in {path} are not those of the artifact.", expected=", ".join(classes),
        received=", ".join(labels) or "none", fix="Export the model again.")


def load_artifact(path):
  """Returns the model of an artifact.

  Args:
    path: `<base>` (its highest version is taken) or `<base>/<version>`.

  Returns:
    The model of the artifact's task: `SegmentationModel`, `DepthModel`, `TagModel`, ...; its
    `metadata` is the artifact's document with `artifact`, the path of the version, added.

  Raises:
    FileNotFoundError: there is no artifact.
    ValueError: it is a SavedModel of another kind, or damaged.
  """
  folder = find_version(path)
  document = read_document(folder)
  task = registry.by_name(document[documents.TASK])
  try:
    loaded = tf.saved_model.load(str(folder))
  except (OSError, ValueError, tf.errors.OpError) as error:
    raise errors.value_error(
        f"The artifact in {folder} cannot be loaded.", expected="a whole SavedModel",
        received=f"{type(error).__name__}: {error}",
        fix="Copy the folder again, with variables/, or export the model again.") from error
  return task.load(loaded, document, {**document, "artifact": str(folder)})


def export_arguments(model):
  """Returns the keyword arguments with which the task of a loaded artifact writes it again.

  Args:
    model: of `load_artifact`.

  Returns:
    dict of `record`, `protocol` (a CRF that was left out is back in it), `metadata`, and the
    settings that its document holds and its task takes.
  """
  document = model.metadata
  taken = options.names(registry.of_model(model), "export")
  known = settings.of_document(document)
  return {"record": document["network"],
          "protocol": {**document["protocol"], **document["left_out"]},
          "metadata": document["metadata"],
          **{name: value for name, value in known.items() if name in taken}}


def _listing(path):
  """Returns what is there, for an error."""
  if not path.exists():
    return "no such folder"
  if not path.is_dir():
    return "a file"
  return ", ".join(sorted(entry.name for entry in path.iterdir())[:20]) or "an empty folder"
