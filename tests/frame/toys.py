"""A method, a network and a maker that nobody in the library knows: registered from here."""
import pathlib
from typing import Annotated

import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import wrapper
from keras_weakseg.derived import base as makers
from keras_weakseg.derived import registry as derived
from keras_weakseg.framework import keras
from keras_weakseg.methods import averages
from keras_weakseg.methods import base
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import ratio
from keras_weakseg.methods import registry as methods
from keras_weakseg.methods import supervised
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.options import Count, Range, Share, Weight

RIVAL, TEACHER = "rival", "teacher"


def toy_network(input_shape, num_classes, *, width: Count = 6):
  """Builds two convolutions: deep networks multiply rounding.

  Args:
    input_shape: (H, W, 3).
    num_classes: C.
    width: of the first convolution.
  """
  x = images = keras.Input(input_shape)
  x = keras.layers.Conv2D(width, 5, 4, "same", activation="relu", name="conv")(x)
  return keras.Model(images, keras.layers.Conv2D(
      num_classes, 3, 2, "same", dtype="float32", name="head_classifier")(x), name="toy")


class Duel(supervised.Supervised):
  """Two networks in turns, each with an optimizer of its own, and a moving average of the first.

  Args:
    context: see `Method`.
    decay: of the moving average.
    pull: how much the first network is drawn to what the second one says.
  """

  def __init__(self, context, *, decay: Share = 0.5, pull: Weight = 0.5):
    super().__init__(context)
    self.decay, self.pull = decay, pull

  @classmethod
  def networks_of(cls, options):
    return {**super().networks_of(options),
            RIVAL: contexts.Need((networks.SEGMENTATION,), type="toy_network"),
            TEACHER: contexts.Need(like="segmenter", trained=False)}

  def optimizers(self):
    return {base.MAIN: ("segmenter",), RIVAL: (RIVAL,)}

  def update(self, data):
    logs = self.minimize(data, self.rival_terms, RIVAL)
    return {**logs, **self.minimize(data, self.loss_terms)}

  def scores_of(self, name, batch):
    built = self.context.networks[name]
    return built.scorer(tf.cast(batch[fields.IMAGE], tf.float32), training=True)

  def rival_terms(self, batch):
    terms, _ = self.terms_of(self.scores_of(RIVAL, batch), batch)
    return {f"{RIVAL}_{name}": term for name, term in terms.items()}, {}

  def loss_terms(self, batch):
    scores = self.scores_of("segmenter", batch)
    terms, health = self.terms_of(scores, batch)
    far = tf.abs(tf.nn.softmax(scores) - tf.stop_gradient(
        tf.nn.softmax(self.scores_of(RIVAL, batch))))
    terms["pull"] = base.Term(ratio.masked_mean(far, tf.ones_like(far)), self.pull)
    return terms, health

  def after_update(self):
    averages.move(self.networks[TEACHER].weights, self.networks["segmenter"].weights, self.decay)


class Guesses(makers.Maker):
  """Keeps what a trained network says of images, and chooses the ids of some of them.

  Args:
    context: `MakeContext`; reads a step that segments.
    share: of the training images whose ids are chosen.
  """
  hook = None  # Tests stop the work here.

  def __init__(self, context, *, share: Annotated[float, Range(0, 1, open_low=True)] = 0.5):
    super().__init__(context)
    self.share = share
    self.source = context.source("")

  def lines(self):
    return [f"guesses of {len(self.source.ids('train'))} images of {self.source.name}"]

  def identity(self):
    return {"source": self.source.fingerprint(), "ids": list(self.source.ids("train"))}

  def make(self, directory, progress=True):
    model = self.context.models(next(iter(self.context.reads)))
    folder = pathlib.Path(directory) / "maps"
    folder.mkdir(exist_ok=True)
    for sample in self.source.samples("train", grant=fields.Supervision.NONE, wanted=(
        fields.IMAGE, fields.SAMPLE_ID)).as_numpy_iterator():
      path = folder / (sample[fields.SAMPLE_ID].decode() + ".png")
      if not path.exists():
        mask = np.asarray(model.mask(sample[fields.IMAGE][None]))[0]
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(tf.io.encode_png(mask.astype(np.uint8)[..., None]).numpy())
        temporary.rename(path)
      if self.hook:
        self.hook(sample[fields.SAMPLE_ID].decode())
    ids = self.source.ids("train")
    return {"ids": list(ids[:int(len(ids) * self.share)])}

  @classmethod
  def wrap(cls, source, directory):
    return Guessed(source, directory)


class Guessed(wrapper.Wrapper):
  """A source whose unknown pixels are those of the guesses."""

  def __init__(self, inner, directory):
    super().__init__(inner)
    self.directory = pathlib.Path(directory)

  def fingerprint(self):
    return f"{self.inner.fingerprint()}-{(self.directory / 'done.json').read_text()}"

  def samples(self, split, *, transform=None, **options):
    def guess(sample):
      if fields.MASK in sample:
        name = sample[fields.SAMPLE_ID]
        path = str(self.directory / "maps") + "/" + name + ".png"
        found = decode.decode_mask(tf.io.read_file(path), self.num_classes, name,
                                   image_shape=tf.shape(sample[fields.IMAGE]))
        mask = sample[fields.MASK]
        sample = {**sample, fields.MASK: tf.where(mask == fields.IGNORE_LABEL, found, mask)}
      return transform(sample) if transform else sample

    return self.inner.samples(split, transform=guess, **options)


def register():
  """Makes them known; may be called again."""
  networks.register("toy_network", _ENTRY)
  methods.register("duel", Duel)
  derived.register("guesses", Guesses)


_ENTRY = networks.Entry(toy_network, lambda options: preprocessing.TF, networks.HEAD_PATTERN,
                        lambda options: 8)
