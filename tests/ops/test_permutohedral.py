"""The lattice: parity, the exact Gaussian, linearity, symmetry, and what it refuses."""
import numpy as np
import pytest

from keras_weakseg.ops import permutohedral

CASES = ["spatial", "bilateral", "random3", "random1"]


def exact(features, values):
  """Returns the normalised Gaussian smoothing by its definition, float64."""
  features = np.asarray(features, np.float64)
  distances = ((features[:, None] - features[None]) ** 2).sum(-1)
  kernel = np.exp(-0.5 * distances)
  return kernel @ values / kernel.sum(1, keepdims=True)


def grid(height, width, deviation):
  y, x = np.mgrid[:height, :width]
  return np.stack([x, y], -1).reshape(-1, 2) / deviation


@pytest.mark.parametrize("case", CASES)
def test_golden(golden, case):
  data = golden("crf.npz")
  want = {key: data[f"permutohedral_{case}__{key}"]
          for key in ("features", "values", "out", "norm", "lattice_points")}
  lattice = permutohedral.PermutohedralLattice(want["features"])
  assert lattice.num_points == want["lattice_points"]
  np.testing.assert_allclose(lattice.filter(want["values"]), want["out"], rtol=0,
                             atol=1e-5 * np.abs(want["out"]).max())
  np.testing.assert_allclose(lattice.normalization, want["norm"].ravel(), rtol=0,
                             atol=1e-5 * want["norm"].max())


@pytest.mark.parametrize("case", CASES)
def test_golden_is_near_the_exact_gaussian(golden, case):
  data = golden("crf.npz")
  lattice = permutohedral.PermutohedralLattice(data[f"permutohedral_{case}__features"])
  found = (lattice.filter(data[f"permutohedral_{case}__values"])
           / lattice.normalization[:, None])
  assert np.abs(found - data[f"permutohedral_{case}__exact_normalised"]).mean() < .02


@pytest.mark.parametrize("dimensions", [2, 3, 5, 7, 8, 10])
def test_near_the_exact_gaussian_in_any_dimension(dimensions):
  """Points of a plane that lies askew: most of the lattice is empty, as with colours."""
  random = np.random.default_rng(dimensions)
  plane = np.linalg.qr(random.normal(size=[dimensions, 2]))[0].T
  features = random.uniform(-4, 4, size=[600, 2]) @ plane
  values = random.normal(size=[600, 2])
  lattice = permutohedral.PermutohedralLattice(features)
  found = lattice.filter(values) / lattice.normalization[:, None]
  wanted = exact(features, values)
  assert np.abs(found - wanted).mean() < .05 * np.abs(values - wanted).mean()
  assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > .9


@pytest.mark.parametrize("dimensions", [1, 2, 5, 8])
def test_weights_are_barycentric(dimensions):
  features = np.random.default_rng(0).normal(size=[5000, dimensions]) * 4
  lattice = permutohedral.PermutohedralLattice(features)
  assert lattice.weights.min() > -1e-6
  np.testing.assert_allclose(lattice.weights.sum(1), 1, atol=1e-6)
  assert lattice.indices.shape == (5000, dimensions + 1)
  assert set(lattice.indices.ravel()) == set(range(lattice.num_points))
  # The corners of a simplex are different points.
  assert (np.diff(np.sort(lattice.indices, 1), axis=1) > 0).all()


def test_constants_pass_unchanged():
  lattice = permutohedral.PermutohedralLattice(grid(31, 17, 3.0))
  found = lattice.filter(np.full([31 * 17, 2], 5.0)) / lattice.normalization[:, None]
  np.testing.assert_allclose(found, 5, rtol=1e-5)


def test_an_impulse_spreads_as_a_gaussian():
  lattice = permutohedral.PermutohedralLattice(grid(41, 41, 3.0))
  impulse = np.zeros([41, 41], np.float32)
  impulse[20, 20] = 1
  found = lattice.filter(impulse.ravel()).reshape(41, 41)
  y, x = np.mgrid[:41, :41] - 20.0
  assert found.min() >= 0 and abs((found * y).sum()) / found.sum() < .3
  deviation = np.sqrt((found * x ** 2).sum() / found.sum())
  assert abs(deviation - 3) < .5
  assert found[20, 20] > 1.5 * found[20, 24] > 10 * found[20, 32]


