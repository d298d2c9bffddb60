"""The fully connected CRF on the host: mean field with Potts compatibility, nothing compiled.

Kraehenbuehl and Koltun: Efficient inference in fully connected CRFs with Gaussian edge potentials
(2011), as DeepLab uses it. The energy of labels x is sum_i u_i(x_i) plus, for every pair of pixels
with different labels, w_b exp(-|dp|^2 / 2 xy^2 - |dI|^2 / 2 rgb^2) + w_s exp(-|dp|^2 / 2 s^2).
"""
from concurrent import futures
import multiprocessing

import numpy as np

from keras_weakseg import errors
from keras_weakseg.ops import crf_lattices
from keras_weakseg.ops import crf_parameters
from keras_weakseg.ops import permutohedral

_CACHE = crf_lattices.LatticeCache()
# Numbers of a block of pixels that is sliced, exponentiated and summed while it is in the cache.
_BLOCK = 1 << 17
# exp of more than 88 overflows float32. Far below 1e-26 a product with a small weight is denormal,
# which costs the processor a hundred times as long and changes no digit of a sum.
_LARGEST_EXPONENT, _SMALLEST_EXPONENT = 80.0, -60.0


def dense_crf(unary, image, bilateral_weight=4.0, bilateral_xy=49.0, bilateral_rgb=5.0,
              spatial_weight=3.0, spatial_xy=3.0, iterations=10,
              normalization=crf_parameters.AFTER):
  """Returns the class probabilities of every pixel after mean-field inference.

  Q = softmax(-u); then `iterations` times Q = softmax(-u + w_b K_b Q + w_s K_s Q), where a pixel's
  own mass counts too, and K is the filter of `ops.permutohedral`, normalised by n = K 1:
  `after` K Q / n, `before` K (Q / n), `symmetric` n^-1/2 K n^-1/2 Q, `none` K Q.

  Args:
    unary: float [H, W, C], energies: `unary_from_scores` or `unary_from_probabilities`.
    image: uint8 [H, W, 3], RGB 0..255.
    bilateral_weight: and the others: as in `CrfParameters`, DeepLab-LargeFOV's by default.

  Returns:
    float32 array [H, W, C], sums to 1 over C.

  Raises:
    ValueError: an array has another rank, size or type, energies are NaN or infinite, or a
      parameter cannot be used.

  Example:
    >>> image = np.zeros([4, 6, 3], np.uint8); image[:, 3:] = 255
    >>> unary = np.zeros([4, 6, 2]); unary[:, 3:, 0] = unary[:, :3, 1] = 1.0
    >>> unary[1, 1] = 1.0, 0.0  # one pixel says otherwise
    >>> dense_crf(unary, image).argmax(-1)[1].tolist()
    [0, 0, 0, 1, 1, 1]
  """
  parameters = crf_parameters.CrfParameters(
      bilateral_weight, bilateral_xy, bilateral_rgb, spatial_weight, spatial_xy, iterations,
      normalization)
  unary, image = _checked(unary, image)
  size, classes = image.shape[:2], unary.shape[2]
  kernels = []
  if parameters.spatial_weight:
    kernels.append((parameters.spatial_weight, _CACHE.spatial(size, parameters.spatial_xy)))
  if parameters.bilateral_weight:
    kernels.append((parameters.bilateral_weight, _CACHE.bilateral(
        image, parameters.bilateral_xy, parameters.bilateral_rgb)))
  pairwise = _Pairwise(kernels, parameters.normalization, max(_BLOCK // classes, 1)
                       ) if kernels and parameters.iterations else None
  found = _mean_field(unary.reshape(-1, classes), pairwise, parameters.iterations)
  return found.reshape(unary.shape)


def dense_crf_batch(unaries, images, workers=None, **parameters):
  """Returns what `dense_crf` does for every image of a batch; the images share the cores.

  Args:
    unaries: float [N, H, W, C], or a list of [H, W, C] of any sizes.
    images: uint8 [N, H, W, 3], or a list of [H, W, 3].
    workers: number of threads; None = one per core. The result does not depend on it.
    **parameters: of `dense_crf`.

  Returns:
    float32 array [N, H, W, C], or a list of [H, W, C] if `unaries` is a list.

  Raises:
    ValueError: as `dense_crf`, or there are not as many images as energies.

  Example:
    >>> energies = np.random.RandomState(1).rand(2, 5, 4, 3)
    >>> dense_crf_batch(energies, np.zeros([2, 5, 4, 3], np.uint8)).shape
    (2, 5, 4, 3)
  """
  if len(unaries) != len(images):
    raise errors.value_error(
        "The energies and images do not belong together.",
        expected=f"{len(unaries)} images", received=f"{len(images)} images",
        fix="Pass one image for every map of energies.")
  with futures.ThreadPoolExecutor(workers or multiprocessing.cpu_count()) as pool:
    found = list(pool.map(lambda pair: dense_crf(*pair, **parameters), zip(unaries, images)))
  return found if isinstance(unaries, (list, tuple)) or not found else np.stack(found)


def unary_from_scores(scores):
  """Returns energies of pre-softmax scores: -log softmax.

  Args:
    scores: float [..., C], at the size of the image (`ops.resize.resize_aligned`).

  Returns:
    float32 array [..., C].

  Raises:
    ValueError: scores are NaN or infinite.

  Example:
    >>> round(float(unary_from_scores([[0.0, 0.0]])[0, 1]), 4)
    0.6931
  """
  scores = _finite("scores", np.asarray(scores).astype(np.float32, copy=False))
  shifted = scores - scores.max(-1, keepdims=True)
  return np.log(np.exp(shifted).sum(-1, keepdims=True)) - shifted


def unary_from_probabilities(probabilities, floor=1e-12):
  """Returns energies of class probabilities: -log max(p, floor).

  Args:
    probabilities: float [..., C] in 0..1.
    floor: smallest probability, > 0: a class is never impossible. pydensecrf uses 1e-5.

  Returns:
    float32 array [..., C].

  Raises:
    ValueError: probabilities are NaN or not in 0..1, or the floor is not.

  Example:
    >>> unary_from_probabilities([0.5, 0.0], floor=1e-3).round().tolist()
    [1.0, 7.0]
  """
  found = _finite("probabilities", np.asarray(probabilities).astype(np.float32, copy=False))
  if not 0 < floor < 1:
    raise errors.value_error(
        "The floor of probabilities cannot be used.", expected="a number between 0 and 1",
        received=floor, fix="Use 1e-12, or 1e-5 as pydensecrf does.")
  if found.size and (found.min() < 0 or found.max() > 1.001):
    raise errors.value_error(
        "These are no probabilities.", expected="0..1",
        received=f"{found.min():.4g}..{found.max():.4g}",
        fix="Apply a softmax, or use unary_from_scores.")
  return -np.log(np.maximum(found, np.float32(floor)))


def clear_cache():
  """Forgets the lattices of former calls; `dense_crf` keeps up to 400 MB of them."""
  _CACHE.clear()


class _Pairwise:
  """All kernels of a CRF as three sparse products: splat, blur, slice.

  Weights, the lattice's factor and the normalisation are folded into the splat and the slice; the
  kernels are stacked, so that Q is read once and messages are summed while they are written.

  Attributes:
    parts: list of (slice of pixels, sparse matrix of their slice).
    largest: an upper bound of a message.
  """

  def __init__(self, kernels, normalization, block):
    pixels = len(kernels[0][1].indices)
    corners = sum(lattice.indices.shape[1] for _, lattice in kernels)
    indices = np.empty([pixels, corners], np.int32)
    splat, out = (np.empty([pixels, corners], np.float32) for _ in range(2))
    self._blurs, column, row = [], 0, 0
    for weight, lattice in kernels:
      columns = slice(column, column + lattice.indices.shape[1])
      rows = slice(row, row + lattice.num_points)
      before, after = _factors(lattice, normalization)
      np.add(lattice.indices, np.int32(row), out=indices[:, columns])
      np.multiply(lattice.weights, before, out=splat[:, columns])
      np.multiply(lattice.weights, np.float32(weight * lattice.scale) * after,
                  out=out[:, columns])
      self._blurs.append((rows, lattice.blur))
      column, row = columns.stop, rows.stop
    self._splat = permutohedral.corner_matrix(splat, indices, (pixels, row)).T
    self.parts = [
        (slice(start, min(start + block, pixels)), permutohedral.corner_matrix(
            out[start:start + block], indices[start:start + block],
            (min(block, pixels - start), row))) for start in range(0, pixels, block)]
    self.largest = self._largest(kernels, normalization)

  def _largest(self, kernels, normalization):
    if normalization == crf_parameters.AFTER:
      return sum(weight for weight, _ in kernels)
    spread = self.spread(np.ones([self._splat.shape[1], 1], np.float32))
    return max(float((matrix @ spread).max()) for _, matrix in self.parts)

  def spread(self, found):
    """Returns blurred lattice values [M, C] of probabilities [N, C]."""
    values = self._splat @ found
    for rows, blur in self._blurs:
      values[rows] = blur(values[rows])
    return values


def _factors(lattice, normalization):
  """Returns what multiplies the rows of the splat and of the slice, float32 [N, 1] or scalars."""
  one = np.float32(1)
  if normalization == crf_parameters.NONE:
    return one, one
  # As in pydensecrf: a pixel with no mass at all does not divide by zero.
  norm = lattice.normalization[:, None] + np.float32(1e-20)
  if normalization == crf_parameters.SYMMETRIC:
    return norm ** -0.5, norm ** -0.5
  return (one, one / norm) if normalization == crf_parameters.AFTER else (one / norm, one)


def _mean_field(unary, pairwise, iterations):
  """Returns Q float32 [N, C] of energies [N, C]."""
  prior = unary.min(1, keepdims=True) - unary  # <= 0 and 0 for the best class
  block = max(_BLOCK // unary.shape[1], 1)
  found = np.empty_like(prior)
  for start in range(0, len(prior), block):
    _softmax(prior[start:start + block].copy(), False, found[start:start + block])
  # Messages are >= 0, so the largest exponent is between 0 and the largest message.
  guard = pairwise is not None and pairwise.largest > _LARGEST_EXPONENT
  for _ in range(iterations if pairwise is not None else 0):
    spread = pairwise.spread(found)
    for part, matrix in pairwise.parts:
      logits = matrix @ spread
      logits += prior[part]
      _softmax(logits, guard, found[part])
  return found


def _softmax(logits, guard, out):
  """Writes the softmax of the rows of `logits`, which is used up; `guard` against overflow."""
  if guard:
    logits -= logits.max(1, keepdims=True)
  np.maximum(logits, np.float32(_SMALLEST_EXPONENT), out=logits)
  np.exp(logits, out=logits)
  # Not sum(1), which is slow for short rows, nor a product, which starts BLAS' own threads.
  total = np.einsum("nc->n", logits)
  np.multiply(logits, (1 / total)[:, None], out=out)


def _checked(unary, image):
  """Returns energies as float32 [H, W, C] and the image, both C-contiguous."""
  unary, image = np.asarray(unary), np.asarray(image)
  if unary.ndim != 3 or not unary.size:
    raise errors.value_error(
        "The energies have another shape.", expected="[H, W, C] of one image",
        received=list(unary.shape), fix="Leave the batch axis and flattening away; a batch goes to "
        "dense_crf_batch.")
  if unary.dtype.kind != "f" and unary.dtype.name != "bfloat16":
    raise errors.value_error(
        "The energies have another type.", expected="floats", received=unary.dtype,
        fix="Make them with unary_from_scores or unary_from_probabilities.")
  if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
    raise errors.value_error(
        "The image cannot be used by the CRF.", expected="uint8 [H, W, 3], RGB 0..255",
        received=f"{image.dtype} {list(image.shape)}",
        fix="Pass the image as decoded, without preprocessing.")
  if image.shape[:2] != unary.shape[:2]:
    raise errors.value_error(
        "The energies and the image have different sizes.",
        expected=f"energies of {image.shape[0]}x{image.shape[1]} (height x width)",
        received=f"{unary.shape[0]}x{unary.shape[1]}",
        fix="Resize the scores with ops.resize.resize_aligned first; check that height and width "
        "are not swapped.")
  with np.errstate(over="ignore"):  # what becomes infinite is refused in the next line
    unary = np.ascontiguousarray(unary, np.float32)
  return _finite("energies", unary), np.ascontiguousarray(image)


def _finite(name, values):
  """Returns the values; refuses NaN and infinite ones."""
  finite = np.isfinite(values)
  if not finite.all():
    raise errors.value_error(
        f"The {name} are not finite.", expected="finite numbers",
        received=f"{np.count_nonzero(np.isnan(values))} NaN and "
        f"{np.count_nonzero(np.isinf(values))} infinite of {values.size}",
        fix="Find out where they come from (a diverged network, log 0); "
        "unary_from_probabilities has a floor.")
  return values
