"""Self-diffusion: what seeds say spreads over superpixels that look alike.

Xiao et al., AAAI 2018, equation 2: q minimises `sum_ij z_ij (q_i - q_j)^2` with the seeds fixed.
With seeds of 1 alone the minimiser is 1 everywhere, so seeds of the background and of the other
classes are fixed at 0: then q is the probability that a random walk meets a seed of the class
before any other seed.
"""
import numpy as np

from keras_weakseg import errors
from keras_weakseg.ops.activation import class_activation
from keras_weakseg.ops.activation import seeds_from_activation
from keras_weakseg.ops.superpixels import superpixel_graph
from keras_weakseg.ops.superpixels import superpixels

__all__ = ["affinity", "background_share", "class_activation", "labels_of", "self_diffusion",
           "seeds_from_activation", "superpixel_graph", "superpixels"]

DIRICHLET = "dirichlet"
ITERATE = "iterate"
SOLVERS = (DIRICHLET, ITERATE)

# Share of every step that a walk is lost: what no seed reaches, or only through an edge as weak as
# this, becomes background instead of a division by zero.
_LOSS = 1e-10


def affinity(features, edges, sigma2=0.1, squared=False):
  """Returns how alike the superpixels of every edge are: `exp(-|F_i - F_j| / (2 sigma2))`.

  Args:
    features: float [n,D], 0..1.
    edges: int [E,2].
    sigma2: above 0.
    squared: whether the distance is squared, as in a Gaussian; the paper's is not.

  Returns:
    float64 [E], 0..1.

  Raises:
    ValueError: sigma2 is not above 0.

  Example:
    >>> affinity([[0.], [.2]], [[0, 1]], .1).round(4).tolist()
    [0.3679]
  """
  if not sigma2 > 0:
    raise errors.value_error("The width of the affinity is out of range.", expected="sigma2 > 0",
                             received=sigma2, fix="Pass 0.1 for features in 0..1.")
  features, edges = np.asarray(features, np.float64), np.asarray(edges, np.int64)
  distance = np.linalg.norm(features[edges[:, 0]] - features[edges[:, 1]], axis=1)
  return np.exp(-(distance ** 2 if squared else distance) / (2 * sigma2))


# pylint: disable-next=redefined-outer-name
def self_diffusion(affinity, edges, seeds, zeros=None, *, solver=DIRICHLET, iterations=20):
  """Spreads seeds over a graph.

  "dirichlet": for class c its seeds are fixed at 1, those of the other classes and `zeros` at 0,
  and all other nodes are the weighted mean of their neighbours: `L_UU q_U = -L_US q_S`, one sparse
  factorisation for all classes. A part of the graph without any seed is 0 (background).

  "iterate": the paper taken literally: from 0, `iterations` steps of `q <- D^-1 Z q` with the
  class's own seeds alone fixed at 1. It ignores `zeros`, its limit is 1 everywhere, and what it
  gives depends on the number of steps.

  Args:
    affinity: float [E], >= 0.
    edges: int [E,2], node ids.
    seeds: bool or 0/1 [n,K]; a node may be a seed of one class.
    zeros: bool or 0/1 [n] (of the background, or of anything that is none of the classes) or
      [n,K] (of one class each); None = none.
    solver: "dirichlet" or "iterate".
    iterations: steps of "iterate".

  Returns:
    float32 [n,K], 0..1; with "dirichlet" and common zeros, the sum over classes is at most 1.

  Raises:
    ValueError: shapes or values do not fit, a node has two seeds, or the solver is unknown.

  Example:
    >>> self_diffusion([1., 1.], [[0, 1], [1, 2]], [[1], [0], [0]], [0, 0, 1])[:, 0].tolist()
    [1.0, 0.5, 0.0]
  """
  seeds = np.asarray(seeds).astype(bool)
  zeros = np.zeros(seeds.shape[:1], bool) if zeros is None else np.asarray(zeros).astype(bool)
  _check(affinity, edges, seeds, zeros, solver)
  weights = _matrix(affinity, edges, len(seeds))
  if solver == ITERATE:
    found = _iterate(weights, seeds, iterations)
  else:
    # What is fixed: the seeds of all classes, and the zeros, which classes may have of their own.
    zeros = np.broadcast_to(zeros.reshape(len(seeds), -1), seeds.shape)
    fixed = seeds.any(1, keepdims=True) | zeros
    found = np.zeros(seeds.shape)
    for columns in _alike(fixed):
      found[:, columns] = _dirichlet(weights, fixed[:, columns[0]],
                                     seeds[:, columns].astype(np.float64))
  return np.clip(found, 0.0, 1.0).astype(np.float32)


