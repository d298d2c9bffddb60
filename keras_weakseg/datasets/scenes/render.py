"""Renders one scene into a sample of the contract: image, neighbours, exact depth, masks, tags.

`build_scene` draws what there is, `picture` and `truth` show it from any camera, and `render_scene`
puts one sample together. Everything follows from the seed and the size.
"""
import dataclasses

import numpy as np

from keras_weakseg import fields
from keras_weakseg.datasets import labels
from keras_weakseg.datasets.scenes import camera
from keras_weakseg.datasets.scenes import figures
from keras_weakseg.datasets.scenes import layout
from keras_weakseg.datasets.scenes import raycast
from keras_weakseg.datasets.scenes import street as streets

FRAME_OFFSETS = (-1, 1)  # of the neighbours, in frames
MISSING_TAG, WRONG_TAG = 0.15, 0.05
# Four colour rays per pixel on a turned grid, so that near-upright edges are smoothed as well.
_OFFSETS = ((-0.375, 0.125), (-0.125, -0.375), (0.125, 0.375), (0.375, -0.125))
_COVER = (0.06, 0.42)   # share of the pixels that the objects of an image may cover
_SMALLEST = 0.002       # share of the pixels below which an object is taken out of the scene


@dataclasses.dataclass(frozen=True)
class Scene:
  """A street with objects and the path of a camera.

  Attributes:
    surfaces: list of `raycast.Surface`.
    classes: uint8 [1 + objects], class id by instance number; instance 0 is the scenery.
    sky: `scenery.Sky`.
    path: float64 [3, 4, 4], camera to world at frame 0 and at `FRAME_OFFSETS`.
    intrinsics: float64 [3, 3], pixels.
    size: (height, width) in pixels.
  """
  surfaces: list
  classes: np.ndarray
  sky: object
  path: np.ndarray
  intrinsics: np.ndarray
  size: tuple


@dataclasses.dataclass(frozen=True)
class Truth:
  """What is at the centre of every pixel.

  Attributes:
    mask, parts: uint8 [H, W], ids of `labels.SCENES` and `labels.SCENE_PARTS`.
    instances: uint8 [H, W], 0 = scenery, objects from 1.
    depth: float32 [H, W], metres along the camera's z axis, 0 in the sky.
  """
  mask: np.ndarray
  parts: np.ndarray
  instances: np.ndarray
  depth: np.ndarray


def render_scene(seed, size=(96, 192), stereo=False):
  """Renders one textured street scene seen from a moving camera.

  Everything follows from `seed` alone, so any sample can be rendered by itself. Colours are
  functions of surface coordinates: a point looks the same from every frame, up to the sampling of
  its texture and a little camera noise.

  Args:
    seed: int, which scene; 0 <= seed < 2**32.
    size: (height, width) in pixels. The field of view across the width stays the same.
    stereo: also take the picture of a second camera; it changes nothing else.

  Returns:
    A dict by the names of `fields`:
      `image` uint8 [H, W, 3]; `frames` uint8 [2, H, W, 3] for `frame_offsets` int32 [2] (-1, +1);
      `mask` uint8 [H, W] of `labels.SCENES`; `parts` uint8 [H, W] of `labels.SCENE_PARTS`;
      `depth` float32 [H, W], metres at the pixel centre, 0 in the sky;
      `tags`, `noisy_tags` float32 [6]; `boxes` float32 [N, 4], `box_classes` int32 [N]: of what is
      visible; `intrinsics` float32 [3, 3]; `poses` float32 [2, 4, 4], camera of `image` to camera
      of the frame; `sample_id` bytes; with `stereo` also `stereo_image` uint8 [H, W, 3], seen by
      a camera with the same intrinsics, turned alike, `camera.BASELINE` metres to the right, and
      `stereo_pose` float32 [4, 4], camera of `image` to that camera.

  Example:
    >>> scene = render_scene(3, size=(24, 48))
    >>> scene["image"].shape, scene["frames"].shape, scene["poses"].shape
    ((24, 48, 3), (2, 24, 48, 3), (2, 4, 4))
  """
  scene = build_scene(seed, size)
  seen = truth(scene, scene.path[0])
  grain = np.random.RandomState([seed, 1])
  views = [picture(scene, pose, grain) for pose in scene.path]
  tags = labels.SCENES.mask_tags(seen.mask)
  boxes, classes = _boxes(seen, scene.classes)
  poses = [np.linalg.inv(pose) @ scene.path[0] for pose in scene.path[1:]]
  sample = {
      fields.IMAGE: views[0],
      fields.FRAMES: np.stack(views[1:]),
      fields.FRAME_OFFSETS: np.array(FRAME_OFFSETS, np.int32),
      fields.MASK: seen.mask,
      fields.PARTS: seen.parts,
      fields.DEPTH: seen.depth,
      fields.TAGS: tags,
      fields.NOISY_TAGS: noisy_tags(np.random.RandomState([seed, 2]), tags),
      fields.BOXES: boxes,
      fields.BOX_CLASSES: classes,
      fields.INTRINSICS: scene.intrinsics.astype(np.float32),
      fields.POSES: np.stack(poses).astype(np.float32),
      fields.SAMPLE_ID: f"scene_{seed:06d}".encode(),
  }
  return {**sample, **_right_view(scene, seed)} if stereo else sample


def _right_view(scene, seed):
  """Returns the fields of the second camera at the moment of the image."""
  pose, from_left = camera.right_of(scene.path[0])
  # Grain of its own: that of the other views must not depend on whether this one is taken.
  return {fields.STEREO_IMAGE: picture(scene, pose, np.random.RandomState([seed, 3])),
          fields.STEREO_POSE: from_left.astype(np.float32)}


