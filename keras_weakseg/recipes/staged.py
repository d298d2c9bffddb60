"""The recipe of several stages, each of which starts from the weights of the one before.

Cross-Pretrain (Papandreou et al. 2015, section 4.4): a network learns the classes of a large data
set, then its classifier is replaced and it learns those of the small one. Depth transfer (Hoyer et
al. 2021, section 3.2): encoder and decoder learn depth from video, then classes.
"""
import copy

from keras_weakseg import errors
from keras_weakseg.recipes import phase as phases
from keras_weakseg.recipes import single_phase
from keras_weakseg.recipes import sources as source_lib
from keras_weakseg.recipes import training_phase


def plan(experiment, given=None):
  """Returns the `Plan` of an experiment: its `stages` in order, then its own training.

  Args:
    experiment: `schema.Experiment` with one or more `stages`.
    given: must be None: stages name the sources that they use.

  Raises:
    ValueError: a source was given, or there are no stages.
  """
  if given is not None or not experiment.stages:
    raise errors.value_error(
        "A staged experiment needs stages with data of their own.",
        expected="entries of `stages`, and their sources in `data.sources`",
        received="data=" if given is not None else "no stages",
        fix="Name the sources in the configuration, or take the recipe `single_phase`.")
  sources = source_lib.make_sources(experiment.data)
  made = []
  for name, settings in [*((stage.name, _stage(experiment, stage)) for stage in experiment.stages),
                         (single_phase.PHASE, experiment)]:
    phase, source = training_phase.make_phase(
        name, settings, sources, after=made[-1] if made else None)
    made.append(phase)
  return phases.Plan(made, source_lib.evaluation_source(experiment, sources, source))


def _stage(experiment, stage):
  """Returns the experiment that one stage amounts to."""
  settings = copy.deepcopy(experiment)
  settings.data.parts, settings.data.head = stage.parts, stage.head
  for name in ("network", "pose", "method", "training"):
    setattr(settings, name, getattr(stage, name))
  if stage.augmentation is not None:
    settings.data.augmentation = stage.augmentation
  settings.evaluation.validation_split = ""
  return settings
