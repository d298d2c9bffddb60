"""The contract of everything that is made: an identity, a resumable maker, a reader."""
import dataclasses
from typing import Any, Callable, Mapping, Optional


@dataclasses.dataclass(frozen=True)
class MakeContext:
  """What a maker gets besides its own options.

  Attributes:
    sources: dict of name to data source, as the configuration names them.
    reads: dict of the name of an earlier step to its `recipes.outputs.Outputs`, in the order of the
      step's `reads`; empty while the plan is made.
    models: function of the name of such a step to the model of its task (`evaluate` and `predict`
      work on it), or None while the plan is made.
    seed: of the experiment.
    cache_dir: see `files.cache.cache_root`.
    data_dir: where data lies, see `kw.data.find`.
  """
  sources: Mapping[str, Any]
  reads: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  models: Optional[Callable[[str], Any]] = None
  seed: int = 0
  cache_dir: Optional[str] = None
  data_dir: Optional[str] = None

  def source(self, name):
    """Returns the source of a name; an empty name is the first one."""
    from keras_weakseg import errors  # pylint: disable=g-import-not-at-top
    if not name:
      return next(iter(self.sources.values()))
    errors.check_name("source", name, self.sources)
    return self.sources[name]


class Maker:
  """Makes one kind of derived data from sources and earlier steps.

  Options are the annotated keywords of the constructor. `make` is called again with the same
  directory after a process was killed, and continues.

  Args:
    context: `MakeContext`.
  """
  # Whether what one process makes is there for all; otherwise every process makes it, at a time.
  shared = True
  # Names of the fields that samples of `wrap` carry and others do not.
  carries = ()

  def __init__(self, context):
    self.context = context

  def lines(self):
    """Returns lines for the plan: what is read and what is left; opens nothing of earlier steps."""
    return []

  def identity(self):
    """Returns JSON values that name everything it is made from, except options and earlier steps.

    What earlier steps left, trained weights included, is added by whoever runs the step.
    """
    return {}

  def complete(self, directory):
    """Returns whether what a finished step left is still there."""
    del directory
    return True

  def make(self, directory, progress=True):
    """Makes what is missing.

    Args:
      directory: `pathlib.Path` of the step, which exists.
      progress: whether to draw progress bars.

    Returns:
      Dict of plain JSON values that are kept with the done marker; `ids`, a list of sample ids, is
      what `step:NAME` in a part's `ids` stands for.
    """
    raise NotImplementedError

  @classmethod
  def wrap(cls, source, directory):
    """Returns a source whose samples carry what was made: `derived` of a source names the step.

    Args:
      source: data source.
      directory: `pathlib.Path` of the finished step.
    """
    raise NotImplementedError(f"{cls.__name__} makes nothing that samples could carry.")
