"""One image from tags to a label map: superpixels, seeds, diffusion (host)."""
import collections

import numpy as np

from keras_weakseg import errors, fields
from keras_weakseg.ops import diffusion, resize
from keras_weakseg.ops import superpixels as cutting

Diffusion = collections.namedtuple(
    "Diffusion", ["labels", "superpixels", "seeds", "zeros", "shares"])

_TINY = 1e-12


def superpixel_seeds(activation, saliency, *, seed_threshold=0.5, background_threshold=0.2,
                     object_threshold=0.0, border=None):
  """Returns which superpixels are sure: seeds of the classes, and zeros of the background.

  A superpixel is a seed of the class with its largest mean activation, if that is above
  `seed_threshold`; it is background if its mean saliency and all its mean activations are below
  `background_threshold`. A class without any seed takes the superpixel where it is strongest among
  those that are free, since the tag says that it is there.

  With an `object_threshold` L-Net decides where objects are, and activations only which ones: what
  is less salient is no seed, activations are shares of the largest one of their class among the
  others. An image in which nothing is salient is treated as without it.

  Args:
    activation: float [n,K], means of maps whose maximum in the image is 1.
    saliency: float [n], means of the map of L-Net, 0..1.
    seed_threshold: 0..1.
    background_threshold: 0..1.
    object_threshold: saliency from which a superpixel may be a seed, 0..1; 0 = any may, as in the
      paper.
    border: bool [n], superpixels at the border of the image; where nothing is background, those of
      them without activation are. None = nothing takes their place.

  Returns:
    seeds: bool [n,K], at most one in a row.
    zeros: bool [n].

  Example:
    >>> seeds, zeros = superpixel_seeds([[.9, .1], [.0, .3], [.1, .0]], np.array([.9, .8, .1]))
    >>> seeds.tolist(), zeros.tolist()
    ([[True, False], [False, True], [False, False]], [False, False, True])
  """
  activation, saliency = np.asarray(activation), np.asarray(saliency)
  count, classes = activation.shape
  salient = saliency >= object_threshold
  if object_threshold > 0 and salient.any():
    activation = np.where(salient[:, None], activation, 0.0)
    activation = activation / np.maximum(activation.max(0, keepdims=True), _TINY)
  strongest = activation.max(1) if classes else np.zeros(count)
  seeds = np.zeros(activation.shape, bool)
  if classes:
    seeds[np.arange(count), activation.argmax(1)] = strongest > seed_threshold
  for column in np.flatnonzero(~seeds.any(0)):
    free = np.where(seeds.any(1), 0.0, activation[:, column])
    seeds[free.argmax(), column] = free.max() > 0
  quiet = (strongest < background_threshold) & ~seeds.any(1)
  zeros = quiet & (saliency < background_threshold)
  if border is not None and not zeros.any():
    zeros = quiet & np.asarray(border, bool)
  return seeds, zeros


def diffuse_labels(image, saliency, activation, classes, *, mask=None, count=200, sigma2=0.1,
                   squared=False, seed_threshold=0.5, background_threshold=0.2,
                   object_threshold=0.0, solver=diffusion.DIRICHLET, iterations=20, threshold=0.5,
                   max_pixels=cutting.MAX_PIXELS):
  """Makes the label map of an image whose weak classes are known by tag alone.

  Args:
    image: uint8 [H,W,3].
    saliency: float [h,w], map of L-Net, 0..1, on any corner-aligned grid.
    activation: float [h',w',K], maps of the tagged weak classes, `normalize_activation`.
    classes: K class ids.
    mask: uint8 [H,W], what is known of strong classes, 255 elsewhere; None = nothing. It stays as
      it is, and superpixels that are mostly known are fixed at 0 for the weak classes.
    count: of superpixels, about.
    sigma2, squared: of `diffusion.affinity`.
    seed_threshold, background_threshold, object_threshold: of `superpixel_seeds`.
    solver, iterations: of `diffusion.self_diffusion`.
    threshold: a superpixel whose shares are all below is background.
    max_pixels: larger photographs are worked on at this size.

  Returns:
    `Diffusion`: `labels` uint8 [H,W]; `superpixels` int32 [h'',w''] at the working size; `seeds`
    bool [n,K], `zeros` bool [n] and `shares` float32 [n,K] of the superpixels.

  Raises:
    ValueError: classes or sizes do not fit.
  """
  image, activation = np.asarray(image), np.asarray(activation, np.float32)
  _check(image, activation, classes, mask)
  size = image.shape[:2]
  small = cutting.shrink(image, cutting.working_size(size, max_pixels))
  pieces = cutting.superpixels(small, count, max_pixels=max_pixels)
  maps = np.concatenate([_at(np.asarray(saliency)[..., None], pieces.shape),
                         _at(activation, pieces.shape)], -1)
  features, edges = cutting.superpixel_graph(pieces, cutting.lab_colors(small), maps[..., 0])
  seeds, zeros = superpixel_seeds(
      cutting.superpixel_means(pieces, maps[..., 1:]), features[:, 3],
      seed_threshold=seed_threshold, background_threshold=background_threshold,
      object_threshold=object_threshold, border=cutting.border_superpixels(pieces))
  if mask is not None:
    zeros = zeros | _known(resize.resize_labels(mask, pieces.shape).numpy(), pieces, classes)
    seeds = seeds & ~zeros[:, None]
  shares = diffusion.self_diffusion(
      diffusion.affinity(features, edges, sigma2, squared), edges, seeds, zeros, solver=solver,
      iterations=iterations)
  labels = diffusion.labels_of(shares, classes, threshold)[pieces].astype(np.uint8)
  labels = resize.resize_labels(labels, size).numpy()
  if mask is not None:
    labels = np.where(mask == fields.IGNORE_LABEL, labels, mask).astype(np.uint8)
  return Diffusion(labels, pieces, seeds, zeros, shares)


def _check(image, activation, classes, mask):
  """Raises unless the maps belong to the classes, and the mask to the image."""
  classes = [int(c) for c in classes]
  if len(set(classes)) != activation.shape[-1] or len(classes) != activation.shape[-1] or any(
      not 0 < c < fields.IGNORE_LABEL for c in classes):
    raise errors.value_error(
        "The activation maps do not belong to the classes.",
        expected="one map for each of some different class ids 1..254, without the background",
        received=f"maps {list(activation.shape)} for {classes}",
        fix="Pass the maps of the tagged weak classes, and their ids in the same order.")
  if mask is not None and (np.shape(mask) != image.shape[:2]):
    raise errors.value_error(
        "The mask of the strong classes has another size than the image.",
        expected=list(image.shape[:2]), received=list(np.shape(mask)),
        fix="Pass the mask of this image, 255 where nothing is known.")


def _at(maps, size):
  """Returns maps [h,w,K] at a size; corners stay on corners."""
  return resize.resize_aligned(maps[None].astype(np.float32), size)[0].numpy()


def _known(mask, pieces, classes):
  """Returns the superpixels that mostly belong to something known that is none of the classes."""
  known = (mask != fields.IGNORE_LABEL) & ~np.isin(mask, list(classes))
  return cutting.superpixel_means(pieces, known) > 0.5
