"""The frame of every training method: losses over the global batch, one update, health figures."""
from typing import NamedTuple

import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import ratio
from keras_weakseg.networks import randomness
from keras_weakseg.networks import registry as networks

TOTAL = "loss"
LEARNING_RATE = "learning_rate"


class Term(NamedTuple):
  """One loss term: its mean over the global batch times a weight."""
  mean: ratio.Ratio
  weight: float = 1.0


class Method(keras.Model):
  """One replica's view of a training procedure.

  A method is built from named networks. A subclass with one objective writes `loss_terms`; one
  with several optimizers or inner loops overrides `train_step`. `predictor` is what is evaluated
  and exported.

  Args:
    networks: dict of name to Keras model; all are saved in checkpoints.
    predictor: functional model, RGB 0..255 [N,H,W,3] to scores [N,h,w,C].
    seed: integer, seed of all randomness of the training step.
    accumulation: micro-batches per update; gradients are averaged over them, each normalised by
      its own valid pixels (Caffe's `iter_size`).
  """
  # Kind of label maps (`rect`, `seg`) that a method wants made of boxes before it trains, and the
  # names of its options that decide how.
  label_maps = None
  label_map_options = ()
  # Kind of label that a method learns from; `NONE` = from images, video or depth without any.
  needs = fields.Supervision.NONE
  # Whether samples without that label teach something too.
  unlabelled = False
  # Role of the network that it trains.
  role = networks.SEGMENTATION

  def __init__(self, networks, predictor, *, seed=0, accumulation=1):
    super().__init__()
    self.networks = dict(networks)
    self.predictor = predictor
    # Figures are global already; Keras would add up those of the replicas.
    self.distribute_reduction_method = "first"
    self.seed = seed
    self.accumulation = accumulation
    self.updater = None
    self.step = tf.Variable(0, trainable=False, dtype=tf.int64, name="step",
                            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)

  @property
  def main(self):
    """The network that is evaluated, the first one; the next phase of a recipe starts from it."""
    return next(iter(self.networks.values()))

  @classmethod
  def inputs(cls, options):
    """Returns the names of the fields, besides image and labels, that batches must carry.

    Args:
      options: dict of the method's options.
    """
    del options
    return ()

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
        to the first.
    """
    named, known = {}, set()
    for name, network in self.networks.items():
      for variable in network.trainable_variables:
        if variable.ref() not in known:
          known.add(variable.ref())
          named[f"{name}/{variable.name}"] = variable
    self.updater = make_updater(named)

  @classmethod
  def notes(cls, options, masks):
    """Returns lines for the plan of a phase: what these options mean for its training.

    Args:
      options: dict of the method's options.
      masks: whether masks teach in any part.
    """
    del options, masks
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
    gradients, logs = [], []
    for i in range(self.accumulation):
      micro = {name: value[i::self.accumulation] for name, value in data.items()}
      found, figures = self._gradients(micro, i)
      gradients.append(found)
      logs.append(figures)
    logs = {name: tf.add_n([entry[name] for entry in logs]) / self.accumulation
            for name in logs[0]}
    logs[LEARNING_RATE] = self.updater.learning_rate
    self.updater.apply([_mean(of_variable) for of_variable in zip(*gradients)])
    self.step.assign_add(1)
    return logs

  def _gradients(self, batch, index):
    with tf.GradientTape() as tape:
      with randomness.random_scope(self.step_seed(index)):
        terms, health = self.loss_terms(batch)
      counts = ratio.global_sums([term.mean.denominator for term in terms.values()])
      total = tf.add_n([
          term.weight * tf.math.divide_no_nan(term.mean.numerator, count)
          for term, count in zip(terms.values(), counts)])
      scaled = self.updater.scale(total)
    gradients = tape.gradient(scaled, self.updater.variables_in_order)
    figures = ratio.evaluate({name: term.mean for name, term in terms.items()} | dict(health))
    figures[TOTAL] = tf.add_n([term.weight * figures[name] for name, term in terms.items()])
    return gradients, figures

  def step_seed(self, index=0):
    """Returns int32 [2], the seed of this step, micro-batch and replica."""
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    seed = tf.stack([tf.cast(self.seed, tf.int32), tf.cast(self.step, tf.int32)])
    for fold in (index, replica):
      seed = randomness.fold_in(seed, fold)
    return seed


def _mean(gradients):
  known = [gradient for gradient in gradients if gradient is not None]
  return tf.add_n(known) / len(gradients) if known else None


def may(batch, flag):
  """Returns bool [N]: which samples of the batch may teach with this kind of label."""
  return tf.bitwise.bitwise_and(batch[fields.SUPERVISION], int(flag)) > 0
