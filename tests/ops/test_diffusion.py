"""Self-diffusion: parity, a dense solve, what must hold for any graph, the trap of the paper."""
import numpy as np
import pytest

from keras_weakseg.ops import diffusion


def random_graph(rng, nodes=30, extra=40):
  """Returns affinities and edges of a connected graph."""
  order = rng.permutation(nodes)
  chain = np.sort(np.stack([order[:-1], order[1:]], 1), axis=1)
  more = np.sort(rng.integers(0, nodes, [extra, 2]), axis=1)
  edges = np.unique(np.concatenate([chain, more[more[:, 0] < more[:, 1]]]), axis=0)
  return rng.uniform(1e-3, 1, len(edges)), edges


def dense(weights, edges, fixed, values):
  """Returns the harmonic extension by a dense solve."""
  count = len(fixed)
  z = np.zeros([count, count])
  z[edges[:, 0], edges[:, 1]] = z[edges[:, 1], edges[:, 0]] = weights
  laplacian = np.diag(z.sum(1)) - z
  found = values.astype(float)
  found[~fixed] = np.linalg.solve(
      laplacian[~fixed][:, ~fixed], -laplacian[~fixed][:, fixed] @ values[fixed])
  return found


# Parity.


@pytest.mark.parametrize("squared", [False, True])
def test_graph_golden(golden, squared):
  data = golden("diffusion.npz")
  end = "_squared" if squared else ""
  affinity = diffusion.affinity(
      data["graph__features"], data["graph__edges"], float(data["graph__sigma2"]), squared=squared)
  np.testing.assert_allclose(affinity, data[f"graph__affinity{end}"], rtol=0, atol=1e-6)
  shares = diffusion.self_diffusion(
      affinity, data["graph__edges"], data["graph__seeds"], data["graph__background_seeds"])
  np.testing.assert_allclose(shares, data[f"graph__q{end}"], rtol=0, atol=1e-4)
  np.testing.assert_allclose(diffusion.background_share(shares),
                             data[f"graph__q_background{end}"], rtol=0, atol=1e-4)
  labels = diffusion.labels_of(shares, data["graph__classes"])
  np.testing.assert_array_equal(labels, data[f"graph__label{end}"])
  np.testing.assert_array_equal(labels[data["graph__superpixels"]],
                                data[f"graph__label_map{end}"])


@pytest.mark.parametrize("steps", [1, 5, 20, 50])
def test_iterate_golden(golden, steps):
  data = golden("diffusion.npz")
  found = diffusion.self_diffusion(
      data["graph__affinity"], data["graph__edges"], data["graph__seeds"],
      data["graph__background_seeds"], solver="iterate", iterations=steps)
  np.testing.assert_allclose(found, data[f"graph__iterate_{steps}"], rtol=0, atol=1e-5)


def test_small_graphs_golden(golden):
  data = golden("diffusion.npz")
  found = diffusion.self_diffusion(*(data[f"isolated__{key}"]
                                     for key in ("affinity", "edges", "seeds")))
  np.testing.assert_allclose(found, data["isolated__q"], rtol=0, atol=1e-4)
  found = diffusion.self_diffusion(*(data[f"chain__{key}"] for key in (
      "affinity", "edges", "seeds", "background_seeds")))
  np.testing.assert_allclose(found, data["chain__q"], rtol=0, atol=1e-5)


# Independent computation and properties.


@pytest.mark.parametrize("seed", range(4))
def test_equals_a_dense_solve(seed):
  rng = np.random.default_rng(seed)
  weights, edges = random_graph(rng)
  kind = rng.choice(4, 30, p=[0.6, 0.15, 0.15, 0.1])
  kind[:3] = [1, 2, 3]
  seeds, zeros = np.stack([kind == 1, kind == 2], 1), kind == 3
  found = diffusion.self_diffusion(weights, edges, seeds, zeros)
  wanted = dense(weights, edges, kind > 0, seeds)
  np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)
  assert found.min() >= 0 and found.max() <= 1
  # The background, as a class of its own, takes what is left.
  all_classes = diffusion.self_diffusion(weights, edges, np.stack([*seeds.T, zeros], 1))
  np.testing.assert_allclose(all_classes.sum(1), 1, rtol=0, atol=1e-6)
  np.testing.assert_allclose(all_classes[:, 2], diffusion.background_share(found), atol=1e-6)


def test_zeros_of_a_class_of_its_own():
  weights, edges = np.ones(4), np.stack([np.arange(4), np.arange(1, 5)], 1)
  seeds = np.zeros([5, 2], bool)
  seeds[0, 0] = seeds[4, 1] = True
  zeros = np.zeros([5, 2], bool)
  zeros[2, 0] = True
  found = diffusion.self_diffusion(weights, edges, seeds, zeros)
  np.testing.assert_allclose(found[:, 0], [1, 0.5, 0, 0, 0], atol=1e-6)
  np.testing.assert_allclose(found[:, 1], [0, 0.25, 0.5, 0.75, 1], atol=1e-6)


