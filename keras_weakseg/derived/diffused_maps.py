"""Label maps of images whose categories have no masks, by self-diffusion, as a step."""
import hashlib
import json
import pathlib
from typing import Annotated, Tuple

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.readers import map_folder
from keras_weakseg.data.sources import tag_labels
from keras_weakseg.derived import base
from keras_weakseg.networks import cam
from keras_weakseg.ops import activation
from keras_weakseg.ops import diffusion
from keras_weakseg.ops import images as image_ops
from keras_weakseg.ops import label_diffusion
from keras_weakseg.ops import resize
from keras_weakseg.ops import superpixels
from keras_weakseg.options import Count, OneOf, Positive, Range, Share

DIFFUSED, ACTIVATED = "diffused", "cam"
SHOWN = 12
# Pixels of an image that networks see at once; superpixels have fewer in any case.
_WHOLE = 1 << 24
# Strides that the sides of views fit: of VGG-16, whose maps have cells, and of all other encoders.
_OF_CELLS, _OF_CORNERS = 16, 32
_TILE = 200
# Raised when the same settings would give other label maps than before.
_VERSION = 3


class DiffusedMaps(base.Maker):
  """Makes one label map per image that has tags and no mask (Xiao et al., AAAI 2018).

  Where objects are (the map M of L-Net) and where a classifier looks for each tag (class activation
  maps) decide which superpixels are sure; what they say spreads over superpixels that look alike.

  Deviation: a tagged category that has masks elsewhere is found as the weak ones are: the paper
  does not say whether it keeps its pixels in weak images, and here their masks are never opened.

  Args:
    context: `base.MakeContext`; reads a step that has trained L-Net (`object_network`) and one that
      has trained a classifier of tags with class activation maps, in any order.
    source: name of the source; empty = the first.
    split: of it, or several joined by `+`.
    kind: `diffused`; or `cam`: the strongest class activation above `seed_threshold`, a baseline.
    scales: of the class activation maps, factors of the image size; they are summed.
    flip: of mirrored images too.
    superpixels: in an image, about.
    sigma2, squared: of the affinity of superpixels, see `ops.diffusion.affinity`.
    seed_threshold: share of a category's largest activation from which a superpixel is sure.
    background_threshold: of M and all activations, below which one is sure to be background.
    object_threshold: of M, from which a superpixel may be a seed of a category; activations count
      in relation to the largest there. 0 = activations alone decide, as in the paper.
    solver: `dirichlet`: seeds of the background and of other categories are fixed at 0; `iterate`:
      the paper taken literally, `iterations` steps from 0.
    iterations: of `iterate`.
    threshold: a superpixel whose shares are all below is background.
  """

  carries = (fields.TAG_LABELS,)

  def __init__(self, context, *, source: str = "", split: str = "train",
               kind: Annotated[str, OneOf((DIFFUSED, ACTIVATED))] = DIFFUSED,
               scales: Annotated[Tuple[float, ...], Range(0, open_low=True)] = (1.0,),
               flip: bool = True, superpixels: Count = 200, sigma2: Positive = 0.03,
               squared: bool = False, seed_threshold: Share = 0.3,
               background_threshold: Share = 0.2, object_threshold: Share = 0.5,
               solver: Annotated[str, OneOf(diffusion.SOLVERS)] = diffusion.DIRICHLET,
               iterations: Count = 20, threshold: Share = 0.5):
    super().__init__(context)
    self.source, self.split = context.source(source), split
    self.kind, self.scales, self.flip = kind, tuple(scales), flip
    self.seed_threshold = seed_threshold
    self.settings = {
        "count": superpixels, "sigma2": sigma2, "squared": squared,
        "seed_threshold": seed_threshold, "background_threshold": background_threshold,
        "object_threshold": object_threshold,
        "solver": solver, "iterations": iterations, "threshold": threshold}

  def ids(self):
    """Returns the ids of the images that get a map, in stored order."""
    return tag_labels.tagged_ids(self.source, self.split)

  def lines(self):
    return [f"{len(self.ids())} {self.kind} label maps of '{self.split}' of {self.source.name}, "
            "from tags"]

  def identity(self):
    return {"source": self.source.fingerprint(), "ids": list(self.ids()), "version": _VERSION}

  def complete(self, directory):
    return not tag_labels.KIND.absent(directory, self.ids())

  def make(self, directory, progress=True):
    kind, ids = tag_labels.KIND, self.ids()
    kind.check_ids(self.source, self.split, ids, "no sample with tags and without a mask")
    kind.claim(directory, {"version": _VERSION, "kind": self.kind, "scales": list(self.scales),
                           "flip": self.flip, **self.settings})
    missing = kind.absent(directory, ids)

    def work(item):
      png = image_ops.encode_mask_png(self.draw(item).labels, self.source.palette).numpy()
      kind.write(directory, item["name"], png, item["image"])

    if missing or not (pathlib.Path(directory) / kind.sheet).exists():
      answers = self._answers()
      map_folder.make(work, self._items(missing, answers), len(missing), kind.noun,
                      progress=progress)
      self._write_sheet(self._items(map_folder.spread(ids, SHOWN), answers), directory)
    return {"maps": len(ids), "content": _content(directory, ids)}

  def draw(self, item):
    """Returns the `label_diffusion.Diffusion` of an image; without superpixels for `cam`.

    Args:
      item: dict with `image` uint8 [H,W,3], `saliency` float [H,W], `activation` float [H,W,K],
        0..1, and `classes`, K ids.
    """
    if self.kind == DIFFUSED:
      return label_diffusion.diffuse_labels(
          item["image"], item["saliency"], item["activation"], item["classes"], **self.settings)
    strongest = item["activation"].max(-1, initial=0.0)
    classes = np.array([0, *item["classes"]], np.uint8)
    best = (1 + item["activation"].argmax(-1) if item["classes"]
            else np.zeros(strongest.shape, np.int64))
    labels = np.where(strongest > self.seed_threshold, classes[best], 0).astype(np.uint8)
    return label_diffusion.Diffusion(labels, None, None, None, None)

  def _answers(self):
    """Returns functions of uint8 [1,H,W,3] to M [H,W] and to positive activations [1,H,W,C]."""
    saliency = maps = None
    for name in self.context.reads:
      model = self.context.models(name)
      if hasattr(model, "tag_fn"):
        maps = _activation_of(model, self.scales, self.flip)
      elif getattr(model, "num_classes", 0) == 2:
        saliency = lambda images, model=model: model.probabilities(images)[0, ..., 1]
    if saliency is None or maps is None:
      raise errors.value_error(
          "The label maps cannot be made.",
          expected="a step with `object_network` and one with `tags` in `reads`",
          received=", ".join(self.context.reads) or "no steps", fix="Name both steps.")
    return saliency, maps

  def _items(self, ids, answers):
    """Yields what maps are made of, image after image; the networks work in this thread."""
    saliency, maps = answers
    samples = broken.read_samples(
        self.source, self.split, tuple(ids), grant=fields.Supervision.TAGS,
        wanted=(fields.IMAGE, fields.SAMPLE_ID, fields.TAGS)) if ids else ()
    for sample in samples:
      image, tags = sample[fields.IMAGE], sample[fields.TAGS][1:]
      size = image.shape[:2]
      small = superpixels.shrink(image, superpixels.working_size(size, _WHOLE))
      activations = activation.normalize_activation(maps(small[None])[..., 1:], tags[None])
      objects = np.asarray(saliency(small[None]))[None, ..., None]
      yield {"name": sample[fields.SAMPLE_ID].decode(), "image": image,
             "activation": resize.resize_aligned(activations, size)[0].numpy()[..., tags > 0],
             "saliency": resize.resize_aligned(objects, size)[0, ..., 0].numpy(),
             "classes": [int(index) + 1 for index in np.flatnonzero(tags > 0)]}

  def _write_sheet(self, items, directory):
    """Draws image, M, activations, superpixels and label map of some images."""
    from keras_weakseg.evaluation.drawing import sheets  # pylint: disable=g-import-not-at-top
    rows = []
    for item in items:
      found = self.draw(item)
      rows.append({
          "name": item["name"], "image": item["image"], "M": _grey(item["saliency"]),
          "CAM": _grey(item["activation"].max(-1, initial=0.0)),
          "superpixels": _outlined(item["image"], found.superpixels), "label map": found.labels})
    sheets.contact_sheet(
        rows, pathlib.Path(directory) / tag_labels.KIND.sheet,
        ("image", "M", "CAM", "superpixels", "label map"), classes=self.source.classes,
        palette=self.source.palette, tile=_TILE,
        title=f"{self.kind} label maps of {self.source.name}, from tags")

  @classmethod
  def wrap(cls, source, directory):
    from keras_weakseg.derived import results  # pylint: disable=g-import-not-at-top
    marker = results.read(directory)
    return tag_labels.WithTagLabels(source, directory, f"{marker['identity']}-{marker['content']}")


