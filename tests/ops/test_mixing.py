"""Mixing: parity data, what every mixed pixel must be, and what depth forbids."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.datasets.scenes import render
from keras_weakseg.ops import draws, mixing, mixing_draws

KEYS = np.array([[7, 1], [8, 2], [9, 3], [10, 4]], np.int32)
MODES = ["eager", "graph", "xla"]


def compiled(function, mode):
  return function if mode == "eager" else tf.function(
      function, autograph=False, jit_compile=mode == "xla")


@pytest.fixture
def parity(golden):
  """Returns the data, and a check of a value by its name and the tolerance stored for it."""
  data = golden("mixing.npz")
  limits = json.loads(golden("tolerances_depth_mixing.json").read_text())["mixing"]

  def check(name, value):
    wanted, limit, value = data[name], limits[name], np.asarray(value)
    if value.dtype == bool:
      value = value.astype(np.uint8)
    assert value.shape == wanted.shape, name
    distance = {"rel_max": lambda: np.abs(value - wanted).max() / np.abs(wanted).max(),
                "mismatch": lambda: (value != wanted).mean(),
                "exact": lambda: (value != wanted).mean()}
    assert distance[limit["metric"]]() <= limit["tol"], name

  return data, check


# Parity.


@pytest.mark.parametrize("mode", MODES)
def test_depthmix_golden(parity, mode):
  data, check = parity

  def run(raw, image, label, prob, foreground):
    disparity = mixing.normalise_disparity(raw)
    mask = mixing.depthmix_mask(disparity, disparity[::-1], foreground=foreground)
    samples = {"image": image, "label": label, "prob": prob}
    return disparity, mask, mixing.mix_with(mask, samples, mixing.neighbours(2))

  for case, foreground in (("depthmix", 0.0), ("depthmix_ft", data["depthmix_ft__threshold"])):
    disparity, mask, mixed = compiled(run, mode)(
        *(data[f"depthmix__{name}"] for name in ("disparity_raw", "image", "label", "prob")),
        tf.constant(foreground, tf.float32))
    if case == "depthmix":
      check("depthmix__disparity", disparity)
    check(f"{case}__mask", mask)
    for name, value in mixed.items():
      check(f"{case}__mixed_{name}", value)


def test_depthmix_of_eight_bits_golden(parity):
  data, check = parity
  levels = mixing.normalise_disparity(data["depthmix__disparity_raw"], levels=255)
  check("depthmix_8bit__disparity_u8", np.round(255 * levels).astype(np.uint8))
  for case in ("depthmix_8bit", "depthmix_real"):
    levels = data[f"{case}__disparity_u8"] / np.float32(255)
    mask = mixing.depthmix_mask(levels, levels[::-1])
    check(f"{case}__mask", mask)
  mixed = mixing.mix_with(mask, data["depthmix_real__image_u8"], [1, 0])
  assert mixed.dtype == tf.uint8
  check("depthmix_real__mixed_image_u8", mixed)


@pytest.mark.parametrize("mode", MODES)
def test_classmix_golden(parity, mode):
  data, check = parity

  def run(labels, chosen, image):
    mask = mixing.classmix_mask(labels, chosen)
    return mask, mixing.mix_with(mask, (image, labels), mixing.neighbours(2))

  mask, (image, label) = compiled(run, mode)(
      *(data[f"classmix__{name}"] for name in ("label", "chosen", "image")))
  check("classmix__mask", mask)
  check("classmix__mixed_image", image)
  check("classmix__mixed_label", label)


@pytest.mark.parametrize("mode", MODES)
def test_boxes_golden(parity, mode):
  data, check = parity
  run = compiled(lambda boxes, inside: mixing.cutmix_mask((24, 40), boxes, inside), mode)
  for case in ("boxmask", "boxmask3", "boxmask_square", "boxmask_by_size"):
    # There 1 is the other image; the square ones start from 1.
    own = run(data[f"{case}__rectangles"], case == "boxmask_square")
    check(f"{case}__mask", ~own.numpy())
    if case == "boxmask":
      check("boxmask__mixed", mixing.mix(own, data["boxmask__image_a"], data["boxmask__image_b"]))
  mask = run(data["cutout__box"], False)
  check("cutout__mask", mask)
  check("cutout__mixed_image",
        mixing.mix_with(mask, data["cutout__image"], mixing.neighbours(3)))


# Properties.


def masks_of_all_kinds(labels, disparity):
  """Returns a dict of name to mask, of four samples."""
  size = labels.shape[1:]
  chosen = mixing_draws.draw_classes(KEYS, labels, 4)
  return {"depth": mixing.depthmix_mask(disparity, tf.roll(disparity, -1, 0)),
          "class": mixing.classmix_mask(labels, chosen),
          "cut": mixing.cutmix_mask(size, mixing_draws.draw_boxes(KEYS, size)),
          "cow": mixing.cowmix_mask(*mixing_draws.draw_blobs(KEYS, size, (1.0, 3.0)))}


@pytest.mark.parametrize("kind", ["depth", "class", "cut", "cow"])
def test_every_pixel_comes_from_one_of_two_samples_as_a_whole(kind):
  random = np.random.RandomState(0)
  labels = np.where(random.rand(4, 12, 16) < 0.2, 255, random.randint(0, 4, (4, 12, 16)))
  labels = labels.astype(np.uint8)
  mask = masks_of_all_kinds(labels, random.rand(4, 12, 16).astype(np.float32))[kind]
  # Every field says of every pixel where it came from.
  code = np.arange(4 * 12 * 16).reshape(4, 12, 16)
  samples = {
      fields.MASK: labels, fields.IMAGE: np.stack([code // 256, code % 256, labels], -1).astype(
          np.uint8), fields.DISPARITY: code.astype(np.float32), fields.VALID: labels != 255}
  partners = mixing_draws.draw_partners(KEYS)
  mixed = {name: value.numpy() for name, value in
           mixing.mix_with(mask, samples, partners).items()}
  origin = mixed[fields.DISPARITY].astype(int)
  places = np.arange(12 * 16).reshape(12, 16)
  assert (origin % (12 * 16) == places).all()  # Nothing moves.
  sample = origin // (12 * 16)
  own = np.arange(4)[:, None, None]
  kept = np.asarray(mask).reshape(4, 12, 16)
  np.testing.assert_array_equal(sample, np.where(kept, own, partners.numpy()[:, None, None]))
  assert 0 < kept.mean() < 1
  for name, value in mixed.items():
    assert value.dtype == samples[name].dtype
    np.testing.assert_array_equal(
        value.reshape(4 * 12 * 16, -1),
        samples[name].reshape(4 * 12 * 16, -1)[origin.reshape(-1)])


def test_ignored_pixels_are_never_chosen_and_equal_depth_keeps_both():
  labels = np.array([[[255, 255, 1, 2]]], np.uint8)
  assert not mixing.classmix_mask(labels, [[-1, -1, 1, -1]]).numpy()[0, 0, :2].any()
  flat = mixing.normalise_disparity(np.full([2, 3, 4], 5.0, np.float32))
  assert (flat.numpy() == 0).all()
  assert mixing.depthmix_mask(flat, flat[::-1]).numpy().all()


def test_padding_does_not_scale_disparity():
  disparity = np.array([[[0.0, 2.0, 4.0]]], np.float32)
  valid = np.array([[[False, True, True]]])
  np.testing.assert_array_equal(mixing.normalise_disparity(disparity, valid), [[[0, 0, 1]]])


@pytest.mark.parametrize("share", [0.0, 0.25, 0.6, 1.0])
def test_blobs_have_their_share_and_size(share):
  noise, _, _ = mixing_draws.draw_blobs(KEYS, (64, 64))
  edges = []
  for sigma in (1.0, 4.0):
    mask = mixing.cowmix_mask(noise, [sigma] * 4, [share] * 4).numpy()
    assert abs(mask.mean() - share) < 0.1
    edges.append((mask[:, 1:] != mask[:, :-1]).mean())
  assert share in (0, 1) or edges[1] < edges[0] / 2


def test_erased_pixels_teach_nothing():
  mask = mixing.cutmix_mask((4, 6), [[1, 1, 3, 4]])
  sample = {fields.IMAGE: np.full([1, 4, 6, 3], 9, np.uint8),
            fields.MASK: np.ones([1, 4, 6], np.uint8), fields.VALID: np.ones([1, 4, 6], bool)}
  erased = mixing.erase(mask, sample, fill=5)
  inside = ~mask.numpy()[..., 0]
  assert inside.sum() == 6
  for name, value, kept in ((fields.IMAGE, 5, 9), (fields.MASK, 255, 1), (fields.VALID, 0, 1)):
    found = erased[name].numpy()
    assert found.dtype == sample[name].dtype
    assert (found[inside] == value).all() and (found[~inside] == kept).all()


def test_what_has_no_pixels_is_refused():
  with pytest.raises(ValueError, match="pixel by pixel.*\n.*Received: float32 \\(2, 5\\)"):
    mixing.mix(tf.ones([2, 3, 3]), tf.zeros([2, 5]), tf.zeros([2, 5]))


def test_weights_per_image_become_maps_of_pixels():
  mask = np.array([[[1, 0]], [[1, 1]]])
  weights = mixing.mix_with(mask, tf.constant([[[0.25]], [[0.5]]]), [1, 0])
  np.testing.assert_array_equal(weights, [[[0.25, 0.5]], [[0.5, 0.5]]])


# Known truth.


@pytest.fixture(scope="module")
def scenes():
  """Returns inverse depth (0 in the sky) and masks of four scenes."""
  found = [render.render_scene(seed, (48, 96)) for seed in range(4)]
  depth = np.stack([scene[fields.DEPTH] for scene in found])
  inverse = np.where(depth > 0, 1 / np.maximum(depth, 1e-6), 0).astype(np.float32)
  return inverse, np.stack([scene[fields.MASK] for scene in found])


def violations(mask, disparity, partners, margin):
  """Returns the share of pixels at which something farther covers something nearer."""
  kept = np.asarray(mask).reshape(disparity.shape)
  other = disparity[partners]
  shown, hidden = np.where(kept, disparity, other), np.where(kept, other, disparity)
  return (shown < hidden - margin).mean()


def test_depthmix_never_lets_the_far_cover_the_near(scenes):
  disparity, labels = scenes
  normal = mixing.normalise_disparity(disparity).numpy()
  partners = mixing.neighbours(4).numpy()
  masks = {
      "depth": mixing.depthmix_mask(normal, normal[partners]),
      "class": mixing.classmix_mask(labels, mixing_draws.draw_classes(KEYS, labels, 6)),
      "cut": mixing.cutmix_mask(labels.shape[1:], mixing_draws.draw_boxes(KEYS, (48, 96)))}
  found = {name: violations(mask, normal, partners, 0.03) for name, mask in masks.items()}
  # Float32: a pixel at the margin itself may fall to either side.
  assert violations(masks["depth"], normal, partners, 0.03 + 1e-6) == 0
  assert found["class"] > 0.02 and found["cut"] > 0.02, found


def test_inside_of_an_input_pipeline():
  """A pipeline that mixes gives what eager code gives."""
  images = np.random.RandomState(0).randint(0, 255, (4, 8, 8, 3)).astype(np.uint8)

  def mixed(images, keys):
    noise = draws.normal(keys, [8, 8], "cow")
    mask = mixing.cowmix_mask(noise, tf.fill([4], 1.0), tf.fill([4], 0.5))
    return mixing.mix_with(mask, images, mixing_draws.draw_partners(keys, group=2))

  dataset = tf.data.Dataset.from_tensor_slices((images, KEYS)).batch(4).map(mixed)
  np.testing.assert_array_equal(next(iter(dataset)), mixed(images, KEYS))