def background_share(shares):
  """Returns what the classes leave to the background: 1 - their sum, float32 [n], 0..1.

  Example:
    >>> background_share(np.float32([[.5, .25]])).tolist()
    [0.25]
  """
  return np.clip(1.0 - np.sum(shares, axis=1, dtype=np.float64), 0.0, 1.0).astype(np.float32)


def labels_of(shares, classes, threshold=0.5):
  """Returns the class with the largest share of every node, or 0 where all are below a threshold.

  Args:
    shares: float [n,K], as `self_diffusion` gives it.
    classes: K class ids.
    threshold: 0..1.

  Returns:
    int32 [n]; the first class wins a tie.

  Example:
    >>> labels_of([[.7, .3], [.2, .4], [0., 1.]], [3, 9]).tolist()
    [3, 0, 9]
  """
  shares = np.asarray(shares)
  if not shares.shape[1]:
    return np.zeros([len(shares)], np.int32)
  best = np.asarray(classes, np.int32)[shares.argmax(1)]
  return np.where(shares.max(1) < threshold, 0, best).astype(np.int32)


def _check(weights, edges, seeds, zeros, solver):
  """Raises unless the graph and its seeds can be used."""
  errors.check_name("solver of the diffusion", solver, SOLVERS)
  weights, edges = np.asarray(weights, np.float64), np.asarray(edges)
  count = len(seeds)
  if (seeds.ndim != 2 or zeros.shape not in (seeds.shape[:1], seeds.shape)
      or edges.shape != (len(weights), 2) and len(weights)):
    raise errors.value_error(
        "The parts of the graph do not fit together.",
        expected="affinity [E], edges [E,2], seeds [n,K], zeros [n] or [n,K]",
        received=f"{list(weights.shape)}, {list(edges.shape)}, {list(seeds.shape)}, "
        f"{list(zeros.shape)}", fix="Pass what `superpixel_graph` and `affinity` give.")
  if len(weights) and not (np.isfinite(weights).all() and weights.min() >= 0
                           and 0 <= edges.min() and edges.max() < count):
    raise errors.value_error(
        "The edges of the graph cannot be used.",
        expected=f"finite affinities >= 0 between nodes 0..{count - 1}",
        received=f"affinities {weights.min()}..{weights.max()}, nodes {edges.min()}.."
        f"{edges.max()}", fix="Pass what `superpixel_graph` and `affinity` give.")
  both = (seeds.sum(1) > 1) | (seeds & zeros.reshape(count, -1)).any(1)
  if both.any():
    raise errors.value_error(
        "A node is a seed of two classes, or of a class and of the background.",
        expected="at most one seed a node", received=f"node {np.flatnonzero(both)[0]}",
        fix="Let the larger activation decide, as `superpixel_seeds` does.")


def _matrix(weights, edges, count):
  """Returns the symmetric sparse matrix Z [n,n]."""
  import scipy.sparse
  edges = np.asarray(edges, np.int64).reshape(-1, 2)
  rows, columns = np.concatenate([edges, edges[:, ::-1]]).T
  return scipy.sparse.csr_matrix(
      (np.tile(np.asarray(weights, np.float64), 2), (rows, columns)), shape=(count, count))


def _alike(fixed):
  """Returns lists of columns that fix the same nodes: each needs one factorisation."""
  groups = {}
  for column in range(fixed.shape[1]):
    groups.setdefault(fixed[:, column].tobytes(), []).append(column)
  return list(groups.values())


def _dirichlet(weights, fixed, values):
  """Returns values [n,K] that are given where fixed, and harmonic elsewhere."""
  import scipy.sparse
  from scipy.sparse import linalg
  degree = np.asarray(weights.sum(1)).ravel()
  free = ~fixed & (degree > 0)
  found = np.where(fixed[:, None], values, 0.0)
  if not free.any() or not fixed.any():
    return found
  # Scaled on both sides, so that it does not matter how small all affinities are.
  scale = 1.0 / np.sqrt(degree[free])
  inner, outer = weights[free][:, free], weights[free][:, fixed]
  system = scipy.sparse.diags(np.full(len(scale), 1.0 + _LOSS)) - (
      scipy.sparse.diags(scale) @ inner @ scipy.sparse.diags(scale))
  solve = linalg.splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
                      options={"SymmetricMode": True}).solve
  found[free] = scale[:, None] * solve(scale[:, None] * (outer @ values[fixed]))
  return found


def _iterate(weights, seeds, iterations):
  """Returns q after some steps of the walk."""
  import scipy.sparse
  degree = np.asarray(weights.sum(1)).ravel()
  step = scipy.sparse.diags(1.0 / np.where(degree > 0, degree, 1.0)) @ weights
  found = seeds.astype(np.float64)
  for _ in range(iterations):
    found = step @ found
    found[seeds] = 1.0
  return found
