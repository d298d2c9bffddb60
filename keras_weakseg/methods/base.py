"""The frame of every training method: losses over the global batch, updates, health figures."""
from typing import NamedTuple

import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import averages
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import ratio
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import randomness

TOTAL = "loss"
LEARNING_RATE = "learning_rate"
# The optimizer that every method has.
MAIN = "main"


class Term(NamedTuple):
  """One loss term: its mean over the global batch times a weight."""
  mean: ratio.Ratio
  weight: float = 1.0


class Method(keras.Model):
  """One replica's view of a training procedure.

  A method is built from named networks. A subclass with one objective writes `loss_terms`; one
  with several optimizers writes `optimizers` and `update`. What shall happen after an update, such
  as a moving average, stands in `after_update`. All networks, optimizers and variables are saved,
  resumed and replicated.

  Options are the annotated keywords of the constructors: the configuration is made from them.

  Args:
    context: `contexts.Context`: networks, parts, seed.
  """
  # Kind of label maps (`rect`, `seg`) that a method wants made of boxes before it trains, and the
  # names of its options that decide how.
  label_maps = None
  label_map_options = ()
  # Kind of label that a method learns from; `NONE` = from images, video or depth without any.
  needs = fields.Supervision.NONE
  # Whether samples without that label teach something too.
  unlabelled = False
  # Role of the network that is evaluated.
  role = networks.SEGMENTATION
  # Whether it gives that network the depth of the batch where it takes it (`sees_depth`).
  sees_depth = False
  # Whether it changes the colours of what that network sees alone (`color_of="inputs"`).
  colors_inputs = False
  # What that network may answer with; empty = what networks of the role answer with, mostly.
  answers = ()

  def __init__(self, context):
    super().__init__()
    self.networks = {name: built.model for name, built in context.networks.items()}
    self.predictor = context.main.predictor
    # Figures are global already; Keras would add up those of the replicas.
    self.distribute_reduction_method = "first"
    self.seed = context.seed
    self.accumulation = context.accumulation
    self.parts, self.part_weights = tuple(context.parts), tuple(context.part_weights)
    self.updaters = {}
    self.average = None
    self.context = context
    self._trained = tuple(name for name, built in context.networks.items() if built.trained)
    self.step = tf.Variable(0, trainable=False, dtype=tf.int64, name="step",
                            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)

  @property
  def main(self):
    """The network that is evaluated, the first one."""
    return next(iter(self.networks.values()))

  @property
  def updater(self):
    """The `Updater` of the main optimizer; None before `prepare`."""
    return self.updaters.get(MAIN)

  @classmethod
  def networks_of(cls, options):
    """Returns the networks that the method wants: dict of name to `contexts.Need`.

    The first one is evaluated.

    Args:
      options: dict of the method's options.
    """
    del options
    return {contexts.MAIN[cls.role]: contexts.Need((cls.role,))}

  def optimizers(self):
    """Returns who moves what: dict of the name of an optimizer to names of networks.

    The configuration of `main` is `training.optimization`; others have a section of their name in
    `training.updaters`.
    """
    return {MAIN: tuple(self._trained)}

  @classmethod
  def inputs(cls, options):
    """Returns the names of the fields, besides image and labels, that batches must carry.

    Args:
      options: dict of the method's options.
    """
    del options
    return ()

  @classmethod
  def welcome(cls, options):
    """Returns the names of further fields that are used where a source has them.

    Args:
      options: dict of the method's options.
    """
    del options
    return ()

  @classmethod
  def label_space(cls, classes):
    """Returns the groups of classes that the method tells apart; None = the classes themselves.

    Args:
      classes: names of those of the data, index 0 = background.

    Returns:
      None, or a dict of new name to names of old classes; the background stays the first.
    """
    del classes
    return None

  @classmethod
  def needed(cls, options):
    """Returns the kind of label that the method learns from under these options."""
    del options
    return cls.needs

  def prepare(self, make_updater):
    """Makes the optimizers; called once, inside the strategy's scope, before training.

    Args:
      make_updater: function that returns an `Updater` of a dict of variables by name; names start
        with that of the network, such as `depth/conv1/kernel:0`. What two networks share belongs
        to the first. For further optimizers their name follows as a second argument.
    """
    known = set()
    for optimizer, names in self.optimizers().items():
      named = {}
      for name in names:
        for variable in self.networks[name].trainable_variables:
          if variable.ref() not in known:
            known.add(variable.ref())
            named[f"{name}/{variable.name}"] = variable
      self.updaters[optimizer] = (
          make_updater(named) if optimizer == MAIN else make_updater(named, optimizer))

  def start_average(self, share):
    """Keeps the moving average of the evaluated network, see `averages.Averaged`; as `prepare`.

    Args:
      share: how much of itself it keeps in an update; 0 = there is none.
    """
    self.average = averages.Averaged(self.predictor, share) if share else None

  @classmethod
  def notes(cls, options, masks):
    """Returns lines for the plan of a phase: what these options mean for its training.

    Args:
      options: dict of the method's options.
      masks: whether masks teach in any part.
    """
    del options, masks
    return []

  def warnings(self, figures):
    """Returns texts of what goes wrong in training, by the means of its figures since the last log.

    Args:
      figures: dict of name to float.
    """
    del figures
    return []

  def loss_terms(self, batch):
    """Returns the losses of a batch.

    Args:
      batch: dict of tensors, see `keras_weakseg.fields`.

    Returns:
      Dict of name to `Term`, and a dict of name to `Ratio` with health figures.
    """
    raise NotImplementedError

  def call(self, inputs, training=False):
    """Returns the predictor's scores; inputs are RGB 0..255 [N,H,W,3]."""
    return self.predictor(inputs, training=training)

  def train_step(self, data):
    """Takes one step on one replica's share of the global batch.

    Args:
      data: dict of tensors with a leading batch axis.

    Returns:
      Dict of float32 scalars, equal on all replicas: `loss`, every loss term, health figures.
    """
    logs = self.update(data)
    self.step.assign_add(1)
    self.after_update()
    if self.average is not None:
      self.average.follow(self.step)
    return logs

  def seen(self, batch):
    """Returns what the evaluated network takes of a batch: float32 [N,H,W,3], RGB 0..255."""
    return tf.cast(batch[fields.IMAGE], tf.float32)

  def look(self, data, index=0):
    """Passes a batch through the evaluated network as in training; only its statistics move.

    Args:
      data: dict of tensors with a leading batch axis.
      index: int scalar, of the batch: randomness depends on it.
    """
    with randomness.random_scope(self.step_seed(index)):
      self.predictor(self.seen(data), training=True)

  def update(self, data):
    """Updates the networks once; a method with several optimizers calls `minimize` for each.

    Args:
      data: dict of tensors with a leading batch axis.

    Returns:
      Dict of float32 scalars.
    """
    return self.minimize(data, self.loss_terms)

  def after_update(self):
    """Does what follows an update, inside the step; `step` counts it already."""
    return None

  def minimize(self, data, objective, optimizer=MAIN):
    """Updates the variables of one optimizer by the gradient of an objective.

    Args:
      data: dict of tensors with a leading batch axis.
      objective: function of a batch that returns what `loss_terms` does.
      optimizer: one of `optimizers`.

    Returns:
      Dict of float32 scalars: the objective's terms and health figures, and its weighted sum and
      the learning rate, whose names start with that of the optimizer unless it is the main one.
    """
    gradients, logs = [], []
    for i in range(self.accumulation):
      micro = {name: value[i::self.accumulation] for name, value in data.items()}
      of_micro, figures = self._gradients(micro, i, objective, optimizer)
      gradients.append(of_micro)
      logs.append(figures)
    logs = {name: tf.add_n([entry[name] for entry in logs]) / self.accumulation
            for name in logs[0]}
    updater = self.updaters[optimizer]
    logs[_named(LEARNING_RATE, optimizer)] = updater.learning_rate
    updater.apply([_mean(of_variable) for of_variable in zip(*gradients)])
    return logs

  def _gradients(self, batch, index, objective, optimizer):
    updater = self.updaters[optimizer]
    with tf.GradientTape() as tape:
      with randomness.random_scope(self.step_seed(index, optimizer)):
        terms, health = objective(batch)
      counts = ratio.global_sums([term.mean.denominator for term in terms.values()])
      total = tf.add_n([
          term.weight * tf.math.divide_no_nan(term.mean.numerator, count)
          for term, count in zip(terms.values(), counts)])
      scaled = updater.scale(total)
    gradients = tape.gradient(scaled, updater.variables_in_order)
    figures = ratio.evaluate({name: term.mean for name, term in terms.items()} | dict(health))
    figures[_named(TOTAL, optimizer)] = tf.add_n(
        [term.weight * figures[name] for name, term in terms.items()])
    return gradients, figures

  def step_seed(self, index=0, optimizer=MAIN):
    """Returns int32 [2], the seed of this step, micro-batch, replica and optimizer."""
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    seed = tf.stack([tf.cast(self.seed, tf.int32), tf.cast(self.step, tf.int32)])
    others = () if optimizer == MAIN else (1 + list(self.updaters).index(optimizer),)
    for fold in (index, replica, *others):
      seed = randomness.fold_in(seed, fold)
    return seed


def _named(figure, optimizer):
  return figure if optimizer == MAIN else f"{optimizer}_{figure}"


def _mean(gradients):
  known = [gradient for gradient in gradients if gradient is not None]
  return tf.add_n(known) / len(gradients) if known else None


def may(batch, flag):
  """Returns bool [N]: which samples of the batch may teach with this kind of label."""
  return tf.bitwise.bitwise_and(batch[fields.SUPERVISION], int(flag)) > 0
