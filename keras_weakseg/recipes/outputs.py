"""What a finished step hands to later ones: weights, heads, ids, a directory of derived data."""
import dataclasses
import os
from typing import Optional

from keras_weakseg import errors
from keras_weakseg.derived import results
from keras_weakseg.derived import run as run_maker
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import writing
from keras_weakseg.recipes import heads

NETWORKS = results.NETWORKS
RECORD = "record.json"  # of a run: how its weights are used

_SIDE = schema.between(1, 1 << 16, schema.whole)
_HEAD = schema.record({"classes": schema.list_of(schema.text), "mode": schema.text},
                      {"groups": schema.list_of(schema.list_of(schema.whole))})
_NETWORK = schema.record(
    {"name": schema.text, "preprocessing": schema.text, "multiple": _SIDE, "stride": _SIDE,
     "mean_rgb": schema.list_of(schema.number, 3)},
    {"role": schema.text, "answers": schema.text, "head_pattern": schema.text,
     "levels": schema.list_of(schema.whole)})
_BYTE = schema.between(0, 255, schema.whole)
_RECORD = {
    "phase": lambda value: value == "" or schema.part(value),  # of the folder of a step: none
    "head": _HEAD, "network": _NETWORK, "data": schema.text,
    "classes": schema.list_of(schema.text), "palette": schema.list_of(schema.list_of(_BYTE, 3))}
# What else a task needs, by the role of the network.
_OF_ROLES = {
    "depth": {"depth": schema.record({
        "size": schema.list_of(_SIDE, 2), "min_depth": schema.number, "max_depth": schema.number,
        "factor": schema.number})},
    "tags": {"tags": schema.record({
        "size": schema.list_of(_SIDE), "activation": schema.text})}}


def _record(value):
  """Takes the record of a run; the schema of `read_record`."""
  schema.record(_RECORD)(value)
  schema.record(_OF_ROLES.get(value["network"].get("role"), {}))(value)


def read_record(folder):
  """Returns the record of a run, or of a step of it.

  Args:
    folder: with the file `record.json`.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no record, or names a folder outside of the run.
  """
  path = os.path.join(folder, RECORD)
  try:
    return json_files.read_json(path, "record", _record, nan=True)
  except ValueError as error:
    raise errors.value_error(
        f"The record '{path}' is damaged.", expected="the JSON that fit wrote", received=error,
        fix="Run fit with the same model_dir again: it writes the record anew.") from error


@dataclasses.dataclass(frozen=True)
class Outputs:
  """A finished step.

  Attributes:
    name: of the step.
    directory: where it keeps its files.
  """
  name: str
  directory: str

  @property
  def marker(self):
    """The dict of its done marker."""
    values = results.read(self.directory)
    if values is None:
      raise errors.missing(
          f"The step '{self.name}' is not finished.", expected=f"'{results.DONE}' in its folder",
          received=self.directory, fix="Run fit with the same model_dir again.")
    return values

  @property
  def identity(self):
    """16 hex digits of everything that decides what it left."""
    return self.marker.get("identity", "")

  @property
  def ids(self):
    """The sample ids that the step chose."""
    if "ids" not in self.marker:
      raise errors.value_error(
          f"The step '{self.name}' chose no ids.", expected="a step that selects samples",
          received=", ".join(sorted(self.marker)), fix="Name another step in `ids`.")
    return tuple(self.marker["ids"])

  def networks(self):
    """Returns a dict of the names of trained networks to what is known of them, the main first.

    A step that names a finished run has the networks of that run.
    """
    path = os.path.join(self.directory, NETWORKS)
    if not os.path.exists(path):
      run = (results.read(self.directory) or {}).get(run_maker.RUN)
      if run:
        return of_run(run).networks()
      raise errors.missing(
          f"The step '{self.name}' has no trained networks.", expected=f"the file '{path}'",
          received="no such file", fix="Name a step that trains, in `continues`.")
    return json_files.read_json(
        path, "record of networks", schema.map_of(schema.record(
            {"record": _NETWORK}, {"head": _HEAD, "architecture": schema.text}),
                                                  schema.part, filled=True), nan=True)

  def weights(self, network=""):
    """Returns the path of the weights of a network, and the `heads.Head` it was trained with.

    Args:
      network: its name; empty = the one that is evaluated.
    """
    name, known = self._known(network)
    head = known.get("head")
    return (os.path.join(self.directory, f"{name}.npz"),
            heads.Head.from_dict(head) if head else heads.Head(()))

  def architecture(self, network=""):
    """Returns the architecture of a network that is no function of its options, else "".

    Args:
      network: its name; empty = the one that is evaluated.
    """
    return self._known(network)[1].get("architecture", "")

  def _known(self, network):
    known = self.networks()
    name = network or next(iter(known))
    errors.check_name(f"network of the step '{self.name}'", name, known)
    return name, known[name]


def write_networks(directory, built, head):
  """Writes what is known of the networks of a step, before they are trained.

  Args:
    directory: of the step.
    built: dict of name to `methods.context.Built`, the main one first.
    head: `heads.Head` of those with classes.
  """
  known = {name: {"record": dataclasses.asdict(entry.record), "head": head.as_dict(),
                  "architecture": entry.architecture} for name, entry in built.items()}
  writing.write_json(os.path.join(directory, NETWORKS), known)


def of_run(folder) -> Optional[Outputs]:
  """Returns what the last step of a finished run left; None if there is no run in the folder.

  Args:
    folder: the model_dir of a `fit`, or what `prune` wrote.
  """
  if not os.path.exists(os.path.join(folder, RECORD)):
    return None
  phase = read_record(folder)["phase"]
  return Outputs(phase or os.path.basename(os.path.normpath(folder)), os.path.join(folder, phase))


def find(finished, reference) -> Optional[tuple]:
  """Returns the `Outputs` that a text such as `depth` or `depth/pose` names, and the network.

  Args:
    finished: dict of name to `Outputs`.
    reference: name of a step, maybe with that of a network.
  """
  step, _, network = reference.partition("/")
  return finished[step], network
