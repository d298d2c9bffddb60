"""Optimizers and learning-rate schedules from Model Garden's configuration."""
from official.modeling.optimization import optimizer_factory

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.methods import updates
from keras_weakseg.training import muon

optimizer_factory.register_optimizer_cls("muon", muon.Muon)

# PoseCNN is nothing but new layers, and every pose network ends in layers of the same names.
_NOT_POSE = "^(?!pose/)"


class MultipliedSchedule(keras.optimizers.schedules.LearningRateSchedule):
  """A schedule times a constant."""

  def __init__(self, schedule, multiplier):
    super().__init__()
    self.schedule = schedule
    self.multiplier = multiplier

  def __call__(self, step):
    return self.schedule(step) * self.multiplier

  def get_config(self):
    """See Keras."""
    return {"schedule": self.schedule, "multiplier": self.multiplier}


def optimizer_maker(config):
  """Returns a function of a learning-rate multiplier that makes an optimizer.

  Args:
    config: `configs.sections.optimization.OptimizationConfig`, or Model Garden's.

  Raises:
    ValueError: the configuration is incomplete or asks for a legacy-only optimizer.
  """
  def make(multiplier):
    try:
      factory = optimizer_factory.OptimizerFactory(config)
      rate = factory.build_learning_rate()
      if multiplier != 1.0:
        rate = MultipliedSchedule(rate, multiplier) if callable(rate) else rate * multiplier
      modern = config.optimizer.type.endswith("_experimental")
      return factory.build_optimizer(rate, use_legacy_optimizer=not modern)
    except (ValueError, KeyError, AttributeError) as error:
      raise errors.value_error(
          "The optimizer cannot be built.",
          expected="an optimizer and a learning rate of Model Garden's OptimizationConfig",
          received=str(error), fix="Correct training.optimization.") from error

  return make


def instance_maker(optimizer):
  """Returns the same for an optimizer that the user built.

  Every group of equal learning rate gets a copy made from the optimizer's own configuration.

  Args:
    optimizer: a Keras optimizer, modern or legacy.
  """
  def make(multiplier):
    settings = optimizer.get_config()
    inner = settings
    while "learning_rate" not in inner:  # Those of tensorflow-addons wrap others.
      inner = inner["optimizer"]["config"]
    rate = inner["learning_rate"]
    if multiplier != 1.0:
      inner["learning_rate"] = (
          MultipliedSchedule(keras.optimizers.schedules.deserialize(rate), multiplier)
          if isinstance(rate, dict) else rate * multiplier)
    return type(optimizer).from_config(settings)

  return make


def updater_maker(training, record, optimizer=None):
  """Returns the function that `Method.prepare` needs: of variables, and of an optimizer's name.

  Args:
    training: `schema.Training`.
    record: `NetworkRecord`; `head` in a rule stands for its `head_pattern`, `encoder` for all but
      that. Neither is looked for in the pose network, which the record says nothing of.
    optimizer: a Keras optimizer instead of `training.optimization`.
  """
  def make_updater(variables, name=""):
    config = training
    if name:
      config = training.updaters.get(name)
      if config is None:
        raise errors.value_error(
            f"The method has an optimizer '{name}' that is not configured.",
            expected=f"`training.updaters.{name}`",
            received=", ".join(known for known, _ in training.updaters.items()) or "none",
            fix=f"Set `training.updaters.{name}.optimization`.")
    make = instance_maker(optimizer) if optimizer is not None and not name else optimizer_maker(
        config.optimization)
    rules = [updates.Rule(_pattern(entry.pattern, record), entry.learning_rate, entry.weight_decay)
             for entry in config.multipliers]
    return updates.Updater(variables, make, rules, config.weight_decay, config.clip_norm)

  return make_updater


def _pattern(pattern, record):
  """Returns the regular expression of a rule; the record knows which layers are new."""
  if pattern == "encoder":
    return f"{_NOT_POSE}(?!.*(?:{record.head_pattern}))"
  # `head` and `head.*bias`-like rules.
  return pattern.replace("head", f"{_NOT_POSE}.*(?:{record.head_pattern})", 1) if (
      pattern == "head" or pattern.startswith("head.*")) else pattern
