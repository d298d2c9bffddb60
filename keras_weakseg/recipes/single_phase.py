"""The recipe of one method on one network: EM, and every supervised baseline."""
from keras_weakseg.recipes import phase as phases
from keras_weakseg.recipes import sources as source_lib
from keras_weakseg.recipes import training_phase

PHASE = "train"


def plan(experiment, given=None):
  """Returns the `Plan` of an experiment.

  Args:
    experiment: `schema.Experiment`.
    given: a data source instead of the configured ones.
  """
  sources = source_lib.make_sources(experiment.data, given)
  phase, source = training_phase.make_phase(PHASE, experiment, sources)
  return phases.Plan([phase], source_lib.evaluation_source(experiment, sources, source))
