"""Turns gradients into updates: weight decay, per-part learning rates, loss scaling, replicas."""
import re
from typing import NamedTuple

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras

_KERNEL = re.compile(r"kernel(:\d+)?$")


class Rule(NamedTuple):
  """Multipliers of the variables whose name matches.

  Attributes:
    pattern: regular expression, searched for in the variable's name, which starts with that of its
      network: `segmenter/conv1/kernel:0`.
    learning_rate: multiplier of the learning rate; 0 freezes.
    weight_decay: multiplier of the weight decay.
  """
  pattern: str
  learning_rate: float = 1.0
  weight_decay: float = 1.0


class Updater(tf.Module):
  """Updates the variables of some networks, in groups of equal learning rate.

  Every distinct multiplier gets an optimizer of its own, so that multipliers mean the same for
  every kind of optimizer. Weight decay is L2 in Caffe's convention: `decay * w` is added to the
  gradient of kernels, never to that of biases and batch-norm parameters.

  Args:
    variables: trainable variables: a dict by name, or a list, whose own names count.
    make_optimizer: function of a learning-rate multiplier that returns a Keras optimizer.
    rules: sequence of `Rule`; the first whose pattern is found in a variable's name holds.
    weight_decay: coefficient for kernels.
    clip_norm: longest gradient of all variables together; longer ones are shortened. 0 = any.

  Raises:
    ValueError: a rule matches no variable, or there is nothing to train.
  """

  def __init__(self, variables, make_optimizer, rules=(), weight_decay=0.0, clip_norm=0.0):
    super().__init__(name="updater")
    self.rules = [Rule(*rule) for rule in rules]
    self.weight_decay = weight_decay
    self.clip_norm = clip_norm
    pairs = list(variables.items()) if isinstance(variables, dict) else [
        (variable.name, variable) for variable in variables]
    # A bound method, not a dict: checkpoints cannot hold one whose keys are no strings.
    self._name_of = {variable.ref(): name for name, variable in pairs}.__getitem__
    self._check_rules([name for name, _ in pairs])
    groups = {}
    for _, variable in pairs:
      rate = self._rule(variable).learning_rate
      if rate:
        groups.setdefault(rate, []).append(variable)
    if not groups:
      raise errors.value_error(
          "There is nothing to train.", expected="at least one trainable variable",
          received=f"{len(pairs)} variables, all frozen",
          fix="Unfreeze a part of the network or raise a learning-rate multiplier above 0.")
    self.multipliers = sorted(groups)
    self.groups = [groups[rate] for rate in self.multipliers]
    self.optimizers = [_scaled_if_half(make_optimizer(rate)) for rate in self.multipliers]
    for optimizer, group in zip(self.optimizers, self.groups):
      _build(optimizer, group)

  @property
  def variables_in_order(self):
    """The trained variables, group after group: the order of gradients in `apply`."""
    return [variable for group in self.groups for variable in group]

  @property
  def learning_rate(self):
    """Float32 scalar, the current learning rate of a variable with multiplier 1."""
    optimizer = getattr(self.optimizers[0], "inner_optimizer", self.optimizers[0])
    rate = optimizer.learning_rate
    if callable(rate):
      rate = rate(optimizer.iterations)
    return tf.cast(rate, tf.float32) / self.multipliers[0]

  def scale(self, loss):
    """Returns the loss times the loss scale, which is 1 unless variables compute in float16."""
    if not _scales(self.optimizers[0]):
      return loss
    # All groups share the first one's scale; Keras wants every wrapper to have seen the loss.
    return [optimizer.get_scaled_loss(loss) for optimizer in self.optimizers][0]

  def apply(self, gradients):
    """Updates all variables once.

    Args:
      gradients: list of this replica's gradients of the *scaled* loss, in the order of
        `variables_in_order`; None for variables that the loss does not reach.
    """
    variables = self.variables_in_order
    reached = [i for i, gradient in enumerate(gradients) if gradient is not None]
    dense = [tf.convert_to_tensor(gradients[i]) for i in reached]
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync > 1:
      dense = context.all_reduce(tf.distribute.ReduceOp.SUM, dense)
    if _scales(self.optimizers[0]):
      dense = self.optimizers[0].get_unscaled_gradients(dense)
    if self.clip_norm:
      dense, _ = tf.clip_by_global_norm(dense, self.clip_norm)
    decayed = {variables[i].ref(): self._decay(gradient, variables[i])
               for i, gradient in zip(reached, dense)}
    for index, (optimizer, group) in enumerate(zip(self.optimizers, self.groups)):
      mine = [v for v in group if v.ref() in decayed]
      found = [decayed[v.ref()] for v in mine]
      if _scales(optimizer) and index:
        # Unscaled above already; the wrapper still insists on doing it.
        found = optimizer.get_unscaled_gradients(
            [gradient * tf.cast(optimizer.loss_scale, gradient.dtype) for gradient in found])
      _apply(optimizer, list(zip(found, mine)))

  def _decay(self, gradient, variable):
    decay = self.weight_decay * self._rule(variable).weight_decay
    if decay and _KERNEL.search(variable.name):
      gradient += decay * tf.cast(variable, gradient.dtype)
    return gradient

  def _rule(self, variable):
    for rule in self.rules:
      if re.search(rule.pattern, self._name_of(variable.ref())):
        return rule
    return Rule("")

  def _check_rules(self, names):
    for rule in self.rules:
      if not any(re.search(rule.pattern, name) for name in names):
        raise errors.value_error(
            f"The learning-rate rule '{rule.pattern}' matches no trainable variable.",
            expected="a regular expression found in names such as "
            + ", ".join(names[:1] + names[-1:]), received=repr(rule.pattern),
            fix="Correct training.multipliers, or remove the entry.")


def _scales(optimizer):
  return isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)


def _scaled_if_half(optimizer):
  if keras.mixed_precision.global_policy().compute_dtype == "float16" and not _scales(optimizer):
    return keras.mixed_precision.LossScaleOptimizer(optimizer)
  return optimizer


def _build(optimizer, variables):
  # Slots must exist before the first checkpoint is restored and outside of the traced step.
  inner = getattr(optimizer, "inner_optimizer", optimizer)
  if isinstance(inner, keras.optimizers.legacy.Optimizer):
    inner._create_all_weights(variables)  # pylint: disable=protected-access
  else:
    inner.build(variables)


def _apply(optimizer, pairs):
  # The gradients are summed over the replicas already.
  inner = getattr(optimizer, "inner_optimizer", optimizer)
  if isinstance(inner, keras.optimizers.legacy.Optimizer):
    optimizer.apply_gradients(pairs, experimental_aggregate_gradients=False)
  else:
    optimizer.apply_gradients(pairs, skip_gradients_aggregation=True)
