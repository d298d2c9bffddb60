"""What a trained predictor is for: classes of pixels, or depth; and how it is evaluated."""
import functools

import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.evaluation import depth_model
from keras_weakseg.evaluation import depth_pictures
from keras_weakseg.evaluation import depth_protocol
from keras_weakseg.evaluation import evaluate as evaluation
from keras_weakseg.evaluation import evaluate_depth
from keras_weakseg.evaluation import model as models
from keras_weakseg.evaluation import pictures
from keras_weakseg.evaluation import protocol as protocols
from keras_weakseg.networks import registry as networks
from keras_weakseg.recipes import image_size


class SegmentationTask:
  """Classes of pixels, by any network with scores."""
  label = fields.MASK
  flag = fields.Supervision.MASK
  labels = "masks"
  headline = "mean_iou"
  model_type = models.SegmentationModel
  protocol_type = protocols.Protocol

  @staticmethod
  def score(figures):
    """Returns what the best checkpoint has most of."""
    return figures["mean_iou"]

  @staticmethod
  def text(figures):
    """Returns the figure that people look at first."""
    return f"validation mIoU {100 * figures['mean_iou']:.2f} %"

  @staticmethod
  def configured(experiment):
    """Returns the `Protocol` of an experiment's numbers."""
    return protocols.Protocol.from_dict(experiment.evaluation.protocol.as_dict())

  @staticmethod
  def facts(experiment, source):
    """Returns what a run must remember to be used without its data, as JSON values."""
    del experiment
    return {"classes": list(source.classes),
            "palette": [list(map(int, color)) for color in source.palette]}

  @classmethod
  def model(cls, predictor, facts, record, experiment):
    """Returns the `SegmentationModel` of a predictor.

    Args:
      predictor: Keras model, RGB 0..255 to scores.
      facts: dict of `facts`.
      record: `NetworkRecord`.
      experiment: `schema.Experiment`.
    """
    return models.SegmentationModel(
        score_fn=functools.partial(predictor, training=False), classes=tuple(facts["classes"]),
        palette=[tuple(color) for color in facts["palette"]], mean_rgb=tuple(record.mean_rgb),
        multiple=record.padding_multiple, metadata={
            "experiment": experiment.name, "protocol": cls.configured(experiment).as_dict()})

  @staticmethod
  def evaluate(model, samples, protocol, progress=True):
    """Returns the figures of a model on samples with masks."""
    return evaluation.evaluate(model, samples, protocol, progress=progress)

  @staticmethod
  def draw(model, samples, protocol):
    """Returns pictures uint8 [N,H,W,3] of samples (dicts of arrays) and what is predicted."""
    images = [sample[fields.IMAGE] for sample in samples]
    found = [np.asarray(model.mask(image[None], protocol))[0] for image in images]
    return pictures.draw_predictions(
        images, [sample[fields.MASK] for sample in samples], found, model.palette)

  @staticmethod
  def check_source(model, source):
    """Raises `ValueError` unless the source has the classes of the model."""
    if tuple(source.classes) != tuple(model.classes):
      raise errors.value_error(
          "The data has other classes than the model.", expected=", ".join(model.classes),
          received=", ".join(source.classes), fix="Evaluate on data with the model's class list.")


class DepthTask:
  """Depth of pixels."""
  label = fields.DEPTH
  flag = fields.Supervision.DEPTH
  labels = "true depth"
  headline = "abs_rel"
  model_type = depth_model.DepthModel
  protocol_type = depth_protocol.DepthProtocol

  @staticmethod
  def score(figures):
    """Returns what the best checkpoint has most of."""
    return -figures["abs_rel"]

  @staticmethod
  def text(figures):
    """Returns the figure that people look at first."""
    return f"validation abs_rel {figures['abs_rel']:.4f}, a1 {100 * figures['a1']:.2f} %"

  @staticmethod
  def configured(experiment):
    """Returns the `DepthProtocol` of an experiment's numbers."""
    return depth_protocol.DepthProtocol.from_dict(experiment.evaluation.depth.as_dict())

  @staticmethod
  def facts(experiment, source):
    """Returns what a run must remember to be used without its data, as JSON values."""
    options = experiment.method.get().as_dict()
    return {"classes": [], "palette": [], "depth": {
        "size": list(_size(experiment, source)), "min_depth": options["min_depth"],
        "max_depth": options["max_depth"],
        # The other camera of a pair stands at a known distance, in metres; so are labels.
        "factor": 1.0 if options.get("stereo") or options.get("loss") == "log" else 0.0}}

  @classmethod
  def model(cls, predictor, facts, record, experiment):
    """Returns the `DepthModel` of a predictor; arguments as of `SegmentationTask.model`."""
    depth = facts["depth"]
    return depth_model.DepthModel(
        functools.partial(predictor, training=False), tuple(depth["size"]), depth["min_depth"],
        depth["max_depth"], record.multiple, depth["factor"], metadata={
            "experiment": experiment.name, "protocol": cls.configured(experiment).as_dict()})

  @staticmethod
  def evaluate(model, samples, protocol, progress=True):
    """Returns the figures of a model on samples with depth."""
    return evaluate_depth.evaluate_depth(model, samples, protocol, progress=progress)

  @staticmethod
  def draw(model, samples, protocol):
    """Returns pictures uint8 [N,H,W,3] of samples (dicts of arrays) and what is predicted."""
    images = [sample[fields.IMAGE] for sample in samples]
    found = [np.asarray(model.disparity(image[None], protocol))[0] for image in images]
    return depth_pictures.draw_depth(images, [sample[fields.DEPTH] for sample in samples], found)

  @staticmethod
  def check_source(model, source):
    """Depth has no classes that would have to agree."""
    del model, source


def _size(experiment, source):
  """Returns the (height, width) that images have for the network: as whole images in training."""
  size = image_size.whole_size(experiment.data.augmentation, source)
  if not size:
    raise errors.value_error(
        "It is not known which size images have for the depth network.",
        expected="data.augmentation.resize, or a crop", received="neither",
        fix="Set `data.augmentation.resize=[192, 640]` or the like, multiples of 32.")
  return size


def of_role(role):
  """Returns the task of networks of a role.

  Args:
    role: of a `NetworkRecord`.
  """
  return DepthTask if role == networks.DEPTH else SegmentationTask


def of_model(model):
  """Returns the task of a `SegmentationModel` or a `DepthModel`."""
  return DepthTask if isinstance(model, depth_model.DepthModel) else SegmentationTask
