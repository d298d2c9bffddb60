"""Tags as a task: which classes an image shows, anywhere in it."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.networks import registry as networks
from keras_weakseg.ops import tag_inference
from keras_weakseg.serving import loading
from keras_weakseg.serving import settings
from keras_weakseg.tasks.tags import document as documents
from keras_weakseg.tasks.tags import draw as drawing
from keras_weakseg.tasks.tags import evaluate as evaluation
from keras_weakseg.tasks.tags import export as exporting
from keras_weakseg.tasks.tags import model as models
from keras_weakseg.tasks.tags import predict as prediction
from keras_weakseg.tasks.tags import protocol as protocols
from keras_weakseg.tasks import task


class TagsTask(task.Task):
  """Classes of whole images. See `task.Task` for what its methods take and return."""
  name = "tags"
  roles = (networks.TAGS,)
  label = fields.TAGS
  # Masks and boxes grant tags too.
  flag = fields.Supervision.TAGS | fields.Supervision.BOXES | fields.Supervision.MASK
  labels = "tags"
  headline = "mean_ap"
  model_type = models.TagModel
  protocol_type = protocols.TagProtocol
  document_schema = staticmethod(documents.SCHEMA)
  section = "tags"

  def text(self, figures):
    return f"validation mAP {100 * figures['mean_ap']:.2f} %"

  def facts(self, experiment, source):
    options = experiment.method.get().as_dict()
    return {"classes": list(source.classes),
            "palette": [list(map(int, color)) for color in source.palette],
            "tags": {"size": list(experiment.data.augmentation.resize),
                     "activation": options.get("activation", tag_inference.SIGMOID)}}

  def model(self, predictor, facts, record, experiment):
    if record.answers != tag_inference.TAG_SCORES:
      raise errors.unknown_name("answer of a network of tags", record.answers,
                                [tag_inference.TAG_SCORES])
    return models.TagModel(
        predictor, tuple(facts["classes"]), tuple(facts["tags"]["size"]),
        facts["tags"]["activation"], metadata=self.metadata(experiment))

  def check_source(self, model, source):
    task.check_classes(model, source)

  def evaluate(self, model, samples, protocol, progress=True):
    return evaluation.evaluate_tags(model, samples, protocol, progress=progress)

  def draw(self, model, samples, protocol):
    images = [sample[fields.IMAGE] for sample in samples]
    found = [np.asarray(model.probabilities(image[None], protocol))[0] for image in images]
    return drawing.draw_tags(images, [sample[fields.TAGS] for sample in samples], found,
                             model.classes, protocol.threshold)

  def predict(self, model, inputs, output_dir, *, protocol=None, progress=True, overlays=True,
              contact_sheet=True):
    return prediction.predict_tags(model, inputs, output_dir, protocol, overlays=overlays,
                                   contact_sheet=contact_sheet, progress=progress)

  def export(self, model, base_dir, *, record, protocol, metadata,
             max_pixels=exporting.MAX_PIXELS, broken_images=settings.REFUSE,
             precision=settings.SINGLE, fixed_size=()):
    return exporting.export_tag_artifact(
        model.tag_fn, base_dir, classes=model.classes, size=model.size,
        activation=model.activation, record=record, protocol=protocol, metadata=metadata,
        settings=settings.Settings(max_pixels, broken_images, precision, fixed_size))

  def load(self, loaded, document, metadata):
    return models.TagModel(
        loading.LoadedFunction(loaded, "tag_scores"), tuple(document["classes"]),
        tuple(document["size"]), document["activation"], metadata=metadata)
