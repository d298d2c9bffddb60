"""The contract of a task: what a trained predictor answers with, and all that is done with it.

A task is one folder here and one `registry.register`. Nothing else in the library knows which
tasks there are: training, evaluation, prediction, export and loading ask the registry.
"""
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.files import schema


def check_classes(model, source):
  """Raises `ValueError` unless a source has the classes of a model, in their order."""
  if tuple(source.classes) != tuple(model.classes):
    raise errors.value_error(
        "The data has other classes than the model.", expected=", ".join(model.classes),
        received=", ".join(source.classes), fix="Evaluate on data with the model's class list.")


class Task:
  """What a predictor is for. Subclasses have one instance, which is registered.

  Attributes:
    name: of the task, also in artifacts.
    roles: of the networks (`NetworkRecord.role`) whose predictors it evaluates.
    label: field of the truth that evaluation reads.
    flag: supervision, any of which gives this label.
    labels: the truth in words, for messages.
    headline: the figure that people look at first.
    model_type: class of the models that it makes, which have `metadata` with `protocol`.
    protocol_type: class of its protocols, of `evaluation.protocol_base.HashedValues`.
    document_schema: of what its artifacts say of themselves beside the rest, see `files.schema`.
    section: key of its protocol in `schema.Evaluation`; empty = always the default protocol.
  """
  name = ""
  roles = ()
  label = ""
  flag = fields.Supervision.NONE
  labels = ""
  headline = ""
  model_type = object
  protocol_type = object
  document_schema = staticmethod(schema.anything)
  section = ""

  def configured(self, experiment):
    """Returns the protocol of an experiment's numbers."""
    if not self.section:
      return self.protocol_type()
    return self.protocol_type.from_dict(getattr(experiment.evaluation, self.section).as_dict())

  def metadata(self, experiment):
    """Returns what a model knows of the experiment that it comes from, as JSON values."""
    return {"experiment": experiment.name, "protocol": self.configured(experiment).as_dict()}

  def facts(self, experiment, source):
    """Returns what a run must remember to be used without its data, as JSON values.

    Args:
      experiment: `schema.Experiment`.
      source: the data source that the run is evaluated on.
    """
    raise NotImplementedError

  def model(self, predictor, facts, record, experiment):
    """Returns the model (of `model_type`) of a predictor.

    Args:
      predictor: Keras model, RGB 0..255 [N,H,W,3] to what `record.answers` says.
      facts: dict of `facts`.
      record: `NetworkRecord`.
      experiment: `schema.Experiment`.
    """
    raise NotImplementedError

  def inputs(self, model):
    """Returns the names of the fields that a model takes beside the image."""
    del model
    return ()

  def check_source(self, model, source):
    """Raises `ValueError` unless a model can be evaluated on a source; all can, by default."""
    del model, source

  def evaluate(self, model, samples, protocol, progress=True):
    """Returns the figures of a model on samples with labels.

    Args:
      model: of `model_type`.
      samples: `tf.data.Dataset` of single samples with `image`, `sample_id`, `label` and what
        `inputs` names.
      protocol: of `protocol_type`.
      progress: whether to draw a progress bar.

    Returns:
      dict of plain JSON values with `samples`, `protocol`, `protocol_hash` and `notes`.
    """
    raise NotImplementedError

  def score(self, figures):
    """Returns what the best checkpoint has most of."""
    return figures[self.headline]

  def text(self, figures):
    """Returns the figure that people look at first, as a line."""
    return f"validation {self.headline} {self.score(figures):.4f}"

  def draw(self, model, samples, protocol):
    """Returns pictures uint8 [N,H,W,3] of samples (dicts of arrays) and what is predicted."""
    raise NotImplementedError

  def predict(self, model, inputs, output_dir, *, protocol=None, progress=True):
    """Writes files of what a model says of photographs; options are further keywords.

    Args:
      model: of `model_type`.
      inputs: a file, a folder, a pattern, or a list of these.
      output_dir: where to write; all of it appears or nothing.
      protocol: of `protocol_type`, None = the default one.
      progress: whether to draw a progress bar.

    Returns:
      List of dicts, one per photograph.
    """
    raise NotImplementedError

  def export(self, model, base_dir, *, record, protocol, metadata):
    """Writes the artifact of a model to `base_dir/<version>`; options are further keywords.

    Args:
      model: of `model_type`.
      base_dir: folder of the model's versions.
      record: `NetworkRecord` or its dict.
      protocol: of `protocol_type`, or its dict.
      metadata: dict that is kept with the artifact.

    Returns:
      `pathlib.Path` of the version.
    """
    raise NotImplementedError

  def load(self, loaded, document, metadata):
    """Returns the model of an artifact.

    Args:
      loaded: what `tf.saved_model.load` returned.
      document: dict, what the artifact says of itself.
      metadata: dict for the model's `metadata`.
    """
    raise NotImplementedError
