"""Augmentation: image, labels and boxes move together; draws depend on the key alone."""
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.pipeline import augment
from keras_weakseg.ops import color

MEAN = [123, 117, 104]


def make_sample(height=40, width=60, key=(1, 2), **more):
  """A sample whose mask can be read off the image: red is 10 times the class."""
  rng = np.random.default_rng(0)
  cells = rng.integers(0, 4, (height // 10, width // 10))
  mask = np.kron(cells, np.ones((10, 10))).astype(np.uint8)
  image = np.stack([mask * 10, mask * 0 + 50, mask * 0 + 90], -1).astype(np.uint8)
  return {fields.IMAGE: tf.constant(image), fields.MASK: tf.constant(mask),
          fields.SUPERVISION: tf.constant(7), fields.TAGS: tf.constant([1.0, 1, 1, 1, 1]),
          fields.SAMPLE_KEY: tf.constant(key, tf.int32), **more}


def test_identity_without_any_change():
  sample = make_sample()
  result = augment.Augmentation(crop=(40, 60), flip=False)(sample)
  np.testing.assert_array_equal(result[fields.IMAGE], sample[fields.IMAGE])
  np.testing.assert_array_equal(result[fields.MASK], sample[fields.MASK])


@pytest.mark.parametrize("key", range(12))
def test_image_mask_and_depth_move_together(key):
  sample = make_sample(key=(key, 5))
  sample[fields.DEPTH] = tf.cast(sample[fields.MASK], tf.float32) + 1.0
  sample[fields.PARTS] = sample[fields.MASK]
  result = augment.Augmentation(crop=(33, 49), scales=(0.5, 1.7))(sample)
  image, mask = result[fields.IMAGE].numpy(), result[fields.MASK].numpy()
  assert image.shape == (33, 49, 3) and mask.shape == (33, 49)
  padding = mask == 255
  assert (image[padding] == MEAN).all()
  np.testing.assert_array_equal(padding, ~result[fields.VALID].numpy())
  np.testing.assert_array_equal(padding, result[fields.DEPTH].numpy() == 0)
  np.testing.assert_array_equal(mask, result[fields.PARTS])
  np.testing.assert_array_equal(result[fields.DEPTH].numpy()[~padding], mask[~padding] + 1)
  # Away from borders of cells the bilinear image still shows the class of the nearest label.
  inner = np.ones_like(padding)
  for dy in (-2, 0, 2):
    for dx in (-2, 0, 2):
      inner &= np.roll(mask, (dy, dx), (0, 1)) == mask
  inner[:2], inner[-2:], inner[:, :2], inner[:, -2:] = 0, 0, 0, 0
  assert (inner & ~padding).sum() > 100
  np.testing.assert_array_equal(image[inner & ~padding][:, 0], mask[inner & ~padding] * 10)


def test_padding_is_at_the_bottom_and_the_right():
  for key in range(6):
    result = augment.Augmentation(crop=(50, 70))(make_sample(key=(key, 0)))
    mask = result[fields.MASK].numpy()
    assert (mask[:40, :60] < 255).all() and (mask[40:] == 255).all() and (mask[:, 60:] == 255).all()


def test_flip_mirrors_half_of_the_samples():
  flipped = 0
  for key in range(200):
    sample = make_sample(key=(key, 9))
    result = augment.Augmentation(crop=(40, 60))(sample)[fields.MASK].numpy()
    mirrored = np.array_equal(result, sample[fields.MASK].numpy()[:, ::-1])
    assert mirrored or np.array_equal(result, sample[fields.MASK])
    flipped += mirrored
  assert 70 < flipped < 130


def test_label_values_stay_the_same_at_any_scale():
  for key in range(20):
    result = augment.Augmentation(crop=(31, 31), scales=(0.3, 3.0))(make_sample(key=(3, key)))
    assert set(np.unique(result[fields.MASK])) <= {0, 1, 2, 3, 255}


def test_scale_list_uses_only_its_scales():
  seen = set()
  for key in range(60):
    result = augment.Augmentation(crop=(80, 120), scales=(0.5, 1.0, 2.0), flip=False)(
        make_sample(key=(key, key)))
    seen.add(int((result[fields.MASK].numpy() < 255).any(0).sum()))
  assert seen == {30, 60, 120}


def test_range_of_scales_is_covered():
  widths = [int((augment.Augmentation(crop=(80, 120), scales=(0.5, 1.5))(make_sample(key=(key, 1)))[
      fields.MASK].numpy() < 255).any(0).sum()) for key in range(80)]
  assert min(widths) < 36 and max(widths) > 84 and min(widths) >= 30 and max(widths) <= 90


def test_same_key_same_pixels_and_other_key_other_pixels():
  chain = augment.Augmentation(crop=(21, 21), scales=(0.5, 1.5), color=0.5)
  first, again, other = (chain(make_sample(key=key))[fields.IMAGE].numpy()
                         for key in ((4, 4), (4, 4), (4, 5)))
  np.testing.assert_array_equal(first, again)
  assert (first != other).any()


def test_boxes_follow_the_object():
  rng = np.random.default_rng(1)
  for key in range(30):
    y, x = rng.integers(5, 20), rng.integers(5, 40)
    mask = np.zeros((40, 60), np.uint8)
    mask[y:y + 12, x:x + 14] = 1
    sample = make_sample(key=(key, 3), **{
        fields.BOXES: tf.constant([[y / 40, x / 60, (y + 12) / 40, (x + 14) / 60]], tf.float32),
        fields.BOX_CLASSES: tf.constant([1])})
    sample[fields.MASK] = tf.constant(mask)
    result = augment.Augmentation(crop=(33, 49), scales=(0.6, 1.6))(sample)
    rows, columns = np.nonzero(result[fields.MASK].numpy() == 1)
    boxes = result[fields.BOXES].numpy() * [33, 49, 33, 49]
    if len(boxes) == 0:
      assert len(rows) < 49
      continue
    assert result[fields.BOX_CLASSES].numpy().tolist() == [1]
    if len(rows):
      expected = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
      np.testing.assert_allclose(boxes[0], expected, atol=1.0)


def test_boxes_outside_of_the_crop_are_dropped():
  kept = []
  for key in range(40):
    sample = make_sample(key=(key, 3), **{
        fields.BOXES: tf.constant([[0, 0, 0.1, 0.1], [0.9, 0.9, 1, 1]], tf.float32),
        fields.BOX_CLASSES: tf.constant([1, 2])})
    kept.append(len(augment.Augmentation(crop=(10, 10))(sample)[fields.BOXES]))
  assert 0 in kept and max(kept) <= 1


def test_tags_of_the_image_stay_and_tags_of_the_crop_need_a_label_that_says_where():
  sample = make_sample()
  sample[fields.MASK] = tf.zeros([40, 60], tf.uint8)
  tags = lambda **change: augment.Augmentation(crop=(9, 9), **change)(sample)[fields.TAGS].numpy()
  assert tags().tolist() == [1, 1, 1, 1, 1]
  assert tags(tags_from="boxes").tolist() == [1, 0, 0, 0, 0]
  sample[fields.SUPERVISION] = tf.constant(1)
  assert tags(tags_from="boxes").tolist() == [1, 1, 1, 1, 1]


def test_tags_of_the_crop_are_the_classes_of_the_boxes_in_it():
  """An object that the crop shows is always tagged, one whose box it does not touch never."""
  seen = set()
  for key in range(30):
    sample = make_sample(key=(key, 3), **{
        fields.BOXES: tf.constant([[0, 0, 0.3, 0.3], [0.6, 0.5, 1, 1]], tf.float32),
        fields.BOX_CLASSES: tf.constant([1, 3]), fields.SUPERVISION: tf.constant(3)})
    mask = np.zeros((40, 60), np.uint8)
    mask[:12, :18], mask[24:, 30:] = 1, 3
    sample[fields.MASK] = tf.constant(mask)    # To compare with; it is not granted.
    result = augment.Augmentation(crop=(17, 25), scales=(0.7, 1.5), tags_from="boxes")(sample)
    found = set(np.flatnonzero(result[fields.TAGS].numpy()))
    there = set(np.unique(result[fields.MASK].numpy())) - {255}
    assert there - {0} <= found and 0 in found, key
    assert found - {0} == set(result[fields.BOX_CLASSES].numpy())
    seen.add(frozenset(found))
  assert {frozenset({0}), frozenset({0, 1}), frozenset({0, 3})} <= seen


def test_padding_of_boxes_is_no_tag():
  sample = make_sample(**{
      fields.BOXES: tf.zeros([2, 4]), fields.BOX_CLASSES: tf.constant([-1, -1]),
      fields.SUPERVISION: tf.constant(3)})
  del sample[fields.MASK]
  tags = augment.Augmentation(crop=(9, 9), tags_from="boxes")(sample)[fields.TAGS]
  assert tags.numpy().tolist() == [1, 0, 0, 0, 0]


def test_saturation_and_hue_have_strengths_of_their_own():
  """Amounts within their strengths, near them somewhere; the other draws stay what they were."""
  plain = augment.Augmentation(crop=(9, 9), color=0.4, color_of="inputs")
  both = augment.Augmentation(crop=(9, 9), color=0.4, color_of="inputs", color_saturation=0.5,
                              hue=0.1)
  found = []
  for key in range(60):
    sample = make_sample(key=(key, 5))
    one, other = plain(sample), both(sample)
    np.testing.assert_array_equal(one[fields.IMAGE], other[fields.IMAGE])
    first, second = one[fields.JITTER].numpy(), other[fields.JITTER].numpy()
    assert first.shape == (3,) and second.shape == (4,)
    np.testing.assert_allclose(second[:3], first * [1, 1, 0.5], rtol=1e-6)
    found.append(second)
  largest = np.abs(found).max(0)
  assert (largest <= [0.4, 0.4, 0.2, 0.1]).all() and (largest > [0.35, 0.35, 0.17, 0.085]).all()


def test_color_changes_pixels_but_not_labels_or_padding():
  sample = make_sample()
  result = augment.Augmentation(crop=(50, 70), flip=False, color=1.0)(sample)
  assert (result[fields.IMAGE].numpy()[:40, :60] != sample[fields.IMAGE].numpy()).any()
  assert (result[fields.IMAGE].numpy()[40:] == MEAN).all()
  np.testing.assert_array_equal(result[fields.MASK].numpy()[:40, :60], sample[fields.MASK])


def test_jitter_by_zero_is_the_identity_and_full_desaturation_is_grey():
  image = tf.cast(np.random.default_rng(0).integers(60, 190, (5, 7, 3)), tf.uint8)
  np.testing.assert_array_equal(color.jitter_color(image, tf.zeros([3])), image)
  grey = color.jitter_color(image, tf.constant([0.0, 0.0, -1.0])).numpy()
  assert (grey == grey[..., :1]).all()


@pytest.mark.parametrize("options, text", [
    ({"crop": (0, 5)}, "crop has no size"), ({"scales": (2.0, 1.0)}, "cannot be drawn"),
    ({"scales": (1.0,)}, "cannot be drawn"), ({"color": 2.0}, "out of range"),
    ({"hue": 0.6}, "hue=0.6"), ({"color_saturation": 2.0}, "color_saturation=2.0"),
    ({"crop": None, "scales": (0.5, 1.0)}, "need a crop"), ({"tags_from": "boxs"}, "'boxes'")])
def test_wrong_options_are_refused(options, text):
  with pytest.raises(ValueError, match=text):
    augment.Augmentation(**options)


# === Sequences ===


def make_video(seed, key):
  """A rendered street: image, neighbours, second camera, true depth and poses."""
  from keras_weakseg.datasets import scenes
  scene = scenes.render_scene(seed, size=(48, 96), stereo=True)
  names = (fields.IMAGE, fields.FRAMES, fields.DEPTH, fields.INTRINSICS, fields.POSES,
           fields.STEREO_IMAGE, fields.STEREO_POSE)
  sample = {name: tf.constant(scene[name]) for name in names}
  return {**sample, fields.SAMPLE_KEY: tf.constant(key, tf.int32)}


def poses_of(sample):
  """Transforms [3, 4, 4] from the image to its neighbours and to the second camera."""
  return tf.concat([sample[fields.POSES], sample[fields.STEREO_POSE][None]], 0)


def warp_errors(sample, poses=None, camera=None):
  """Mean absolute errors of the other views, warped to the image by its depth where it is known."""
  from keras_weakseg.ops import geometry
  depth = sample[fields.DEPTH][None, ..., None]
  known = tf.cast((sample[fields.DEPTH] > 0) & sample.get(fields.VALID, True), tf.float32)
  camera = sample[fields.INTRINSICS] if camera is None else camera
  errors = []
  views = tf.concat([sample[fields.FRAMES], sample[fields.STEREO_IMAGE][None]], 0)
  for frame, pose in zip(views, poses_of(sample) if poses is None else poses):
    warped = geometry.warp(tf.cast(frame, tf.float32)[None], tf.maximum(depth, 0.1), pose[None],
                           camera[None])[0]
    error = tf.reduce_mean(tf.abs(warped - tf.cast(sample[fields.IMAGE], tf.float32)), -1)
    errors.append(float(tf.reduce_sum(error * known) / tf.reduce_sum(known)))
  return np.array(errors)


@pytest.mark.parametrize("options", [
    {"crop": (48, 96)}, {"crop": (32, 64)}, {"crop": None, "resize": (40, 120)},
    {"crop": (32, 64), "scales": (0.8, 1.4)}, {"crop": (64, 100), "resize": (56, 90)}])
def test_true_poses_explain_the_other_views_before_and_after(options):
  before, after, unmoved, mirrored = [], [], [], []
  for key in range(6):
    sample = make_video(key, (key, 1))
    moved = augment.Augmentation(**options)(sample)
    before.append(warp_errors(sample))
    after.append(warp_errors(moved))
    unmoved.append(warp_errors(moved, poses_of(sample), sample[fields.INTRINSICS]))
    mirrored.append((moved[fields.POSES].numpy() != sample[fields.POSES].numpy()).any())
  assert any(mirrored) and not all(mirrored)
  for views in (slice(0, 2), slice(2, 3)):
    before_, after_, unmoved_ = (np.mean(np.array(x)[:, views]) for x in (before, after, unmoved))
    assert after_ < 1.35 * before_
    assert unmoved_ > 1.2 * after_


@pytest.mark.parametrize("flip", [False, True])
def test_a_mirrored_pair_has_its_second_camera_on_the_other_side(flip):
  from keras_weakseg.ops import photometric
  chain = augment.Augmentation(crop=(48, 96))
  keys = ((number, 1) for number in range(40))
  moved = next(found for found in (chain(make_video(41, key)) for key in keys)
               if (found[fields.STEREO_POSE][0, 3] > 0) == flip)
  np.testing.assert_allclose(moved[fields.STEREO_POSE][0, 3], 0.3 if flip else -0.3, rtol=1e-6)
  moved[fields.DEPTH] = tf.maximum(moved[fields.DEPTH], 0.1)  # the sky does not count

  def loss(scale=1.0, side=1.0):
    pose = moved[fields.STEREO_POSE].numpy()
    pose[0, 3] *= side
    seen = lambda name: tf.cast(moved[name], tf.float32)[None] / 255
    disparity = (1 / (scale * moved[fields.DEPTH]) - 1 / 500) / (1 / 0.05 - 1 / 500)
    found = photometric.reprojection_loss(
        seen(fields.IMAGE), seen(fields.STEREO_IMAGE)[:, None], [disparity[None, ..., None]],
        pose[None, None], moved[fields.INTRINSICS][None], min_depth=0.05, max_depth=500.0,
        auto_mask=False, smoothness=0.0, valid=(moved[fields.DEPTH] > 0.1)[None])
    return float(found["total"])

  # The unit is the metre: scaled by anything else, depth shows the second view elsewhere.
  assert loss() < 0.5 * loss(side=-1.0)
  for scale in (0.5, 0.7, 1.4, 2.0):
    assert loss() < 0.85 * loss(scale)


def test_all_frames_get_the_same_colour_change():
  sample = make_video(1, (3, 3))
  sample[fields.FRAMES] = tf.stack([sample[fields.IMAGE]] * 2)
  plain = augment.Augmentation(crop=(32, 64))(sample)
  jittered = augment.Augmentation(crop=(32, 64), color=0.8)(sample)
  assert (jittered[fields.IMAGE].numpy() != plain[fields.IMAGE].numpy()).mean() > 0.5
  for frame in jittered[fields.FRAMES]:
    np.testing.assert_array_equal(frame, jittered[fields.IMAGE])


def test_colour_of_the_inputs_is_left_to_the_method():
  sample = make_video(1, (3, 3))
  plain = augment.Augmentation(crop=(48, 96))(sample)
  pixels = augment.Augmentation(crop=(48, 96), color=0.8)(sample)
  inputs = augment.Augmentation(crop=(48, 96), color=0.8, color_of="inputs")(sample)
  np.testing.assert_array_equal(inputs[fields.FRAMES], plain[fields.FRAMES])
  assert fields.JITTER not in pixels and np.abs(inputs[fields.JITTER]).max() <= 0.8
  np.testing.assert_array_equal(
      color.jitter_color(inputs[fields.IMAGE], inputs[fields.JITTER]), pixels[fields.IMAGE])


def test_a_share_of_the_samples_keeps_its_colour():
  chain = augment.Augmentation(crop=(9, 9), color=0.5, color_share=0.3, color_of="inputs")
  changed = [bool(np.any(chain(make_sample(key=(key, 2)))[fields.JITTER])) for key in range(60)]
  assert 8 <= sum(changed) <= 29


def test_swapped_samples_move_as_others_do_and_no_other_draw_changes():
  sample = {**make_video(1, (3, 3)), fields.SUPERVISION: tf.constant(0),
            fields.FRAME_OFFSETS: tf.constant([-1, 1])}
  plain = augment.Augmentation(crop=(32, 64), color=0.5)
  swapped = dataclasses.replace(plain, swap_frames=1.0)(sample)
  number = int(swapped[fields.FRAME_OFFSETS][0] > 0)  # where the image went
  other = dict(sample)
  other[fields.IMAGE] = sample[fields.FRAMES][1 - number]
  np.testing.assert_array_equal(swapped[fields.IMAGE], plain(other)[fields.IMAGE])


def test_resizing_comes_before_scales_and_crop():
  sample = make_sample()
  whole = augment.Augmentation(crop=None, resize=(20, 90), flip=False)(sample)
  assert whole[fields.IMAGE].shape == (20, 90, 3) and whole[fields.MASK].shape == (20, 90)
  assert whole[fields.VALID].numpy().all()
  padded = augment.Augmentation(crop=(30, 90), resize=(20, 80), flip=False)(sample)
  np.testing.assert_array_equal(padded[fields.VALID].numpy().sum(0), [20] * 80 + [0] * 10)


def test_fingerprints_of_older_runs_do_not_change():
  assert repr(augment.Augmentation(crop=(9, 9))) == (
      "Augmentation(crop=(9, 9), scales=(1.0, 1.0), flip=True, color=0.0, "
      "mean_rgb=(122.675, 116.669, 104.008), tags_from='image')")
  assert "resize=(8, 8)" in repr(augment.Augmentation(resize=(8, 8)))


@pytest.mark.parametrize("options, text", [
    ({"resize": (0, 5)}, "resize has no size"), ({"color_of": "input"}, "Did you mean 'inputs'"),
    ({"color_share": 1.5}, "color_share"), ({"swap_frames": 1.5}, "swap_frames")])
def test_wrong_options_of_sequences_are_refused(options, text):
  with pytest.raises(ValueError, match=text):
    augment.Augmentation(**options)