def build_scene(seed, size=(96, 192)):
  """Draws the `Scene` of a seed: street, objects that cover a fair share of frame 0, camera path.

  Args:
    seed: int, 0 <= seed < 2**32.
    size: (height, width) in pixels.

  Returns:
    `Scene`.
  """
  size = tuple(int(side) for side in size)
  matrix = camera.intrinsics(size)
  rng = np.random.RandomState(seed)
  path = camera.drive(rng, (0, *FRAME_OFFSETS))
  street = streets.draw(rng)
  slope = size[1] / 2 / matrix[0, 0]
  for _ in range(12):
    things = layout.draw(rng, path[0], street, slope)
    scene = _scene(street, things, path, matrix, size)
    instances = truth(scene, path[0]).instances
    counts = np.bincount(instances.ravel(), minlength=len(things) + 1)[1:]
    # What hardly shows would be a label that nobody can learn.
    seen = [thing for thing, count in zip(things, counts) if count >= _SMALLEST * instances.size]
    cover = counts[counts >= _SMALLEST * instances.size].sum() / instances.size
    if _COVER[0] <= cover <= _COVER[1] or not things:
      break
  return scene if len(seen) == len(things) else _scene(street, _renumber(seen), path, matrix, size)


def noisy_tags(rng, tags):
  """Returns a copy of tags float32 [C] as careless annotators give them; background stays.

  A present class is missing with probability 0.15, an absent one is claimed with 0.05.
  """
  draws = rng.uniform(size=tags.shape)
  flipped = draws < np.where(tags > 0, MISSING_TAG, WRONG_TAG)
  flipped[0] = False
  return np.where(flipped, 1 - tags, tags).astype(np.float32)


def _renumber(things):
  return [dataclasses.replace(thing, surfaces=[
      dataclasses.replace(surface, instance=number) for surface in thing.surfaces])
          for number, thing in enumerate(things, 1)]


def _scene(street, things, path, matrix, size):
  surfaces = streets.with_shadows(street, [thing.shadow for thing in things])
  surfaces += [surface for thing in things for surface in thing.surfaces]
  classes = np.array([0] + [thing.label for thing in things], np.uint8)
  return Scene(surfaces, classes, street.sky, path, matrix, size)


def truth(scene, pose):
  """Returns the `Truth` of a scene seen by a camera at `pose` (float [4, 4], camera to world)."""
  rays = camera.rays(scene.intrinsics, scene.size)
  hits = raycast.trace(scene.surfaces, np.linalg.inv(pose), scene.intrinsics, rays)
  index, u, v, depth = hits.index[0], hits.u[0], hits.v[0], hits.depth[0]
  instances = np.array([item.instance for item in scene.surfaces] + [0], np.uint8)[index]
  parts = np.zeros_like(instances)
  for number, surface in enumerate(scene.surfaces):
    if isinstance(surface.material, figures.Figure):
      here = index == number
      parts[here] = surface.material.parts(u[here], v[here])
  depth = np.where(np.isfinite(depth), depth, 0).astype(np.float32)
  return Truth(scene.classes[instances], parts, instances, depth)


def picture(scene, pose, grain=None):
  """Returns the picture uint8 [H, W, 3] of a scene taken by a camera at `pose`.

  Args:
    scene: `Scene`.
    pose: float [4, 4], camera to world.
    grain: `np.random.RandomState` of the camera noise (1.5 of 255), `None` = without noise.
  """
  rays = camera.rays(scene.intrinsics, scene.size, _OFFSETS)
  hits = raycast.trace(scene.surfaces, np.linalg.inv(pose), scene.intrinsics, rays)
  flat = rays.reshape([-1, 3])
  colour = np.empty(flat.shape, np.float32)
  index = hits.index.ravel()
  order = np.argsort(index, kind="stable")
  starts = np.searchsorted(index[order], np.arange(-1, len(scene.surfaces) + 1))
  u, v, depth = hits.u.ravel(), hits.v.ravel(), hits.depth.ravel()
  turn = pose[:3, :3].astype(np.float32)
  for number, (start, end) in enumerate(zip(starts[:-1], starts[1:]), -1):
    rows = order[start:end]
    if not rows.size:
      continue
    if number < 0:
      colour[rows] = scene.sky.colour(flat[rows] @ turn.T)
      continue
    surface = scene.surfaces[number]
    normal = (turn.T @ raycast.cross(surface.u_axis, surface.v_axis)).astype(np.float32)
    length = np.sqrt((flat[rows] ** 2).sum(1))
    slant = np.maximum(np.abs(flat[rows] @ normal) / length, 0.04)
    footprint = depth[rows] / np.float32(scene.intrinsics[0, 0]) / np.sqrt(slant)
    colour[rows] = surface.material.colour(u[rows], v[rows], footprint) * surface.brightness
  mean = np.clip(colour, 0, 1).reshape([len(_OFFSETS), *scene.size, 3]).mean(0) * 255
  if grain is not None:
    mean = mean + grain.normal(0, 1.5, mean.shape)
  return np.clip(np.rint(mean), 0, 255).astype(np.uint8)


def _boxes(seen, classes):
  """Returns tight boxes float32 [N, 4] and classes int32 [N] of the visible instances."""
  height, width = seen.instances.shape
  numbers = np.unique(seen.instances[seen.instances > 0])
  boxes = []
  for number in numbers:
    ys, xs = np.nonzero(seen.instances == number)
    boxes.append([ys.min() / height, xs.min() / width, (ys.max() + 1) / height,
                  (xs.max() + 1) / width])
  return np.array(boxes, np.float32).reshape([-1, 4]), classes[numbers].astype(np.int32)
