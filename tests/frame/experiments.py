"""Experiments of the toys, small enough for a test."""
import copy

from keras_weakseg.configs.sections import schema


def duel(folder, steps=6, strategy="one_device"):
  """Returns the experiment of the method with two optimizers."""
  rival = schema.Updates(optimization=schema.sgd(0.05, steps), weight_decay=0.0)
  return schema.Experiment(
      name="duel", seed=3,
      data=schema.Data(
          sources=[schema.Source(path=str(folder), held_out=0.25)],
          parts=[schema.Part(batch_size=4)],
          augmentation=schema.Augmentation(crop=(49, 65), color=0.2)),
      network=schema.network("toy_network", width=8), method=schema.method("duel", pull=0.3),
      training=schema.Training(
          steps=steps, optimization=schema.sgd(0.01, steps), log_every=2, checkpoint_every=2,
          updaters=schema.Updaters(rival=rival)),
      evaluation=schema.Evaluation(split="validation"),
      runtime=schema.Runtime(strategy=strategy))


def guessed(folder):
  """Returns a training, guesses of its network, and a training on these and on chosen ids."""
  experiment = duel(folder, steps=4)
  experiment.method = schema.method("supervised")
  experiment.training.updaters = schema.Updaters()
  first = schema.Step(
      name="first", parts=copy.deepcopy(experiment.data.parts),
      network=copy.deepcopy(experiment.network), method=copy.deepcopy(experiment.method),
      training=copy.deepcopy(experiment.training))
  guesses = schema.Step(name="guesses", make=schema.make("guesses", share=0.7), reads=("first",))
  experiment.steps = [first, guesses]
  plain, = experiment.data.sources
  guessed_source = copy.deepcopy(plain)
  plain.name, guessed_source.name, guessed_source.derived = "photos", "guessed", ("guesses",)
  experiment.data.sources = [plain, guessed_source]
  experiment.data.parts = [schema.Part(source="guessed", ids="step:guesses", batch_size=4)]
  experiment.network.continues = "first"
  return experiment
