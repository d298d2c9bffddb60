"""Depth as a task: of every pixel, of one image."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import intrinsics as cameras
from keras_weakseg.evaluation.drawing import depth_pictures
from keras_weakseg.networks import registry as networks
from keras_weakseg.ops import depth_inference
from keras_weakseg.serving import loading
from keras_weakseg.serving import settings
from keras_weakseg.tasks import sizes
from keras_weakseg.tasks import task
from keras_weakseg.tasks.depth import document as documents
from keras_weakseg.tasks.depth import evaluate as evaluation
from keras_weakseg.tasks.depth import export as exporting
from keras_weakseg.tasks.depth import model as models
from keras_weakseg.tasks.depth import predict as prediction
from keras_weakseg.tasks.depth import protocol as protocols


class DepthTask(task.Task):
  """Depth of pixels. See `task.Task` for what its methods take and return."""
  name = "depth"
  roles = (networks.DEPTH,)
  label = fields.DEPTH
  flag = fields.Supervision.DEPTH
  labels = "true depth"
  headline = "abs_rel"
  model_type = models.DepthModel
  protocol_type = protocols.DepthProtocol
  document_schema = staticmethod(documents.SCHEMA)
  section = "depth"

  def score(self, figures):
    return -figures["abs_rel"]

  def text(self, figures):
    return f"validation abs_rel {figures['abs_rel']:.4f}, a1 {100 * figures['a1']:.2f} %"

  def facts(self, experiment, source):
    options = experiment.method.get().as_dict()
    return {"classes": [], "palette": [], "depth": {
        "size": list(_size(experiment, source)), "min_depth": options["min_depth"],
        "max_depth": options["max_depth"],
        # The other camera of a pair stands at a known distance, in metres; so are labels, unless a
        # common factor is forgiven.
        "factor": 1.0 if options.get("stereo") or (
            options.get("loss") == "log" and options["lam"] < 1) else 0.0}}

  def model(self, predictor, facts, record, experiment):
    depth = facts["depth"]
    return models.DepthModel(
        predictor, tuple(depth["size"]), depth["min_depth"], depth["max_depth"], record.multiple,
        depth["factor"], answers=record.answers, metadata=self.metadata(experiment))

  def evaluate(self, model, samples, protocol, progress=True):
    return evaluation.evaluate_depth(model, samples, protocol, progress=progress)

  def draw(self, model, samples, protocol):
    images = [sample[fields.IMAGE] for sample in samples]
    disparities = [np.asarray(model.disparity(image[None], protocol))[0] for image in images]
    return depth_pictures.draw_depth(
        images, [sample[fields.DEPTH] for sample in samples], disparities)

  def predict(self, model, inputs, output_dir, *, protocol=None, progress=True, overlays=True,
              point_clouds=False, intrinsics=None, field_of_view=None):
    if intrinsics is not None:
      intrinsics = cameras.read_intrinsics(intrinsics)
    return prediction.predict_depth(
        model.in_metres(protocol), inputs, output_dir, protocol, overlays=overlays,
        point_clouds=point_clouds, intrinsics=intrinsics, field_of_view=field_of_view,
        progress=progress)

  def export(self, model, base_dir, *, record, protocol, metadata, factor=None,
             max_pixels=exporting.MAX_PIXELS, broken_images=settings.REFUSE,
             precision=settings.SINGLE, fixed_size=()):
    return exporting.export_depth_artifact(
        model.disparity_fn, base_dir, size=model.size, min_depth=model.min_depth,
        max_depth=model.max_depth, factor=model.factor if factor is None else float(factor),
        record=record, protocol=protocol, metadata=metadata, settings=settings.Settings(
            max_pixels, broken_images, precision, fixed_size))

  def load(self, loaded, document, metadata):
    return models.DepthModel(
        loading.LoadedFunction(loaded, "disparity"), tuple(document["size"]),
        min_depth=document["min_depth"], max_depth=document["max_depth"],
        multiple=document["multiple"], factor=document["factor"],
        answers=document.get("answers") or depth_inference.DISPARITY, metadata=metadata)


def _size(experiment, source):
  """Returns the (height, width) that images have for the network: as whole images in training."""
  size = sizes.whole_size(experiment.data.augmentation, source)
  if not size:
    raise errors.value_error(
        "It is not known which size images have for the depth network.",
        expected="data.augmentation.resize, or a crop", received="neither",
        fix="Set `data.augmentation.resize=[192, 640]` or the like, multiples of 32.")
  return size
