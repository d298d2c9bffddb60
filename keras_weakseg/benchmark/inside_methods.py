"""Measurements of what a method does inside: latent labels, what it mixes, what it explains."""
import os

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import runs
from keras_weakseg.configs import overrides
from keras_weakseg.evaluation import metrics
from keras_weakseg.methods import consistency
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import em
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import dual_head
from keras_weakseg.recipes import label_quality
from keras_weakseg.training import restore

# Of the nearer depth: surfaces that are less apart have no order.
_APART = 0.1


def latent_labels(call):
  """Returns how good the labels are that the E-step of a run gives to images with tags alone.

  Only tags reach the method; masks, which are read for this alone, judge its labels on the grid of
  its scores.

  Options: `count`: of samples, the first ones (100).
  """
  given = call.option("latent_labels", count=100)
  result = runs.load(call.target)
  kind = methods.method_class(result.experiment.method.type)
  if not issubclass(kind, em.ExpectationMaximization):
    raise errors.value_error(
        "The method of the run has no E-step.", expected="a run of em_fixed or the like",
        received=result.experiment.method.type, fix="Name the row of one.")
  network = contexts.Built(result.predictor, result.record, result.predictor, result.predictor)
  method = kind(contexts.Context({contexts.MAIN[result.record.role]: network}),
                **result.experiment.method.options())

  @tf.function(autograph=False, reduce_retracing=True)
  def complete(pixels, tags):
    scores = method.predictor(pixels, training=False)
    batch = {fields.TAGS: tags, fields.SUPERVISION: [int(fields.Supervision.TAGS)],
             fields.VALID: tf.ones(tf.shape(pixels)[:3], tf.bool)}
    unknown = tf.fill(tf.shape(scores)[:3], fields.IGNORE_LABEL)
    return method.complete(unknown, scores, tf.zeros([1, 1, 1], tf.bool), batch)[0]

  matrix = 0
  ids = tuple(call.source.ids(call.split))[:given["count"]]
  for sample in call.source.samples(
      call.split, ids=ids, grant=fields.Supervision.MASK, wanted=(
          fields.IMAGE, fields.SAMPLE_ID, fields.MASK, fields.TAGS)).as_numpy_iterator():
    pixels = _whole_cells(sample[fields.IMAGE], method.stride)
    labels = complete(tf.constant(pixels[None], tf.float32), tf.constant(sample[fields.TAGS][None]))
    truth = _whole_cells(sample[fields.MASK], method.stride)[::method.stride, ::method.stride]
    matrix += metrics.confusion_matrix(truth, labels[0].numpy(), call.source.num_classes)
  return {"split": call.split, "samples": len(ids),
          **label_quality.figures_of(matrix, call.source.classes)}


def _whole_cells(values, stride):
  """Returns an image or a mask [H,W,...] cut to sides of `stride * k + 1`: nothing is padded."""
  height, width = ((side - 1) // stride * stride + 1 for side in values.shape[:2])
  return values[:height, :width]


def mixing_order(call):
  """Returns in which share of its pixels a mixed sample shows the nearer of its two surfaces.

  Every sample is mixed with the next one, as the method of a run does, on the disparity that it
  trains on. True depths, which are read for this alone, judge the pixels where they are known and
  more than a tenth apart; half of them are right where depth has no say.

  Options: `mixing`: another kind of mask than the method's; ClassMix goes by true masks here.
  `count`: of samples, the first ones (64).
  """
  given = call.option("mixing_order", mixing="", count=64)
  options = overrides.resolve(os.path.join(call.target, restore.EXPERIMENT)).method.get()
  if not hasattr(options, "mixing"):
    raise errors.value_error(
        "The method of the run does not mix.", expected="a run of mean_teacher or the like",
        received=type(options).__name__, fix="Name the row of one.")
  mixing = consistency.Mixing(given["mixing"] or options.mixing, options.margin,
                              options.foreground, random_pairs=False)
  kind = fields.Supervision.DEPTH | fields.Supervision.MASK
  wanted = (fields.DEPTH, fields.MASK, fields.SAMPLE_ID, *(
      (fields.DISPARITY,) if mixing.kind == consistency.DEPTH else ()))
  ids = tuple(call.source.ids(call.split))[:given["count"]]
  samples = list(call.source.samples(
      call.split, ids=ids, grant=kind, wanted=wanted).as_numpy_iterator())
  batch = {name: np.stack([sample[name] for sample in samples]) for name in wanted}
  keys = tf.stack([tf.range(len(ids)), tf.zeros(len(ids), tf.int32)], 1)
  partners = mixing.partners(keys)
  kept = mixing.mask(keys, partners, tf.cast(batch[fields.MASK], tf.int32),
                     call.source.num_classes, batch.get(fields.DISPARITY)).numpy()
  own = batch[fields.DEPTH]
  return {"split": call.split, "samples": len(ids),
          "nearer_shown": _nearer_shown(kept, own, own[partners.numpy()])}


def _nearer_shown(kept, own, other):
  """Returns the share of pixels that show the nearer surface, of those with an order.

  Args:
    kept: bool [N,H,W], where the own pixel is shown.
    own, other: float [N,H,W], metres, 0 = unknown.
  """
  near, far = np.minimum(own, other), np.maximum(own, other)
  known = (near > 0) & (far > (1 + _APART) * near)
  return float((kept == (own < other))[known].mean()) if known.any() else float("nan")


def reconstruction(call):
  """Returns how much of its error a dual network keeps when its features explain the image.

  `reconstruction_share` is the squared error of reconstructed images after inference, over that
  before it: below 1 where inference does what it should. `reconstruction_falls` is the share of
  images whose error falls, `reconstruction_spread` the standard deviation of all reconstructed
  values before inference: 0 = one colour for every image, and nothing for inference to go by.

  Options: `steps`: of inference, default: those of the run's protocol; `count`: of samples, the
  first ones (32).
  """
  given = call.option("reconstruction", steps=0, count=32)
  model = runs.load(call.target).model
  if model.explain is None:
    raise errors.value_error(
        "The network of the run does not reconstruct images.", expected="a dual network",
        received=model.metadata.get("network", {}).get("name", "another"),
        fix="Name a row of dual learning.")
  explain = tf.function(model.explain, autograph=False, reduce_retracing=True)
  steps = given["steps"] or call.protocol.get("inference_steps", 0)
  ids = tuple(call.source.ids(call.split))[:given["count"]]
  before, after, values = [], [], []
  for sample in call.source.samples(call.split, ids=ids, wanted=(
      fields.IMAGE, fields.SAMPLE_ID)).as_numpy_iterator():
    pixels = tf.cast(_whole_cells(sample[fields.IMAGE], model.multiple)[None], tf.float32)
    for found, count in ((before, 0), (after, steps)):
      told = explain(pixels, tf.constant([count]))
      found.append(float(told[dual_head.RECONSTRUCTION_LOSS][0]))
      if not count:
        values.append(np.reshape(told[dual_head.RECONSTRUCTION], [-1, 3]))
  return {"split": call.split, "samples": len(ids), "reconstruction_error": float(np.mean(before)),
          "reconstruction_share": float(np.sum(after) / np.sum(before)),
          "reconstruction_falls": float(np.mean(np.less(after, before))),
          "reconstruction_spread": float(np.concatenate(values).std(0).mean())}
