"""A finished run of another fit, as a step that later ones read."""
import hashlib
import pathlib

from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.data.readers import locations
from keras_weakseg.derived import base
from keras_weakseg.files import json_files
from keras_weakseg.files import schema

RUN = "run"           # in the done marker: the folder
_RECORD = "record.json"


class Run(base.Maker):
  """Names a finished run: a step that reads this one asks the network of that run.

  Nothing is copied, and nothing of the run is changed. What has been made from it is refused when
  the run has other weights.

  Args:
    context: `base.MakeContext`.
    path: the model_dir of the run; a relative one is searched for like data.
  """

  def __init__(self, context, *, path: str = ""):
    super().__init__(context)
    self.path = path

  def lines(self):
    return [f"what the run '{self.path}' has learned"]

  def identity(self):
    """See `base.Maker.identity`: the weights of the run."""
    folder = self._folder()
    record = json_files.read_json(folder / _RECORD, "record of a run",
                                  schema.record({"phase": schema.text}), nan=True)
    digest, files = hashlib.sha256(), sorted((folder / record["phase"]).glob("*.npz"))
    for path in files:
      digest.update(path.name.encode() + b"\0" + path.read_bytes())
    if not files:
      raise errors.missing(
          f"The run '{folder}' is not finished.", expected="weights of its last step (*.npz)",
          received="none", fix="Run its fit again: it goes on where it stopped.")
    return {"weights": digest.hexdigest()[:16]}

  def _folder(self):
    if not self.path:
      raise errors.value_error(
          "It is not said which run shall be read.", expected="the model_dir of a finished fit",
          received="an empty path", fix="Set `make.run.path` of the step.")
    path = pathlib.Path(paths.expand(self.path))
    folder = path if path.is_dir() else locations.find(str(path), self.context.data_dir)
    if not (folder / _RECORD).exists():
      raise errors.missing(
          f"The folder '{folder}' holds no run.", expected=f"a folder with '{_RECORD}'",
          received="none", fix="Pass the model_dir of a finished fit.")
    return folder

  def make(self, directory, progress=True):
    del directory, progress
    return {RUN: str(self._folder().resolve())}
