"""Scenes are what they claim: exact depth and poses, tight boxes, true tags, the seed decides."""
import dataclasses
import functools

import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.datasets import labels
from keras_weakseg.datasets.scenes import camera
from keras_weakseg.datasets.scenes import layout
from keras_weakseg.datasets.scenes import render
from keras_weakseg.datasets.scenes import render_scene

SEEDS = range(38, 46)
STEREO = -1  # in place of the number of a frame
sample = functools.lru_cache(maxsize=None)(render_scene)
scene_of = functools.lru_cache(maxsize=None)(render.build_scene)


def project(depth, transform, matrix):
  """Returns coordinates (x, y) float [H, W] and depth of every pixel in the source camera."""
  ys, xs = np.mgrid[:depth.shape[0], :depth.shape[1]].astype(np.float64)
  points = np.stack([xs, ys, np.ones_like(xs)], -1) @ np.linalg.inv(matrix).T * depth[..., None]
  points = (points @ transform[:3, :3].T + transform[:3, 3]) @ matrix.T
  z = np.maximum(points[..., 2], 1e-3)
  return points[..., 0] / z, points[..., 1] / z, z


def bilinear(image, x, y):
  """Samples image float [H, W, C] at coordinates inside of it."""
  x0 = np.clip(np.floor(x).astype(int), 0, image.shape[1] - 2)
  y0 = np.clip(np.floor(y).astype(int), 0, image.shape[0] - 2)
  a, b = (x - x0)[..., None], (y - y0)[..., None]
  return ((1 - b) * ((1 - a) * image[y0, x0] + a * image[y0, x0 + 1])
          + b * ((1 - a) * image[y0 + 1, x0] + a * image[y0 + 1, x0 + 1]))


def view(scene, frame):
  """Returns the picture of a neighbour or of the second camera, and its camera to world."""
  path = scene_of(int(scene[fields.SAMPLE_ID][6:])).path
  if frame == STEREO:
    return scene[fields.STEREO_IMAGE], camera.right_of(path[0])[0]
  return scene[fields.FRAMES][frame], path[frame + 1]


def warp_error(scene, frame, transform, depth, visible_only=False):
  """Returns the mean colour error of a view warped to the image, and the share of pixels used.

  `visible_only` keeps what the other view sees as well, by its own depth.
  """
  matrix = scene[fields.INTRINSICS].astype(np.float64)
  x, y, z = project(depth, transform, matrix)
  height, width = depth.shape
  used = (depth > 0) & (x > 0) & (x < width - 1) & (y > 0) & (y < height - 1)
  x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
  picture, place = view(scene, frame)
  if visible_only:
    built = scene_of(int(scene[fields.SAMPLE_ID][6:]))
    neighbour = render.truth(built, place).depth
    used &= np.abs(bilinear(neighbour[..., None], x, y)[..., 0] - z) < 0.03 * z
  warped = bilinear(picture.astype(np.float64), x, y)
  return np.abs(warped - scene[fields.IMAGE]).mean(-1)[used].mean(), used.mean()


@pytest.mark.parametrize("seed", [
    SEEDS[0], *(pytest.param(seed, marks=pytest.mark.slow) for seed in SEEDS[1:])])
@pytest.mark.parametrize("frame", [0, 1, STEREO])
def test_true_depth_and_pose_reproduce_the_image_from_another_view(seed, frame):
  scene = sample(seed, stereo=True) if frame == STEREO else sample(seed)
  pose = scene[fields.STEREO_POSE] if frame == STEREO else scene[fields.POSES][frame]
  pose = pose.astype(np.float64)
  depth = scene[fields.DEPTH].astype(np.float64)
  backwards = pose.copy()
  backwards[:3, 3] *= -1
  turn = camera.world_from_camera([0, 0, 0], (0.02, 0, 0))
  exact, share = warp_error(scene, frame, pose, depth, visible_only=True)
  assert share > 0.4
  assert exact < 5.5  # of 255, mostly bilinear sampling and 1.5 of camera noise
  exact, _ = warp_error(scene, frame, pose, depth)
  for other in (np.eye(4), backwards, pose @ turn):
    assert exact < 0.5 * warp_error(scene, frame, other, depth)[0]
  for factor in (0.67, 1.5):
    assert exact < 0.8 * warp_error(scene, frame, pose, depth * factor)[0]