def _activation_of(model, scales, flip):
  """Returns a function of uint8 [1,H,W,3] to the summed positive activations of all classes."""
  network = model.tag_fn.layers[-1]
  try:
    maps = cam.activation_model(network)
  except (AttributeError, ValueError) as error:
    raise errors.value_error(
        "The classifier of tags has no class activation maps.",
        expected="one of cam_vgg16, cam_encoder, light_cam", received=network.name,
        fix="Train one of these in that step.") from error
  before = model.tag_fn.layers[1]  # from RGB to what the network takes
  of_view = tf.function(lambda pixels: maps(before(pixels), training=False), autograph=False,
                        input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
  cells = cam.has_cells(network)
  return tf.function(lambda images: activation.summed_activation(
      of_view, images, scales=scales, flip=flip, cells=cells,
      multiple=_OF_CELLS if cells else _OF_CORNERS), autograph=False,
      input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])


def _content(directory, ids):
  """Returns 16 hex digits of the label maps."""
  digest = hashlib.sha256(json.dumps(list(ids)).encode())
  for name in ids:
    digest.update(hashlib.sha256(tag_labels.KIND.path(directory, name).read_bytes()).digest())
  return digest.hexdigest()[:16]


def _grey(values):
  """Returns a picture uint8 [H,W,3] of values in 0..1."""
  return np.repeat(np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)[..., None], 3, -1)


def _outlined(image, pieces):
  """Returns the image with the borders of its superpixels; None without any."""
  if pieces is None:
    return None
  rows = np.arange(image.shape[0]) * pieces.shape[0] // image.shape[0]
  columns = np.arange(image.shape[1]) * pieces.shape[1] // image.shape[1]
  large = pieces[rows][:, columns]
  edge = np.zeros(large.shape, bool)
  edge[:-1] |= large[:-1] != large[1:]
  edge[:, :-1] |= large[:, :-1] != large[:, 1:]
  return np.where(edge[..., None], np.uint8(255), image)
