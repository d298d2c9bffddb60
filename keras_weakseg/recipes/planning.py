"""From an experiment to the plan of its steps."""
import copy

from keras_weakseg.derived import base as makers
from keras_weakseg.derived import registry as derived
from keras_weakseg.recipes import plan as plans
from keras_weakseg.recipes import sources as source_lib
from keras_weakseg.recipes import training_step

# The experiment's own training, the last step.
LAST = "train"


def make_plan(experiment, given=None):
  """Returns the `Plan` of an experiment: its `steps` in order, then its own training.

  Args:
    experiment: `schema.Experiment`.
    given: a data source instead of the first one of the configuration, or a dict of name to source
      instead of several; None = those of the configuration.

  Raises:
    ValueError: a method cannot train its network, or has nothing to learn from, ...
  """
  sources = source_lib.make_sources(experiment.data, given)
  made = []
  for step in experiment.steps:
    if step.make.type is not None:
      made.append(make_step(step, experiment, sources))
    else:
      made += training_step.make_steps(
          step.name, settings_of(experiment, step), sources, later_maps(experiment, step))
  made += training_step.make_steps(LAST, experiment, sources)
  return plans.Plan(tuple(made))


def settings_of(experiment, step):
  """Returns the `schema.Experiment` that a step which trains amounts to.

  Args:
    experiment: `schema.Experiment`.
    step: `schema.Step` of it.
  """
  settings = copy.deepcopy(experiment)
  # Not through attributes: lists of sections would be merged, with a warning.
  vars(settings.data).update(parts=copy.deepcopy(step.parts), head=step.head)
  vars(settings)["steps"] = []
  before = _before(experiment, step)
  for source in settings.data.sources:  # What comes later, only later steps can read.
    source.derived = tuple(name for name in source.derived if name in before)
  for name in ("network", "networks", "method", "training"):
    setattr(settings, name, getattr(step, name))
  if step.augmentation is not None:
    settings.data.augmentation = step.augmentation
  settings.evaluation.validation_split = step.validation_split
  settings.evaluation.checkpoint = "last"
  settings.evaluation.source = ""
  settings.runtime.mixed_precision = step.mixed_precision or experiment.runtime.mixed_precision
  return settings


def later_maps(experiment, step):
  """Returns what samples of the sources carry in later steps, and not in this one.

  Args:
    experiment: `schema.Experiment`.
    step: `schema.Step` of it, which trains.

  Returns:
    Tuple of (name of a source, name of the later step, names of the fields that it makes and that
    no step before has made).
  """
  before = _before(experiment, step)
  carries = {entry.name: derived.maker_class(entry.make.type).carries if entry.make.type else ()
             for entry in experiment.steps}
  there = {source.name: {field for name in source.derived if name in before
                         for field in carries[name]} for source in experiment.data.sources}
  return tuple(
      (source.name, name, tuple(f for f in carries[name] if f not in there[source.name]))
      for source in experiment.data.sources for name in source.derived if name not in before)


def _before(experiment, step):
  """Returns the names of the steps before one."""
  names = [entry.name for entry in experiment.steps]
  return names[:names.index(step.name)]


def make_step(step, experiment, sources):
  """Returns the `MakeStep` of a step that makes derived data.

  Args:
    step: `schema.Step` whose `make.type` is set.
    experiment: `schema.Experiment` it belongs to.
    sources: dict of name to source.
  """
  maker_class = derived.maker_class(step.make.type)

  def maker(reads, models=None):
    context = makers.MakeContext(sources, reads, models, experiment.seed,
                                 experiment.data.cache_dir or None,
                                 experiment.data.data_dir or None)
    return maker_class(context, **step.make.options())

  return plans.MakeStep(
      step.name, maker, tuple(step.reads), {"make": step.make.as_dict(), "seed": experiment.seed},
      tuple(maker({}).lines()))