def test_depth_agrees_between_cameras():
  for seed in SEEDS:
    scene, built = sample(seed), scene_of(seed)
    x, y, z = project(scene[fields.DEPTH].astype(np.float64),
                      scene[fields.POSES][1].astype(np.float64), built.intrinsics)
    neighbour = render.truth(built, built.path[2]).depth
    inside = (scene[fields.DEPTH] > 0) & (x > 0) & (x < 191) & (y > 0) & (y < 95)
    there = bilinear(neighbour[..., None].astype(np.float64), np.clip(x, 0, 191),
                     np.clip(y, 0, 95))[..., 0]
    relative = np.abs(there - z)[inside] / z[inside]
    assert np.median(relative) < 0.002
    assert (relative < 0.02).mean() > 0.75


def test_the_second_camera_shows_points_at_their_disparity_in_the_same_row():
  for seed in SEEDS:
    scene, built = sample(seed, stereo=True), scene_of(seed)
    depth = scene[fields.DEPTH].astype(np.float64)
    x, y, z = project(depth, scene[fields.STEREO_POSE].astype(np.float64), built.intrinsics)
    ys, xs = np.mgrid[:depth.shape[0], :depth.shape[1]]
    seen = depth > 0
    disparity = built.intrinsics[0, 0] * camera.BASELINE / depth[seen]
    np.testing.assert_allclose((xs - x)[seen], disparity, rtol=1e-5)
    np.testing.assert_allclose(y[seen], ys[seen], atol=1e-9)
    there = render.truth(built, view(scene, STEREO)[1]).depth.astype(np.float64)
    inside = seen & (x > 0)
    relative = np.abs(bilinear(there[..., None], np.maximum(x, 0), y)[..., 0] - z)[inside]
    relative /= z[inside]
    assert np.median(relative) < 0.002 and (relative < 0.02).mean() > 0.75


def test_the_second_camera_has_noise_of_its_own():
  built = scene_of(40)
  scene = sample(40, stereo=True)
  noise = []
  for name, place in ((fields.IMAGE, built.path[0]),
                      (fields.STEREO_IMAGE, view(scene, STEREO)[1])):
    noise.append(scene[name].astype(int) - render.picture(built, place))
    assert 1.4 < noise[-1].std() < 1.7
  assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.02


# Green of every 24th pixel, noise included, of the image, the frame before and the one after.
SEED_40 = [
    [21, 100, 101, 225, 191, 145, 103, 71, 205, 46, 61, 61, 54, 86, 62, 86, 49, 115, 41, 45, 116,
     17, 122, 145, 105, 75, 50, 56, 123, 162, 133, 142],
    [109, 113, 105, 225, 188, 206, 102, 76, 109, 55, 63, 60, 52, 121, 73, 106, 21, 32, 32, 64, 118,
     118, 123, 142, 121, 101, 93, 164, 122, 156, 142, 144],
    [101, 102, 98, 225, 190, 86, 108, 56, 207, 42, 48, 67, 59, 110, 56, 57, 49, 103, 72, 23, 114,
     30, 111, 95, 108, 54, 42, 41, 61, 52, 19, 152]]


def test_the_pixels_that_measured_results_rest_on_do_not_change():
  scene = sample(40, stereo=True)
  views = np.stack([scene[fields.IMAGE], *scene[fields.FRAMES]])
  shown = views[:, 12::24, 10::24, 1].reshape(3, -1).astype(int)
  # No hash: processors round otherwise, which may move single pixels.
  assert (np.abs(shown - SEED_40) <= 1).mean() > 0.97


def test_a_second_camera_changes_nothing_else():
  for seed in (0, 40, 200_007):
    alone, pair = sample(seed, (48, 96)), sample(seed, (48, 96), stereo=True)
    assert set(pair) - set(alone) == {fields.STEREO_IMAGE, fields.STEREO_POSE}
    for name, value in alone.items():
      np.testing.assert_array_equal(pair[name], value, err_msg=name)


def test_the_ground_lies_at_the_camera_height():
  built = scene_of(40)
  truth = render.truth(dataclasses.replace(built, surfaces=built.surfaces[:1]), built.path[0])
  ys, xs = np.nonzero(truth.depth > 0)
  rays = np.stack([xs, ys, np.ones_like(xs)], -1) @ np.linalg.inv(built.intrinsics).T
  points = rays * truth.depth[ys, xs][:, None] @ built.path[0][:3, :3].T + built.path[0][:3, 3]
  # The plane y = 0, on float32 depths of up to 150 m.
  assert len(points) > 5000
  np.testing.assert_allclose(points[:, 1], 0, atol=1e-3)


def test_the_seed_alone_decides():
  first, second, other = sample(40), render_scene(40), sample(41)
  assert sorted(first) == sorted(second)
  for name, value in first.items():
    np.testing.assert_array_equal(value, second[name], err_msg=name)
  assert (first[fields.IMAGE] != other[fields.IMAGE]).mean() > 0.5


