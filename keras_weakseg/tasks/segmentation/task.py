"""Segmentation as a task: the class of every pixel, by any network with scores."""
import numpy as np

from keras_weakseg import fields
from keras_weakseg.evaluation.drawing import pictures
from keras_weakseg.networks import dual
from keras_weakseg.networks import registry as networks
from keras_weakseg.ops import inference
from keras_weakseg.serving import loading
from keras_weakseg.serving import settings
from keras_weakseg.tasks import task
from keras_weakseg.tasks.segmentation import depth_input
from keras_weakseg.tasks.segmentation import document as documents
from keras_weakseg.tasks.segmentation import evaluate as evaluation
from keras_weakseg.tasks.segmentation import export as exporting
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation import predict as prediction
from keras_weakseg.tasks.segmentation import protocol as protocols


class SegmentationTask(task.Task):
  """Classes of pixels. See `task.Task` for what its methods take and return."""
  name = "segmentation"
  roles = (networks.SEGMENTATION, networks.MULTITASK)
  label = fields.MASK
  flag = fields.Supervision.MASK
  labels = "masks"
  headline = "mean_iou"
  model_type = models.SegmentationModel
  protocol_type = protocols.Protocol
  document_schema = staticmethod(documents.SCHEMA)
  section = "protocol"

  def text(self, figures):
    return f"validation mIoU {100 * figures['mean_iou']:.2f} %"

  def facts(self, experiment, source):
    del experiment
    return {"classes": list(source.classes),
            "palette": [list(map(int, color)) for color in source.palette]}

  def inputs(self, model):
    return (fields.DEPTH,) if model.sees_depth else ()

  def model(self, predictor, facts, record, experiment):
    return models.SegmentationModel(
        predictor, tuple(facts["classes"]), [tuple(color) for color in facts["palette"]],
        mean_rgb=tuple(record.mean_rgb), multiple=record.padding_multiple, answers=record.answers,
        metadata=self.metadata(experiment), explain=_explainer(predictor, record),
        sees_depth=depth_input.is_taken_by(predictor))

  def check_source(self, model, source):
    task.check_classes(model, source)

  def evaluate(self, model, samples, protocol, progress=True):
    return evaluation.evaluate(model, samples, protocol, progress=progress)

  def draw(self, model, samples, protocol):
    masks = [np.asarray(model.mask(np.asarray(model.seen(sample))[None], protocol))[0]
             for sample in samples]
    images, truths = ([sample[name] for sample in samples] for name in (fields.IMAGE, fields.MASK))
    return pictures.draw_predictions(images, truths, masks, model.palette)

  def predict(self, model, inputs, output_dir, *, protocol=None, progress=True, overlays=True,
              contact_sheet=True, trace=False):
    if model.sees_depth:
      raise depth_input.of_photographs("predict")
    return prediction.predict(model, inputs, output_dir, protocol, overlays=overlays,
                              contact_sheet=contact_sheet, trace=trace, progress=progress)

  def export(self, model, base_dir, *, record, protocol, metadata,
             max_pixels=exporting.MAX_PIXELS, broken_images=settings.REFUSE,
             precision=settings.SINGLE, fixed_size=()):
    if model.sees_depth:
      raise depth_input.of_photographs("export")
    return exporting.export_artifact(
        model.score_fn, base_dir, classes=model.classes, palette=model.palette,
        record=loading.with_values(record, multiple=model.multiple),
        protocol=protocol, metadata=metadata, explain=model.explain, settings=settings.Settings(
            max_pixels, broken_images, precision, fixed_size))

  def load(self, loaded, document, metadata):
    return models.SegmentationModel(
        loading.LoadedFunction(loaded, "scores"), tuple(document["classes"]),
        tuple(tuple(color) for color in document["palette"]),
        mean_rgb=tuple(document["mean_rgb"]), multiple=document["multiple"],
        answers=document.get("answers") or inference.SCORES, metadata=metadata,
        explain=getattr(loaded, "explained", None))


def _explainer(predictor, record):
  """Returns the `explain` of a model whose network infers, else None."""
  network = dual.inside(predictor)
  return None if network is None else dual.explainer(network, record)