def test_how_small_all_affinities_are_does_not_matter():
  rng = np.random.default_rng(5)
  weights, edges = random_graph(rng)
  seeds = np.eye(30, 2, dtype=bool)
  one, two = (diffusion.self_diffusion(scale * weights, edges, seeds) for scale in (1, 1e-200))
  np.testing.assert_allclose(one, two, atol=1e-6)


def test_what_no_seed_reaches_is_background():
  """Also where an affinity has become zero, and for a node without any edge."""
  edges = np.array([[0, 1], [1, 2], [2, 3]])
  for weak in (0.0, 1e-300):
    found = diffusion.self_diffusion([1.0, weak, 1.0], edges, [[1], [0], [0], [0], [0]])
    np.testing.assert_allclose(found[:, 0], [1, 1, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(diffusion.background_share(found), [0, 0, 1, 1, 1], atol=1e-6)


@pytest.mark.parametrize("solver", diffusion.SOLVERS)
def test_seeds_of_everything_and_of_nothing(solver):
  weights, edges = random_graph(np.random.default_rng(6))
  every = np.zeros([30, 2], bool)
  every[:, 1] = True
  np.testing.assert_array_equal(
      diffusion.self_diffusion(weights, edges, every, solver=solver)[:, 1], np.ones(30))
  none = diffusion.self_diffusion(weights, edges, np.zeros([30, 2]), solver=solver)
  np.testing.assert_array_equal(none, np.zeros([30, 2], np.float32))
  np.testing.assert_array_equal(diffusion.labels_of(none, [3, 9]), np.zeros(30))
  empty = diffusion.self_diffusion(weights, edges, np.zeros([30, 0]), np.ones(30), solver=solver)
  assert empty.shape == (30, 0) and (diffusion.labels_of(empty, []) == 0).all()


def test_a_graph_of_one_node():
  found = diffusion.self_diffusion([], np.zeros([0, 2], int), [[1]], [0])
  assert found.tolist() == [[1.0]]


def test_literal_iteration_ends_at_one_everywhere():
  """The trap: with positive seeds alone the objective has a trivial minimum."""
  weights, edges = random_graph(np.random.default_rng(7), 12, 20)
  seeds = np.eye(12, 2, dtype=bool)
  few, many = (diffusion.self_diffusion(weights, edges, seeds, solver="iterate", iterations=steps)
               for steps in (3, 5000))
  assert few.min() < 0.2 and many.min() > 0.999
  assert diffusion.self_diffusion(weights, edges, seeds).sum(1).max() <= 1 + 1e-6


def test_a_tie_goes_to_the_first_class_and_a_half_is_enough():
  assert diffusion.labels_of([[0.5, 0.5], [0.49, 0.49]], [4, 2]).tolist() == [4, 0]


def test_affinity():
  features = np.array([[0, 0], [0.3, 0.4], [0.3, 0.4]])
  edges = [[0, 1], [1, 2]]
  np.testing.assert_allclose(diffusion.affinity(features, edges, 0.1), [np.exp(-2.5), 1])
  np.testing.assert_allclose(diffusion.affinity(features, edges, 0.1, squared=True),
                             [np.exp(-1.25), 1])


@pytest.mark.parametrize("change, words", [
    ({"solver": "dirichelt"}, "Did you mean 'dirichlet'"),
    ({"seeds": [[1, 1], [0, 0]]}, "a seed of two classes.*node 0"),
    ({"zeros": [0, 1]}, "a seed of two classes.*node 1"),
    ({"zeros": [[0, 0], [0, 1]]}, "a seed of two classes.*node 1"),
    ({"zeros": [0]}, "do not fit together"),
    ({"edges": [[0, 2]]}, "nodes 0..1.*nodes 0..2"),
    ({"affinity": [-1.0]}, "affinities >= 0"),
    ({"affinity": [np.nan]}, "affinities >= 0"),
    ({"affinity": [1.0, 1.0]}, "do not fit together")])
def test_errors(change, words):
  graph = {"affinity": [1.0], "edges": [[0, 1]], "seeds": [[1, 0], [0, 1]], **change}
  with pytest.raises(ValueError, match=f"(?s){words}") as error:
    diffusion.self_diffusion(**graph)
  assert "Expected: " in str(error.value) and "Received: " in str(error.value)


def test_a_width_must_be_positive():
  with pytest.raises(ValueError, match="sigma2 > 0"):
    diffusion.affinity([[0.0]], np.zeros([0, 2], int), 0.0)