def test_fields_follow_the_contract():
  scene = sample(43, stereo=True)
  for name, value in scene.items():
    spec, value = fields.SPECS[name], np.asarray(value)
    if name != fields.SAMPLE_ID:
      assert value.dtype == spec.dtype.as_numpy_dtype, name
      assert spec.shape.is_compatible_with(value.shape), name
  assert scene[fields.FRAME_OFFSETS].tolist() == [-1, 1]
  assert scene[fields.DEPTH].max() < 200 and scene[fields.DEPTH].min() >= 0
  np.testing.assert_allclose(scene[fields.POSES][:, 3], [[0, 0, 0, 1]] * 2, atol=1e-7)
  rotation = scene[fields.POSES][:, :3, :3]
  np.testing.assert_allclose(rotation @ rotation.transpose(0, 2, 1), np.stack([np.eye(3)] * 2),
                             atol=1e-6)
  # The camera drives forward: a point ahead is nearer in the next frame and farther in the last.
  assert scene[fields.POSES][1, 2, 3] < -0.05 and scene[fields.POSES][0, 2, 3] > 0.05


def test_boxes_are_tight_and_cover_their_class():
  boxed = 0
  for seed in SEEDS:
    scene, built = sample(seed), scene_of(seed)
    instances = render.truth(built, built.path[0]).instances
    height, width = instances.shape
    assert len(scene[fields.BOXES]) == len(np.unique(instances[instances > 0]))
    for box, label in zip(scene[fields.BOXES], scene[fields.BOX_CLASSES]):
      top, left, bottom, right = np.rint(box * [height, width, height, width]).astype(int)
      matches = [number for number in np.unique(instances[instances > 0])
                 if np.array_equal(np.nonzero((instances == number).any(1))[0][[0, -1]],
                                   [top, bottom - 1])
                 and np.array_equal(np.nonzero((instances == number).any(0))[0][[0, -1]],
                                    [left, right - 1])]
      assert matches
      assert (scene[fields.MASK][instances == matches[0]] == label).all()
      boxed += 1
  assert boxed > 10


def test_tags_are_the_classes_of_the_mask():
  for seed in SEEDS:
    scene = sample(seed)
    present = np.unique(scene[fields.MASK])
    assert np.flatnonzero(scene[fields.TAGS]).tolist() == sorted({0, *present.tolist()})
    assert scene[fields.MASK].max() < labels.SCENES.num_classes


def test_parts_lie_on_persons_and_persons_consist_of_parts():
  persons = 0
  for seed in SEEDS:
    scene = sample(seed)
    np.testing.assert_array_equal(scene[fields.PARTS] > 0, scene[fields.MASK] == layout.PERSON)
    persons += (scene[fields.MASK] == layout.PERSON).any()
    assert scene[fields.PARTS].max() < labels.SCENE_PARTS.num_classes
  assert persons >= 2


def test_heads_are_above_legs():
  heads, legs = [], []
  for seed in SEEDS:
    parts = sample(seed)[fields.PARTS]
    heads += np.nonzero(parts == 1)[0].tolist()
    legs += np.nonzero(parts >= 5)[0].tolist()
  assert np.mean(heads) + 15 < np.mean(legs)


def test_the_classes_are_balanced_enough_to_learn_from_tags():
  tags, cover = [], []
  for seed in range(2000, 2060):
    built = scene_of(seed, (48, 96))
    mask = render.truth(built, built.path[0]).mask
    tags.append(labels.SCENES.mask_tags(mask))
    cover.append((mask > 0).mean())
  shares = np.mean(tags, 0)[1:]
  assert (shares > 0.15).all() and (shares < 0.55).all(), shares
  assert 0.10 < np.mean(cover) < 0.35
  assert min(cover) == 0 or min(cover) >= 0.05
  assert 1 < np.sum(tags, 1).mean() - 1 < 2.5


def test_noisy_tags_miss_and_invent_at_the_declared_rates():
  rng = np.random.RandomState(0)
  tags = np.array([1, 1, 0, 1, 0, 0], np.float32)
  noisy = np.mean([render.noisy_tags(rng, tags) for _ in range(4000)], 0)
  np.testing.assert_allclose(noisy, [1, .85, .05, .85, .05, .05], atol=0.02)


def test_another_size_shows_the_same_street():
  small, large = sample(42, (48, 96)), sample(42)
  assert small[fields.IMAGE].shape == (48, 96, 3) and small[fields.DEPTH].shape == (48, 96)
  ratio = large[fields.INTRINSICS][0, 0] / small[fields.INTRINSICS][0, 0]
  assert ratio == 2
  sky = [np.mean(scene[fields.DEPTH] == 0) for scene in (small, large)]
  assert abs(sky[0] - sky[1]) < 0.05