def test_filter_is_linear_and_almost_symmetric():
  random = np.random.default_rng(1)
  lattice = permutohedral.PermutohedralLattice(random.normal(size=[300, 5]))
  a, b = random.normal(size=[2, 300, 3]).astype(np.float32)
  np.testing.assert_allclose(lattice.filter(2 * a - b), 2 * lattice.filter(a) - lattice.filter(b),
                             atol=2e-4)
  # The axes are blurred one after the other, which is symmetric only where no point is missing.
  left, right = np.sum(lattice.filter(a) * b), np.sum(a * lattice.filter(b))
  assert abs(left - right) < .05 * np.linalg.norm(lattice.filter(a)) * np.linalg.norm(b)


def test_one_value_per_point_is_one_channel():
  lattice = permutohedral.PermutohedralLattice(grid(9, 8, 2.0))
  values = np.random.default_rng(2).normal(size=[72])
  np.testing.assert_array_equal(lattice.filter(values), lattice.filter(values[:, None])[:, 0])


def test_chunks_make_no_difference(monkeypatch):
  features = np.random.default_rng(3).normal(size=[1000, 3]) * 3
  values = np.random.default_rng(4).normal(size=[1000, 2])
  whole = permutohedral.PermutohedralLattice(features)
  monkeypatch.setattr(permutohedral, "_CHUNK", 77)
  parts = permutohedral.PermutohedralLattice(features)
  np.testing.assert_array_equal(whole.indices, parts.indices)
  np.testing.assert_array_equal(whole.filter(values), parts.filter(values))


def test_order_of_points_does_not_matter():
  random = np.random.default_rng(5)
  features, values = random.normal(size=[500, 4]), random.normal(size=[500, 2])
  order = random.permutation(500)
  found = permutohedral.PermutohedralLattice(features).filter(values)
  shuffled = permutohedral.PermutohedralLattice(features[order]).filter(values[order])
  np.testing.assert_allclose(shuffled, found[order], atol=1e-5)


def test_equal_points_are_one():
  lattice = permutohedral.PermutohedralLattice(np.full([50, 5], 1.25))
  assert lattice.num_points == 6
  found = lattice.filter(np.arange(50.0)) / lattice.normalization
  np.testing.assert_allclose(found, 24.5, rtol=1e-5)


def test_a_single_point_keeps_its_value():
  lattice = permutohedral.PermutohedralLattice([[3.0, -2.0]])
  np.testing.assert_allclose(lattice.filter([7.0]) / lattice.normalization, [7], rtol=1e-6)


def test_bytes_are_counted():
  small, large = (permutohedral.PermutohedralLattice(grid(side, side, 3.0)) for side in (20, 60))
  assert large.nbytes > 5 * small.nbytes > 5 * 400 * 3 * 8


@pytest.mark.parametrize("features, words", [
    (np.zeros([4]), r"\[N, D\]. Received: float64 \[4\]"),
    (np.zeros([0, 2]), r"Received: float64 \[0, 2\]"),
    (np.array([["a"]]), "These are no features"),
    (np.array([[1.0, np.nan]]), "not finite.*\n.*1 NaN"),
    (np.array([[0.0] * 5, [1e6] * 5]), r"span too many cells"),
])
def test_features_that_cannot_be_used(features, words):
  with pytest.raises(ValueError, match=words):
    permutohedral.PermutohedralLattice(features)


@pytest.mark.parametrize("values, words", [
    (np.zeros([3]), r"Expected: \[2\] or \[2, C\]. Received: \[3\]"),
    (np.zeros([2, 1, 1]), "do not fit"), ([1.0, np.inf], "1 NaN or infinite")])
def test_values_that_cannot_be_filtered(values, words):
  with pytest.raises(ValueError, match=words):
    permutohedral.PermutohedralLattice([[0.0], [1.0]]).filter(values)


def test_corner_matrix_has_the_weights_at_their_columns():
  weights = np.array([[.25, .75], [1, 0]], np.float32)
  matrix = permutohedral.corner_matrix(weights, np.array([[2, 0], [1, 2]], np.int32), (2, 3))
  np.testing.assert_array_equal(matrix.toarray(), [[.75, 0, .25], [0, 1, 0]])
