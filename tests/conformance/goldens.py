"""The table: every method, network and public op once, small. New ones join here and nowhere else.

A suite (`test_<suite>.py`) runs the whole table through one property. `test_table.py` fails while
something registered or public is missing.
"""
import dataclasses
import functools
from typing import Any, Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import readings
from keras_weakseg.methods import registry as methods
from keras_weakseg.methods import updates
from keras_weakseg.networks import dual, dual_head, multitask_decoder
from keras_weakseg.networks import pose_network
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.backbones import depth_encoder
from keras_weakseg.networks.layers import aggregation
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import dropout
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.layers import unet_layers
from keras_weakseg.ops import activation, adversarial, binary_losses, critic_inputs, diffusion
from keras_weakseg.ops import alignment, box_coverage, box_objects, boxes, crf, em, images
from keras_weakseg.ops import blur, cameras, color, depth_images, depth_inference, depth_losses
from keras_weakseg.ops import draws, ema, geometry, label_diffusion, mixing, mixing_draws, perturb
from keras_weakseg.ops import gif_frames, image_formats, image_headers, jpeg_ends
from keras_weakseg.ops import inference, losses, permutohedral
from keras_weakseg.ops import photometric, pseudo, reconstruction, relative_depth, resize
from keras_weakseg.ops import strong_view, superpixels, tag_inference, tag_losses, tracing
from keras_weakseg.ops import windows

CLASSES = 4
SIDE = 33

# === Ops ===


@dataclasses.dataclass(frozen=True)
class Op:
  """One call of a public op.

  Attributes:
    name: module and function, such as `em.em_fixed_scores`; several rows may show one function.
    call: function of the inputs that returns a tensor or a structure of tensors.
    inputs: numpy arrays.
    gradient: positions of the inputs that have a gradient.
    no_xla: why it cannot be compiled with XLA; empty = it can.
    host: why it is no graph operation at all; empty = it is one.
    tolerance: of eager = graph = XLA, times the largest value; 0 = equal bits.
  """
  name: str
  call: Callable
  inputs: Sequence[Any]
  gradient: Sequence[int] = ()
  no_xla: str = ""
  host: str = ""
  tolerance: float = 1e-6


_RANDOM = np.random.RandomState(3)
_SCORES = (_RANDOM.normal(size=(2, 5, 7, CLASSES)) * 2).astype(np.float32)
_TAGS = np.array([[1, 1, 0, 1], [1, 0, 1, 0]], np.float32)
_LABELS = np.where(_RANDOM.rand(2, 5, 7) < 0.2, 255, _RANDOM.randint(0, CLASSES, (2, 5, 7)))
_LABELS = _LABELS.astype(np.uint8)
_CORNERS = np.array([[[0, 0, 0.5, 0.9], [0.2, 0.3, 1, 1]], [[0.1, 0, 0.2, 1], [0] * 4]], np.float32)
_BOX_CLASSES = np.array([[1, 2], [3, -1]], np.int32)
_KEYS = np.array([[3, 4], [5, 6]], np.int32)
_VALID = _RANDOM.rand(2, 5, 7) < 0.8
_WEIGHTS = _RANDOM.rand(2, 5, 7).astype(np.float32)
_PIXELS = _RANDOM.randint(0, 255, (2, 20, 27, 3)).astype(np.uint8)
_BOXES = np.array([[0, 0, 1, 0.5], [0.2, 0.2, 0.6, 0.9]], np.float32)
_STRINGS = "strings have no XLA kernel"
_PHOTO = _RANDOM.rand(2, 6, 8, 3).astype(np.float32)
_DEPTH = _RANDOM.uniform(2, 9, (2, 6, 8, 1)).astype(np.float32)
_TURN = _RANDOM.normal(0, 0.02, (2, 3)).astype(np.float32)
_SHIFT = _RANDOM.normal(0, 0.3, (2, 3)).astype(np.float32)
_CAMERA = np.array([[[7, 0, 3.4], [0, 8, 2.6], [0, 0, 1]]] * 2, np.float32)
_COLUMNS, _ROWS = _RANDOM.uniform(-1, 8, (2, 2, 5, 4)).astype(np.float32)
_PAIRS = _RANDOM.randint(0, 6, (2, 5, 4)).astype(np.int32)
_RELATIONS = np.array([[1, -1, 0, 1, 1], [0, 0, 1, -1, -1]], np.int32)
_NOISE = (1e-5 * _RANDOM.normal(size=(2, 2, 6, 8, 2))).astype(np.float32)


def _video_loss(photo, fine, coarse, turn, shift, camera, noise=None, **options):
  """Returns the loss of two scales and two sources, made of one picture and one motion."""
  sources = tf.stack([photo[:, ::-1], photo[:, :, ::-1]], 1)
  transforms = tf.stack([geometry.pose_to_matrix(turn, shift),
                         geometry.pose_to_matrix(turn, shift, invert=True)], 1)
  return photometric.reprojection_loss(photo, sources, [fine, coarse], transforms, camera,
                                       noise=noise, **options)


_CHOICE = np.array([[2, 0, -1], [-1, 1, -1]], np.int32)
_SQUARES = np.array([[[0, 1, 3, 4], [1, 2, 5, 6]]] * 2, np.int32)
_PROBABILITIES = tf.nn.softmax(2 * _SCORES).numpy() * (_LABELS != 255)[..., None]


def _score_fn(pixels):
  return tf.concat([pixels[:, ::8, ::8], 128.0 - pixels[:, ::8, ::8, :1]], -1) / 64.0


def _tag_fn(pixels):
  return tf.reduce_mean(_score_fn(pixels), [1, 2])


def _png():
  return np.array(tf.io.encode_png(_PIXELS[0]).numpy(), object)


_HEAD = b"BM" + bytes(64)

OPS = (
    Op("em.em_fixed_scores", em.em_fixed_scores, [_SCORES, _TAGS], gradient=[0], tolerance=0),
    Op("em.em_adapt_scores", em.em_adapt_scores, [_SCORES, _TAGS]),
    Op("em.em_adapt_scores", lambda scores, tags, keys, valid: em.em_adapt_scores(
        scores, tags, seed=keys, valid_mask=valid), [_SCORES, _TAGS, _KEYS, _VALID]),
    Op("em.bbox_em_fixed_scores", em.bbox_em_fixed_scores, [_SCORES, _LABELS], gradient=[0],
       tolerance=0),
    Op("em.bbox_em_fixed_scores", lambda scores, labels, covered: em.bbox_em_fixed_scores(
        scores, labels, covered=covered), [_SCORES, _LABELS, _SCORES > 0], gradient=[0],
       tolerance=0),
    Op("box_objects.bbox_object_labels", lambda *inputs: box_objects.bbox_object_labels(
        *inputs[:2], covered=inputs[2]), [_SCORES, _LABELS, _SCORES > 0], tolerance=0),
    Op("box_coverage.box_coverage", lambda corners, classes: box_coverage.box_coverage(
        corners, classes, (17, 25), CLASSES, 8), [_CORNERS, _BOX_CLASSES], tolerance=0),
    Op("em.tags_from_labels", lambda labels: em.tags_from_labels(labels, CLASSES), [_LABELS],
       tolerance=0),
    Op("em.latent_labels", lambda scores, tags: em.latent_labels(scores, tags, censor=True),
       [_SCORES, _TAGS], tolerance=0),
    Op("losses.cross_entropy_map", losses.cross_entropy_map, [_LABELS, _SCORES], gradient=[1]),
    Op("losses.masked_cross_entropy", losses.masked_cross_entropy, [_LABELS, _SCORES],
       gradient=[1]),
    Op("losses.masked_cross_entropy", lambda labels, scores, weights: losses.masked_cross_entropy(
        labels, scores, pixel_weights=weights, class_weights=[1.0, 2.0, 0.5, 1.0]),
       [_LABELS, _SCORES, _WEIGHTS], gradient=[1]),
    Op("losses.aggregate_classes", lambda scores: losses.aggregate_classes(
        scores, [[0, 3], [1], [2, 0, 1]]), [_SCORES], gradient=[0]),
    Op("binary_losses.object_labels", binary_losses.object_labels, [_LABELS], tolerance=0),
    Op("binary_losses.object_logits", lambda scores: binary_losses.object_logits(scores[..., :2]),
       [_SCORES], gradient=[0], tolerance=0),
    *(Op(f"binary_losses.{call.__name__}", call,
         [(_LABELS > 1) + 254 * (_LABELS == 255).astype(np.uint8), _SCORES[..., 0]], gradient=[1])
      for call in (binary_losses.binary_cross_entropy_map,
                   binary_losses.masked_binary_cross_entropy)),
    *(Op(f"tag_losses.{call.__name__}", call, [_TAGS, _SCORES[:, 0, 0]], gradient=[1])
      for call in (tag_losses.tag_softmax_loss, tag_losses.tag_sigmoid_loss)),
    *(Op(f"adversarial.{call.__name__}", call, [_SCORES[0, 0, :, :1]], gradient=[0])
      for call in (adversarial.true_terms, adversarial.predicted_terms)),
    Op("critic_inputs.present_categories", lambda tags: critic_inputs.present_categories(tags, 2),
       [_TAGS], tolerance=0),
    Op("critic_inputs.category_images", critic_inputs.category_images,
       [_SCORES[..., :3], _SCORES, np.int32([[1, 3], [2, -1]])], gradient=[0, 1]),
    Op("critic_inputs.product_images", critic_inputs.product_images, [_SCORES[..., :3], _SCORES],
       gradient=[0, 1]),
    Op("activation.class_activation", activation.class_activation, [_SCORES, _SCORES[0, 0, :4]],
       gradient=[0, 1]),
    Op("activation.summed_activation", lambda x: activation.summed_activation(
        _score_fn, x, scales=(0.5, 1.0), flip=True, multiple=8), [_PIXELS],
       no_xla="sizes of views are known at run time alone"),
    Op("activation.normalize_activation", activation.normalize_activation, [_SCORES, _TAGS],
       gradient=[0]),
    Op("activation.seeds_from_activation", activation.seeds_from_activation, [_SCORES, _TAGS],
       tolerance=0),
    Op("geometry.disparity_to_depth", geometry.disparity_to_depth, [_WEIGHTS], gradient=[0]),
    Op("geometry.pose_to_matrix", geometry.pose_to_matrix, [_TURN, _SHIFT], gradient=[0, 1]),
    Op("geometry.pose_to_matrix", lambda turn, shift: geometry.pose_to_matrix(
        turn, shift, invert=True), [_TURN, _SHIFT], gradient=[0, 1]),
    Op("geometry.project", lambda depth, turn, shift, camera: geometry.project(
        depth, geometry.pose_to_matrix([turn, -turn], [shift, -shift]), camera, border=1),
       [_DEPTH, _TURN, _SHIFT, _CAMERA], gradient=[0, 1, 2], tolerance=5e-6),
    Op("geometry.project_points", lambda depth, turn, shift, camera: geometry.project_points(
        depth, geometry.pose_to_matrix([turn, -turn], [shift, -shift]), camera),
       [_DEPTH, _TURN, _SHIFT, _CAMERA], gradient=[0, 1, 2], tolerance=5e-6),
    Op("geometry.reproject", lambda depth, turn, shift, camera: geometry.reproject(
        depth, geometry.pose_to_matrix(turn, shift), camera),
       [_DEPTH, _TURN, _SHIFT, _CAMERA], gradient=[0, 1, 2], tolerance=5e-6),
    Op("geometry.neighbours", geometry.neighbours, [_PHOTO], gradient=[0]),
    Op("geometry.sample_neighbours", lambda photo, x, y: geometry.sample_neighbours(
        geometry.neighbours(photo), x, y), [_PHOTO, _COLUMNS, _ROWS], gradient=[0, 1, 2]),
    Op("geometry.sample_bilinear", geometry.sample_bilinear,
       [_PHOTO, np.stack([_COLUMNS, _ROWS], -1)], gradient=[0, 1]),
    Op("geometry.warp", lambda photo, depth, turn, shift, camera: geometry.warp(
        photo, depth, geometry.pose_to_matrix(turn, shift), camera),
       [_PHOTO, _DEPTH, _TURN, _SHIFT, _CAMERA], gradient=[0, 1, 2, 3], tolerance=2e-5),
    Op("alignment.align_motion", lambda photo, depth, turn, shift, camera: alignment.align_motion(
        photo, photo[:, ::-1], depth, geometry.pose_to_matrix(turn, shift), camera),
       [_PHOTO, _DEPTH, _TURN, _SHIFT, _CAMERA], tolerance=1e-4),
    Op("alignment.texture", alignment.texture, [_PHOTO], gradient=[0]),
    Op("photometric.ssim_loss", photometric.ssim_loss, [_PHOTO, _PHOTO[::-1]], gradient=[0, 1],
       tolerance=1e-5),
    Op("photometric.photometric_error", photometric.photometric_error, [_PHOTO, _PHOTO[::-1]],
       gradient=[0, 1], tolerance=1e-5),
    Op("photometric.smoothness_loss", photometric.smoothness_loss, [1 / _DEPTH, _PHOTO],
       gradient=[0]),
    Op("photometric.reprojection_loss", _video_loss,
       [_PHOTO, 1 / _DEPTH, 1 / _DEPTH[:, ::2, ::2], _TURN, _SHIFT, _CAMERA, _NOISE],
       gradient=[1, 2, 3, 4], tolerance=1e-4),
    Op("photometric.reprojection_loss", lambda *inputs: _video_loss(
        *inputs, own_size=True),
       [_PHOTO, 1 / _DEPTH, 1 / _DEPTH[:, ::2, ::2], _TURN, _SHIFT, _CAMERA, _NOISE],
       gradient=[1, 2, 3, 4], tolerance=1e-4),
    Op("photometric.reprojection_loss", lambda *inputs: _video_loss(
        *inputs, auto_mask=False, average=True, ssim_weight=0.0),
       [_PHOTO, 1 / _DEPTH, 1 / _DEPTH[:, ::2, ::2], _TURN, _SHIFT, _CAMERA],
       gradient=[1, 2, 3, 4], tolerance=1e-4),
    Op("depth_losses.scale_invariant_loss", depth_losses.scale_invariant_loss,
       [_PHOTO[..., 0], _DEPTH[..., 0], _PHOTO[..., 1] < 0.8], gradient=[0], tolerance=1e-5),
    Op("depth_losses.gradient_matching_loss", lambda prediction, target, mask:
       depth_losses.gradient_matching_loss(prediction, target, mask, scales=2),
       [_PHOTO[..., 0], _DEPTH[..., 0], _PHOTO[..., 1] < 0.8], gradient=[0]),
    Op("depth_losses.berhu_threshold", depth_losses.berhu_threshold,
       [_PHOTO[..., 0], _DEPTH[..., 0], _PHOTO[..., 1] < 0.8]),
    Op("depth_losses.berhu_loss", depth_losses.berhu_loss,
       [_PHOTO[..., 0], _DEPTH[..., 0], _PHOTO[..., 1] < 0.8], gradient=[0]),
    *(Op(f"relative_depth.{call.__name__}", call, inputs, gradient=[0])
      for call, inputs in (
          (relative_depth.relative_depth_terms, [_PHOTO[..., 0], _PAIRS, _RELATIONS]),
          (relative_depth.relative_depth_loss, [_PHOTO[..., 0], _PAIRS, _RELATIONS]))),
    Op("relative_depth.random_pairs", lambda keys, depth, mask: relative_depth.random_pairs(
        keys, depth, mask, 9), [_KEYS, _DEPTH[..., 0], _PHOTO[..., 1] < 0.8]),
    Op("reconstruction.refine_features", lambda maps: reconstruction.refine_features(
        maps, lambda x: tf.reduce_sum((x[:, 1:] - x[:, :-1]) ** 2, [1, 2, 3]), 5), [_PHOTO]),
    Op("reconstruction.refine_features", lambda maps, vectors, steps:
       reconstruction.refine_features((maps, vectors), lambda u: [
           tf.reduce_sum(u[0] ** 2, [1, 2, 3]), tf.reduce_sum(u[1], 1)], steps, rule="adam"),
       [_PHOTO, np.abs(_TURN), np.array([4, 1], np.int32)]),
    Op("reconstruction.tagged_scores", reconstruction.tagged_scores, [_SCORES, _TAGS],
       gradient=[0, 1]),
    Op("reconstruction.combine_tags", reconstruction.combine_tags, [_SCORES, _TAGS],
       gradient=[0, 1]),
    Op("depth_inference.blend_mirrored", depth_inference.blend_mirrored,
       [_DEPTH, _DEPTH[:, :, ::-1]], gradient=[0, 1]),
    Op("depth_inference.depth_disparity", lambda x: depth_inference.depth_disparity(
        lambda view: view[:, ::2, ::2, :1] / 255.0, x, (8, 16), flip=True), [_PIXELS],
       no_xla="XLA has no kernel that smooths what it shrinks"),
    Op("depth_inference.depth_disparity", lambda x: depth_inference.depth_disparity(
        lambda view: view[:, ::2, ::2, :1] / 64.0 - 2.0, x, (8, 16), answers="log_depth"),
       [_PIXELS], no_xla="XLA has no kernel that smooths what it shrinks"),
    Op("depth_inference.scaled_disparity", lambda x: depth_inference.scaled_disparity(
        lambda view: view[..., :1] / 255.0, x, flip=True), [255 * _PHOTO]),
    Op("depth_images.encode_depth_png", lambda depth: depth_images.encode_depth_png(depth, 256.0),
       [_DEPTH[0, ..., 0]], no_xla=_STRINGS, tolerance=0),
    Op("depth_images.decode_depth_png", lambda png: depth_images.decode_depth_png(png, 256.0),
       [np.array(depth_images.encode_depth_png(_DEPTH[0, ..., 0], 256.0).numpy(), object)],
       no_xla=_STRINGS, tolerance=0),
    Op("depth_images.depth_scale", depth_images.depth_scale, [100.0],
       host="checks Python numbers while a graph is built"),
    *(Op(f"cameras.{call.__name__}", call, inputs, host="NumPy, run once per source, not per step")
      for call, inputs in (
          (cameras.camera_matrix, [4, 4, 1.5, 1.5]),
          (cameras.assumed, [90, (3, 5)]),
          (cameras.resized, [_CAMERA[0], (6, 8), (3, 4)]),
          (cameras.turned, [_CAMERA[0], (6, 8), 90]),
          (cameras.of_turned, [_CAMERA[0], (6, 8), 90]),
          (cameras.doubt, [_CAMERA[0], (6, 8)]),
          (cameras.check, [_CAMERA[0], (6, 8), "a source"]))),
    *(Op(f"image_formats.{call.__name__}", call, inputs, host="looks at the bytes of a file")
      for call, inputs in (
          (image_formats.form_of, [_HEAD]), (image_formats.fault_of, [_HEAD]),
          (image_formats.words_of, [_HEAD]), (image_formats.bitmap_size, [_HEAD]),
          (image_formats.bitmap_length, [_HEAD]), (image_formats.bitmap_bits, [_HEAD]),
          (image_formats.may_be_cut, [_HEAD, b"", 66]))),
    Op("gif_frames.first_frame", gif_frames.first_frame, [_png()], no_xla=_STRINGS, tolerance=0),
    Op("image_headers.measured", image_headers.measured, [_png()], no_xla=_STRINGS, tolerance=0),
    Op("image_headers.pixels_of", image_headers.pixels_of, [_png()], no_xla=_STRINGS, tolerance=0),
    Op("jpeg_ends.may_lack_a_part", jpeg_ends.may_lack_a_part, [_png(), _PIXELS[0]],
       no_xla=_STRINGS, tolerance=0),
    Op("jpeg_ends.lacks_a_part", jpeg_ends.lacks_a_part, [_HEAD], host="walks the bytes of a file"),
    Op("image_formats.fault_in_graph", image_formats.fault_in_graph, [_png()], no_xla=_STRINGS,
       tolerance=0),
    Op("image_formats.decode", image_formats.decode, [_png()], no_xla=_STRINGS, tolerance=0),
    Op("tracing.once", tracing.once, [_HEAD], host="makes a function of a function"),
    Op("tracing.by_kinds", tracing.by_kinds, [_HEAD], host="makes a function of a function"),
    Op("images.refusal", images.refusal, [image_formats.DEEP], host="words of an error, for users"),
    Op("windows.frame", windows.frame, [_PHOTO], gradient=[0], tolerance=0),
    Op("windows.frame_ssim", lambda a, b: windows.frame_ssim(
        tf.stack([windows.frame(a), windows.frame(a[:, ::-1])]), windows.frame(b)),
       [_PHOTO, _PHOTO[::-1]], gradient=[0, 1], tolerance=1e-5),
    Op("windows.frame_error", lambda a, b: windows.frame_error(
        tf.stack([windows.frame(a), windows.frame(a[:, ::-1])]), windows.frame(b)),
       [_PHOTO, _PHOTO[::-1]], gradient=[0, 1], tolerance=1e-5),
    Op("resize.resize_aligned", lambda x: resize.resize_aligned(x, (33, 49)), [_SCORES],
       gradient=[0]),
    Op("resize.decimate_labels", lambda labels: resize.decimate_labels(labels, 2), [_LABELS],
       tolerance=0),
    Op("resize.resize_labels", lambda labels: resize.resize_labels(labels, (11, 3)), [_LABELS],
       tolerance=0),
    Op("inference.class_probabilities", lambda x: inference.class_probabilities(
        _score_fn, x, mean_rgb=(9.0, 8.0, 7.0), scales=(0.5, 1.0), flip=True), [_PIXELS]),
    Op("inference.class_probabilities", lambda x: inference.class_probabilities(
        _score_fn, x, window=(16, 16), window_stride=(12, 8)), [_PIXELS],
       no_xla="the sum over windows grows to the number of classes inside a loop"),
    Op("inference.class_probabilities", lambda x: inference.class_probabilities(
        lambda view: tf.nn.softmax(_score_fn(view)), x, scales=(0.5, 1.0), answers="probabilities"),
       [_PIXELS]),
    Op("inference.whole_scores", lambda x: inference.whole_scores(
        _score_fn, x, mean_rgb=(9.0, 8.0, 7.0)), [255 * _PHOTO]),
    Op("tag_inference.foreground_probabilities", lambda scores:
       tag_inference.foreground_probabilities(scores, "softmax"), [_SCORES[:, 0, 0]], gradient=[0]),
    Op("tag_inference.tag_probabilities", lambda x: tag_inference.tag_probabilities(
        _tag_fn, x, flip=True), [_PIXELS]),
    Op("tag_inference.tag_probabilities", lambda x: tag_inference.tag_probabilities(
        _tag_fn, x, size=(9, 12), scales=(0.5, 1.0)), [_PIXELS],
       no_xla="XLA has no kernel that smooths what it shrinks"),
    Op("inference.check_views", inference.check_views, [(1.0,), (96, 96), ()],
       host="checks Python numbers while a graph is built"),
    Op("images.decode_image", images.decode_image, [_png()], no_xla=_STRINGS, tolerance=0),
    Op("images.encode_mask_png", lambda mask: images.encode_mask_png(
        mask, [(0, 0, 0), (200, 0, 0)]), [_LABELS[0]], no_xla=_STRINGS, tolerance=0),
    Op("color.jitter_color", lambda photo: color.jitter_color(
        255.0 * tf.cast(photo, tf.float32), [[0.2, -0.1, 0.3, 0.1], [0.0, 0.0, 0.0, 0.0]]),
       [_PHOTO], tolerance=1e-4),
    Op("color.jitter_color", color.jitter_color, [
        255 * _PHOTO, np.float32([[0.5, -0.5, 0.2], [0.1, 0.9, -1.0]])],
       gradient=(0,)),
    Op("color.shift_hue", color.shift_hue, [255 * _PHOTO, np.float32([0.2, -0.4])],
       tolerance=1e-5),
    Op("blur.gaussian_blur", blur.gaussian_blur, [_PHOTO, np.float32([0.7, 3.0])], gradient=[0]),
    Op("draws.uniform", lambda keys: draws.uniform(keys, [3, 2], "a"), [_KEYS], tolerance=0),
    Op("draws.normal", lambda keys: draws.normal(keys, [7], "a"), [_KEYS], tolerance=1e-5),
    Op("draws.avalanche", draws.avalanche, [np.array([0, 7, 2**32 - 1])], tolerance=0),
    Op("draws.within", lambda x: draws.within(x, (1.0, 3.0)), [_WEIGHTS], gradient=[0]),
    Op("strong_view.strong_view", strong_view.strong_view,
       [_PIXELS, np.float32([[0.5, -0.5, 0.2], [0.1, 0.9, -1.0]]), np.float32([0.2, 0.0]),
        np.float32([0.0, 1.0])], tolerance=0.01),
    Op("strong_view.draw_color", lambda keys: strong_view.draw_color(keys, grey_share=0.5),
       [_KEYS]),
    Op("strong_view.draw_blur", strong_view.draw_blur, [_KEYS]),
    Op("mixing.normalise_disparity", lambda x, valid: mixing.normalise_disparity(
        x, valid, levels=255), [_WEIGHTS, _VALID]),
    Op("mixing.depthmix_mask", mixing.depthmix_mask, [_WEIGHTS, _WEIGHTS[::-1]], tolerance=0),
    Op("mixing.classmix_mask", mixing.classmix_mask, [_LABELS, _CHOICE], tolerance=0),
    Op("mixing.cutmix_mask", lambda x: mixing.cutmix_mask((5, 7), x), [_SQUARES], tolerance=0),
    Op("mixing.cowmix_mask", mixing.cowmix_mask,
       [_SCORES[..., 0], np.float32([1.0, 2.0]), np.float32([0.5, 0.3])], tolerance=0),
    Op("mixing.mix", mixing.mix, [_VALID, _SCORES, _SCORES[::-1]], gradient=[1, 2], tolerance=0),
    Op("mixing.mix_with", lambda mask, scores, labels: mixing.mix_with(
        mask, {"scores": scores, "labels": labels}, mixing.neighbours(2)),
       [_VALID, _SCORES, _LABELS], tolerance=0),
    Op("mixing.neighbours", lambda keys: mixing.neighbours(tf.shape(keys)[0]), [_KEYS],
       tolerance=0),
    Op("mixing.erase", lambda mask, image, labels: mixing.erase(
        mask, {fields.IMAGE: image, fields.MASK: labels}, 9), [_VALID, _SCORES, _LABELS],
       tolerance=0),
    Op("mixing_draws.draw_partners", mixing_draws.draw_partners, [_KEYS], tolerance=0),
    Op("mixing_draws.boxes_of", lambda x: mixing_draws.boxes_of(
        (20, 30), x[:, :2, 0], x[:, :2, 1], x[:, :2, 2:4]), [_WEIGHTS], tolerance=0),
    Op("mixing_draws.draw_boxes", lambda keys: mixing_draws.draw_boxes(
        keys, (20, 30), areas=(0.02, 0.4), aspects=(0.3, 3.3), count=2), [_KEYS], tolerance=0),
    Op("mixing_draws.draw_classes", lambda keys, labels: mixing_draws.draw_classes(
        keys, labels, CLASSES), [_KEYS, _LABELS], tolerance=0),
    Op("mixing_draws.draw_blobs", lambda keys: mixing_draws.draw_blobs(keys, (4, 6)), [_KEYS],
       tolerance=1e-5),
    Op("pseudo.pseudo_labels", lambda x: pseudo.pseudo_labels(x, 0.8, pseudo.IMAGE),
       [_PROBABILITIES]),
    Op("pseudo.confidence", lambda x: pseudo.confidence(x, 0.8), [_PROBABILITIES], tolerance=0),
    Op("pseudo.weights_of", lambda x: pseudo.weights_of(x, pseudo.BATCH), [_WEIGHTS]),
    Op("perturb.drop_channels", perturb.drop_channels, [_SCORES, _WEIGHTS[:, 0, :CLASSES]],
       gradient=[0]),
    Op("perturb.split_channels", perturb.split_channels,
       [_SCORES, _WEIGHTS[:, 0, :CLASSES], np.array([True, False])], gradient=[0]),
    Op("ema.ema_alpha", ema.ema_alpha, [np.int32(3)]),
    Op("ema.ema_update", lambda old, new: ema.ema_update([old], [new], 0.9),
       [_WEIGHTS, _WEIGHTS[::-1]], gradient=[0, 1]),
    *(Op(f"boxes.{call.__name__}", call, inputs, host="NumPy, run once per image, not per step")
      for call, inputs in (
          (boxes.painting_order, [_BOXES, (1, 2), (9, 9)]),
          (boxes.rasterize_boxes, [_BOXES, (1, 2), (9, 9)]),
          (boxes.core_of, [boxes.PixelBox(0, 0, 20, 20, 1), (30, 30)]),
          (boxes.soft_box_probabilities, [_BOXES, (1, 2), (9, 9), CLASSES]),
          (boxes.segment_boxes, [_PIXELS[0], _BOXES, (1, 2), CLASSES]),
          (boxes.boxes_from_instances, [_LABELS[0], _LABELS[0]]))),
    *(Op(name, call, inputs, host="sparse products on the host, once per image")
      for name, call, inputs in (
          ("crf.dense_crf", crf.dense_crf, [_SCORES[0], _PIXELS[0, :5, :7]]),
          ("crf.dense_crf_batch", crf.dense_crf_batch, [_SCORES, _PIXELS[:, :5, :7]]),
          ("crf.unary_from_scores", crf.unary_from_scores, [_SCORES]),
          ("crf.unary_from_probabilities", crf.unary_from_probabilities, [_WEIGHTS]),
          ("crf.clear_cache", crf.clear_cache, []),
          ("permutohedral.corner_matrix", permutohedral.corner_matrix,
           [_WEIGHTS[0], _LABELS[0].astype(np.int32), (5, 256)]))),
    *(Op(f"superpixels.{call.__name__}", call, inputs, host="scikit-image and NumPy, per image")
      for call, inputs in (
          (superpixels.working_size, [(30, 40)]),
          (superpixels.shrink, [_PIXELS[0], (10, 13)]),
          (superpixels.superpixels, [_PIXELS[0]]),
          (superpixels.lab_colors, [_PIXELS[0]]),
          (superpixels.superpixel_means, [_LABELS[0] % 2, _WEIGHTS[0]]),
          (superpixels.superpixel_graph, [_LABELS[0] % 2, _SCORES[0, ..., :3], _WEIGHTS[0]]),
          (superpixels.border_superpixels, [_LABELS[0] % 2]))),
    *(Op(f"{call.__module__.rsplit('.', 1)[1]}.{call.__name__}", call, inputs,
         host="sparse factorisation on the host, once per image")
      for call, inputs in (
          (diffusion.affinity, [_SCORES[0, 0], [[0, 1]]]),
          (diffusion.self_diffusion, [[1.0], [[0, 1]], [[1], [0]]]),
          (diffusion.background_share, [_TAGS / 4]),
          (diffusion.labels_of, [_TAGS, (1, 2, 3, 4)]),
          (label_diffusion.superpixel_seeds, [_WEIGHTS[0], _WEIGHTS[0, :, 0]]),
          (label_diffusion.diffuse_labels, [
              _PIXELS[0], _WEIGHTS[0], _WEIGHTS[0][..., None], (1,)]))),
)

# === Networks ===


@dataclasses.dataclass(frozen=True)
class Network:
  """One build of a registered network.

  Attributes:
    name: key of the registry; several rows may show one network.
    options: of its builder, small.
    garden: name of the inner model that is Model Garden's; empty = none is.
    slow: too heavy for every run of the tests.
    tolerance: of eager = graph = XLA, times the largest score.
  """
  name: str
  options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  garden: str = ""
  slow: bool = False
  tolerance: float = 1e-5

  @property
  def record(self):
    """The `NetworkRecord`."""
    return networks.network_record(self.name, **self.options)

  def build(self, num_classes=CLASSES, **options):
    """Returns the predictor (of all outputs) and the network, with free sizes."""
    scored = self.record.role in networks.CLASSIFIED
    network = networks.build_network(
        self.name, (None, None, 3), num_classes if scored else 0, **{**self.options, **options})
    return preprocessing.predictor(network, self.record), network

  def pixels(self, count, height, width, seed=1):
    """Returns images 0..255, float32 [count, height, width, 3], or pairs of them for pose."""
    channels = 6 if self.record.role == networks.POSE else 3
    return tf.constant(np.random.RandomState(seed).randint(
        0, 255, (count, height, width, channels)), tf.float32)

  def shapes(self, count, height, width):
    """Returns the shapes of the outputs for such pixels, in the order of `tf.nest.flatten`."""
    def grid(stride, channels):
      return (count, -(-height // stride), -(-width // stride), channels)
    record = self.record
    if record.role == networks.POSE:
      return [(count, 1, 3)] * 2
    if record.role in (networks.TAGS, networks.CRITIC):
      return [(count, CLASSES if record.role == networks.TAGS else 1)]
    if record.answers == depth_inference.LOG_DEPTH:
      return [grid(1, 1)]
    found = {f"disparity_{level}": grid(2 ** level, 1) for level in record.levels}
    if record.role != networks.DEPTH:
      found["scores"] = grid(record.stride, CLASSES)
    if record.role == networks.MULTITASK:
      found["side_scores"] = grid(4, CLASSES)
    return [found[name] for name in sorted(found)]


_RESNET_UNET = {"encoder": "resnet18", "channels": (4, 6, 8, 10, 12), "dropout_rate": 0.3}
_LIGHT_UNET = {"alpha": 0.25, "channels": (4, 6, 8, 10, 12), "skip_channels": (4, 4, 6, 6)}


NETWORKS = (
    Network("light_tiny", {"head_filters": 16, "dropout_rate": 0.3}),
    # "light_tiny" is its first twelve blocks.
    Network("light_mobilenet_v1", {
        "alpha": 0.25, "field_of_view": "small", "output_stride": 8, "frozen_blocks": 1,
        "synchronized_batch_norm": True}, slow=True),
    Network("deeplab_v3", {
        "backbone": "mobilenet_v2", "width": 0.35, "head_filters": 8}, garden="backbone"),
    Network("deeplab_v3", {"backbone": "resnet50", "head_filters": 8}, garden="backbone",
            slow=True),
    Network("largefov_vgg16"),
    Network("largefov_vgg16", {"field_of_view": "small"}, slow=True),
    Network("deeplab_v2_resnet101", slow=True),
    Network("deeplab_v2_resnet101", {"multi_scale": True, "batch_norm": "train"}, slow=True),
    Network("light_dual", {"alpha": 0.25, "head_filters": 16, "dropout_rate": 0.3}),
    Network("dual_network", {"batch_norm": "train"}, slow=True),
    Network("unet", _RESNET_UNET),
    Network("light_unet", _LIGHT_UNET, slow=True),
    Network("depth_unet", {**_RESNET_UNET, "context": "conv", "output_stride": 32}, slow=True),
    Network("light_depth", _LIGHT_UNET, slow=True),
    Network("multitask", {**_RESNET_UNET, "batch_norm": True, "padding": "zeros"}, slow=True),
    # Its parts are those of "unet"; the method that trains it is here.
    Network("light_multitask", _LIGHT_UNET, slow=True),
    Network("light_hourglass", {"width": 0.125}, slow=True),
    Network("hourglass", slow=True),
    Network("pose_network", {"filters": 16}, slow=True),
    Network("light_pose", {"alpha": 0.25, "filters": 16}),
    Network("light_cam", {"alpha": 0.25, "cam_filters": 8, "dropout_rate": 0.3}),
    # Its encoders are those of the U-Nets.
    Network("cam_encoder", {"encoder": "resnet18"}, slow=True),
    Network("cam_vgg16", {"cam_filters": 16}, slow=True),
    Network("p_net", {"grid": (9, 10)}),
    Network("tag_classifier", {"alpha": 0.25, "dropout_rate": 0.3}),
)

# === Methods ===


@keras.utils.register_keras_serializable("keras_weakseg_conformance")
class OnGrid(keras.layers.Layer):
  """Rounds scores to quarters, with the gradient of the identity.

  An E-step ends on exact ties: EM-Adapt's bias is such that the k-th pixel is a tie. On a grid,
  another order of sums (two replicas, XLA) rounds to the same scores, and the same pixels win. So
  do the same neighbours win in a loss of video.

  Args:
    steps: of the grid, between 0 and 1.
  """

  def __init__(self, steps=4.0, **kwargs):
    super().__init__(**kwargs)
    self.steps = steps

  def call(self, inputs):
    """Applies the layer to any float tensor."""
    return inputs + tf.stop_gradient(tf.round(inputs * self.steps) / self.steps - inputs)

  def get_config(self):
    """Returns the arguments that build this layer again."""
    return {**super().get_config(), "steps": self.steps}


def shallow_network(synchronized=False, dropout_rate=0.0, num_classes=CLASSES):
  """Returns three convolutions with batch statistics: deep networks multiply rounding."""
  x = inputs = keras.Input((None, None, 3))
  for index in range(3):
    x = keras.layers.Conv2D(8, 3, 2, "same", use_bias=False, name=f"conv{index}")(x)
    x = norms.batch_norm(norms.TRAIN, f"bn{index}", synchronized=synchronized)(x)
    x = keras.layers.ReLU()(x)
  x = dropout.StatelessDropout(dropout_rate, name="head_dropout")(x)
  x = keras.layers.Conv2D(num_classes, 1, dtype="float32", name="head_classifier")(x)
  return keras.Model(inputs, OnGrid(dtype="float32")(x))


def built(name, network, key=None, predictor=None):
  """Returns what a method knows of a network: as if the registry had built it by this name."""
  record = networks.network_record(name)
  scorer = preprocessing.predictor(network, record, key)
  return contexts.Built(network, record, scorer, predictor or scorer)


def with_teacher(build, synchronized=False, dropout_rate=0.0, **options):
  """Returns what `build` does, with a teacher of the student's network and first weights."""
  made, other = (build(synchronized, dropout_rate, **options)["networks"] for _ in range(2))
  name = next(iter(made))
  other[name].model.set_weights(made[name].model.get_weights())
  return {"networks": {**made, "teacher": dataclasses.replace(other[name], trained=False)}}


def shallow_predictor(synchronized=False, dropout_rate=0.0):
  """Returns the shallow network with its predictor, as part of a context."""
  return {"networks": {"segmenter": built(
      "light_tiny", shallow_network(synchronized, dropout_rate))}}


# Two label spaces, in neither of which the head's six classes are what labels mean.
JOINT_GROUPS = (((0, 4, 5), (1,), (2,), (3,)), ((0, 1), (2, 5), (3,), (4,)))


def joint_predictor(synchronized=False, dropout_rate=0.0):
  """Returns a network of six classes whose parts read its one head in two label spaces."""
  network = shallow_network(synchronized, dropout_rate, num_classes=6)
  scorer = preprocessing.predictor(network, networks.network_record("light_tiny"))
  predictor = aggregation.aggregated(scorer, aggregation.AggregateClasses(JOINT_GROUPS[0]))
  return {
      "networks": {"segmenter": dataclasses.replace(
          built("light_tiny", network, predictor=predictor), scorer=scorer)},
      "readings": tuple(
          readings.Reading(name, (part,), CLASSES, aggregation.AggregateClasses(groups))
          for part, (name, groups) in enumerate(zip(("one", "other"), JOINT_GROUPS)))}


def joint_batch(step):
  """Returns the batch with masks, tags and nothing in both parts."""
  return {**segmentation_batch(step),
          fields.PART: np.array([0, 1, 0, 1, 1, 1, 0, 0], np.int32)}


def segmentation_batch(step):
  """Returns eight samples of 33x33 with every kind of supervision, as numpy arrays.

  The first half has two masks and the second one, so replicas hold unequal counts.
  """
  random = np.random.RandomState(step)
  supervision = np.array([7, 7, 0, 1, 7, 1, 3, 1], np.int32)
  masks = random.randint(0, CLASSES, (8, SIDE, SIDE)).astype(np.uint8)
  masks[:, :9] = fields.IGNORE_LABEL
  masks[4, :, 9:] = fields.IGNORE_LABEL
  valid = np.ones([8, SIDE, SIDE], bool)
  valid[1, 20:] = valid[3, :, 17:] = False
  tags = random.randint(0, 2, (8, CLASSES)).astype(np.float32)
  tags[:, 0] = 1
  return {
      fields.IMAGE: random.randint(0, 255, (8, SIDE, SIDE, 3)).astype(np.uint8),
      fields.MASK: np.where(valid, masks, fields.IGNORE_LABEL).astype(np.uint8),
      fields.BOX_LABELS: np.where(
          valid, random.randint(0, CLASSES, valid.shape), fields.IGNORE_LABEL).astype(np.uint8),
      fields.SUPERVISION: supervision,
      fields.PART: (supervision < 7).astype(np.int32),
      fields.TAGS: tags,
      fields.VALID: valid,
      fields.SAMPLE_KEY: np.stack([np.arange(8), np.full(8, step)], 1).astype(np.int32),
  }


def diffused_batch(step):
  """Returns the batch with label maps made from tags."""
  batch = segmentation_batch(step)
  return {**batch, fields.TAG_LABELS: batch[fields.BOX_LABELS]}


def object_predictor(synchronized=False, dropout_rate=0.0):
  """Returns the shallow network of background and object."""
  return {"networks": {"segmenter": built(
      "light_tiny", shallow_network(synchronized, dropout_rate, num_classes=2))}}


def object_batch(step):
  """Returns the batch whose masks tell background from object."""
  batch = segmentation_batch(step)
  masks = batch[fields.MASK]
  return {**batch, fields.MASK: np.where(masks == fields.IGNORE_LABEL, masks, masks > 1)
          .astype(np.uint8)}


def critic_predictor(synchronized=False, dropout_rate=0.0, encoding="category"):
  """Returns the shallow network and a critic of its maps."""
  critic = networks.build_network("p_net", (None, None, 3), CLASSES, encoding=encoding,
                                  grid=(8, 8))
  made = shallow_predictor(synchronized, dropout_rate)["networks"]
  return {"networks": {
      **made, "critic": contexts.Built(critic, networks.network_record("p_net"))}}


def disparity_batch(step):
  """Returns the batch with the disparity of a teacher, of one sample blank."""
  disparity = np.random.RandomState(50 + step).rand(8, SIDE, SIDE).astype(np.float32)
  disparity[5] = 0
  return {**segmentation_batch(step), fields.DISPARITY: disparity}


def tag_predictor(synchronized=False, dropout_rate=0.0):
  """Returns a network of tags on the trunk of `shallow_network`, and its predictor."""
  trunk = shallow_network(synchronized, dropout_rate)
  features = trunk.get_layer("head_dropout").output
  scores = keras.layers.GlobalAveragePooling2D(dtype="float32")(features)
  scores = keras.layers.Dense(CLASSES, dtype="float32", name="head_tags")(scores)
  network = keras.Model(trunk.input, scores)
  return {"networks": {"classifier": built("tag_classifier", network)}}


def tag_batch(step):
  """Returns the batch with noisy tags too."""
  batch = segmentation_batch(step)
  wrong = np.random.RandomState(100 + step).rand(8, CLASSES) < 0.2
  return {**batch, fields.NOISY_TAGS: np.where(wrong, 1 - batch[fields.TAGS], batch[fields.TAGS])
          .astype(np.float32)}


def dual_predictor(synchronized=False, dropout_rate=0.0):
  """Returns the three subnets on the trunk of `shallow_network`.

  Subnets are larger than they start, so that a step of inference moves what they say.
  """
  trunk = shallow_network(synchronized, dropout_rate)
  features = keras.layers.Activation("relu")(trunk.get_layer("head_dropout").output)
  head = dual_head.DualHead(CLASSES, name=dual.HEAD, step_size=0.1)
  network = keras.Model(trunk.input, head([features, trunk.input]))
  for variable in head.trainable_variables:
    variable.assign(20 * variable)
  return {"networks": {"segmenter": built("light_dual", network)}}


def shallow_depth(synchronized=False, dropout_rate=0.0, num_classes=0):
  """Returns the trunk of `shallow_network` with two disparities, and with scores if asked for."""
  x = images = keras.Input((None, None, 3))
  sizes = [images]
  for index in range(3):
    x = keras.layers.Conv2D(8, 3, 2, "same", use_bias=False, name=f"conv{index}")(x)
    x = norms.batch_norm(norms.TRAIN, f"bn{index}", synchronized=synchronized)(x)
    x = keras.layers.ReLU()(x)
    sizes.append(x)
  x = keras.layers.Activation("linear", name=depth_encoder.feature_name(4))(x)
  x = dropout.StatelessDropout(dropout_rate, name="head_dropout")(x)
  deep = keras.layers.Conv2D(1, 1, dtype="float32", name="head_disparity")(x)
  outputs = {}
  for scale in range(2):
    disparity = unet_layers.BilinearLike(dtype="float32")([deep, sizes[scale]])
    disparity = keras.layers.Activation("sigmoid", dtype="float32")(disparity)
    outputs[f"disparity_{scale}"] = OnGrid(256.0, dtype="float32")(disparity)
  if num_classes:
    for name, size in ((multitask_decoder.SCORES, images),
                       (multitask_decoder.SIDE_SCORES, sizes[2])):
      scores = keras.layers.Conv2D(num_classes, 1, dtype="float32", name=f"head_{name}")(x)
      outputs[name] = OnGrid(dtype="float32")(
          unet_layers.BilinearLike(dtype="float32")([scores, size]))
  return keras.Model(images, outputs)


def shallow_pose():
  """Returns a pose network: pairs in, motions on a grid out; it starts in motion."""
  x = frames = keras.Input((None, None, 6))
  for index in range(2):
    x = keras.layers.Conv2D(8, 5, 4, "same", activation="elu", name=f"conv{index}")(x)
  start = [0.3, -0.4, 0.2, 0.8, 0.3, -2.0]
  x = keras.layers.Conv2D(6, 1, dtype="float32", name="head_motion",
                          bias_initializer=lambda shape, dtype=None: tf.constant(start, dtype))(x)
  motion = pose_network.MeanMotion(1, dtype="float32")(x)
  network = keras.Model(frames, {
      name: OnGrid(1e5, dtype="float32")(value) for name, value in motion.items()})
  return contexts.Built(network, networks.network_record("light_pose"))


def depth_predictor(synchronized=False, dropout_rate=0.0, pose=True, reference=False):
  """Returns the shallow network of depth, and what else its method has."""
  network = shallow_depth(synchronized, dropout_rate)
  made = {"depth": built("light_depth", network, "disparity_0")}
  if pose:
    made["pose"] = shallow_pose()
  if reference:  # Other features to stay near.
    made["reference"] = dataclasses.replace(
        made["depth"], model=keras.models.clone_model(network), trained=False)
  return {"networks": made}


def log_depth_predictor(synchronized=False, dropout_rate=0.0):
  """Returns the shallow network of depth with log depth for an answer, under a hourglass's name."""
  network = shallow_depth(synchronized, dropout_rate)
  answer = keras.layers.Lambda(lambda x: 3.0 * x, dtype="float32")(network.output["disparity_0"])
  return {"networks": {"depth": built(
      "light_hourglass", keras.Model(network.input, answer, name="log_depth"))}}


def multitask_predictor(synchronized=False, dropout_rate=0.0, pose=True):
  """Returns the shallow network of both tasks, and what else its method has."""
  network = shallow_depth(synchronized, dropout_rate, CLASSES)
  made = {"multitask": built("light_multitask", network, multitask_decoder.SCORES)}
  return {"networks": {**made, **({"pose": shallow_pose()} if pose else {})}}


def video_batch(step):
  """Returns eight samples of 32x48 with neighbours, depth, disparity, masks, in part.

  Frames are the picture, moved by a pixel or two. Samples 3 and 5 have no neighbours, sample 6 has
  one; the halves of the batch have unequal counts of everything.
  """
  random = np.random.RandomState(step)
  coarse = random.randint(0, 255, (8, 6, 8, 3))
  image = tf.image.resize(tf.constant(coarse, tf.float32), (32, 48), "bicubic").numpy()
  image = np.clip(image, 0, 255).astype(np.uint8)
  offsets = np.array([[-1, 1]] * 8, np.int32)
  offsets[[3, 5]] = 0
  offsets[6, 1] = 0
  supervision = np.array([15, 7, 8, 0, 8, 1, 15, 7], np.int32)
  depth = random.uniform(0.5, 5, (8, 32, 48)).astype(np.float32)
  depth[:, :6] = 0
  valid = np.ones([8, 32, 48], bool)
  valid[1, 25:] = valid[6, :, 30:] = False
  masks = (image[..., 0] // 64).astype(np.uint8)
  masks[:, :3] = fields.IGNORE_LABEL
  disparity = (image[..., 1] / 255).astype(np.float32)
  disparity[5] = 0
  return {
      fields.IMAGE: image,
      fields.FRAMES: np.stack([np.roll(image, 2, 2), np.roll(image, -1, 2)], 1),
      fields.FRAME_OFFSETS: offsets,
      fields.INTRINSICS: np.array([[[30, 0, 23.5], [0, 30, 15.5], [0, 0, 1]]] * 8, np.float32),
      fields.DEPTH: depth,
      fields.DISPARITY: disparity,
      fields.MASK: np.where(valid, masks, fields.IGNORE_LABEL).astype(np.uint8),
      fields.SUPERVISION: supervision,
      fields.PART: (supervision % 8 < 7).astype(np.int32),
      fields.VALID: valid,
      fields.SAMPLE_KEY: np.stack([np.arange(8), np.full(8, step)], 1).astype(np.int32),
  }


@dataclasses.dataclass(frozen=True)
class Method:
  """One registered method.

  Attributes:
    name: key of the registry; several rows may show one method.
    variant: what tells them apart.
    networks: function of (synchronized, dropout_rate) that returns fields of the method's context:
      its networks, and how parts read them.
    options: its own options.
    batch: function of a step that returns a batch with samples of every supervision.
    rate: learning rate.
    slow: too heavy for every run of the tests.
    no_xla: why its step cannot be compiled with XLA; empty = it can.
    tolerance: of eager = graph = XLA and of 1 = 2 replicas after some steps, absolute.
  """
  name: str
  variant: str = ""
  networks: Callable = shallow_predictor
  options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  batch: Callable = segmentation_batch
  rate: float = 0.05
  slow: bool = False
  no_xla: str = ""
  tolerance: float = 2e-6

  @property
  def label(self):
    """Name of the row."""
    return f"{self.name} {self.variant}".strip()

  @property
  def learns_from_labels(self):
    """Whether it learns from labels at all."""
    return bool(methods.method_class(self.name).needed(self.options))

  def build(self, seed=1, synchronized=False, dropout_rate=0.0, accumulation=1):
    """Returns the method, ready to take a step."""
    keras.utils.set_random_seed(seed)
    context = contexts.Context(
        parts=("mask", "weak"), part_weights=(0.7, 0.3), seed=5, accumulation=accumulation,
        **self.networks(synchronized, dropout_rate))
    method = methods.method_class(self.name)(context, **self.options)
    if hasattr(method, "video_loss"):
      # XLA takes seconds per device and size; its own test compares it with what runs here.
      # pylint: disable=protected-access
      method.video_loss._loss = photometric.reprojection_loss
      method.video_loss._align_motion = alignment.align_motion
    method.prepare(lambda variables, name="": updates.Updater(
        variables, lambda m: keras.optimizers.SGD(self.rate * m, momentum=0.9),
        [] if name else [updates.Rule("head_", 2.0)], weight_decay=1e-3))
    return method


# Rows that are slow share all their code but the labels with one that is not: those of boxes with
# `bbox_em_fixed`, `em_fixed` with its joint form, label maps with masks.
METHODS = tuple(Method(name, slow=name in ("em_fixed", "bbox_rect", "bbox_seg")) for name in (
    "supervised", "em_fixed", "em_adapt", "bbox_rect", "bbox_seg", "bbox_em_fixed")) + tuple(
        # Parts are read alike whatever the method.
        Method(name, "joint", joint_predictor, batch=joint_batch, slow=name == "supervised")
        for name in ("supervised", "em_fixed"))

METHODS += (
    Method("self_supervised_depth", "", depth_predictor, {"smoothness": 0.1}, video_batch,
           rate=0.5),
    Method("self_supervised_depth", "features",
           functools.partial(depth_predictor, reference=True),
           {"feature_distance": 0.01, "average": True, "auto_mask": False, "symmetric": True,
            "align": 1}, video_batch, slow=True),
    Method("supervised_depth", "", functools.partial(depth_predictor, pose=False),
           batch=video_batch, slow=True),
    Method("supervised_depth", "berhu", functools.partial(depth_predictor, pose=False),
           {"loss": "berhu"}, video_batch, slow=True),
    Method("supervised_depth", "log_depth", log_depth_predictor,
           {"ordinal_weight": 0.3, "ordinal_pairs": 20}, video_batch, rate=0.005,
           tolerance=1e-5),  # XLA's exp and log differ by some 1e-6.
    Method("joint_depth", "", multitask_predictor, batch=video_batch, slow=True),
    Method("joint_depth", "teacher", functools.partial(multitask_predictor, pose=False),
           {"depth_from": "teacher"}, video_batch),
    Method("object_network", "", object_predictor, batch=object_batch),
    Method("object_network", "sum", object_predictor, {"reduction": "sum"}, object_batch,
           rate=2e-3, slow=True),
    Method("tag_labels", batch=diffused_batch, slow=True),
    Method("adversarial", "", critic_predictor, {"strength": 0.5}, diffused_batch),
    Method("adversarial", "product", functools.partial(critic_predictor, encoding="product"),
           {"strength": 0.5}, diffused_batch, slow=True),
    # Pairs in groups of two: halves of a batch are then mixed as the whole is.
    Method("mean_teacher", "", functools.partial(with_teacher, shallow_predictor),
           {"group": 2, "threshold": 0.3, "alpha": 0.9}),
    Method("mean_teacher", "depthmix", functools.partial(with_teacher, shallow_predictor),
           {"group": 2, "threshold": 0.3, "mixing": "depthmix", "mixed": "unlabelled",
            "statistics": "ema", "weighting": "pixel", "over": "known", "views": 2,
            "feature_weight": 0.5},
           disparity_batch, slow=True),
    Method("joint_mean_teacher", "",
           functools.partial(with_teacher, multitask_predictor, pose=False),
           {"group": 2, "threshold": 0.3, "mixing": "depthmix", "depth_from": "teacher"},
           video_batch, slow=True),
    Method("tags", "", tag_predictor, batch=tag_batch),
    Method("tags", "softmax", tag_predictor, {"activation": "softmax", "labels": "noisy_tags"},
           tag_batch, slow=True),
    Method("dual", "", dual_predictor, slow=True),
    Method("dual", "semi", dual_predictor, {
        "stage": "semi", "labels": "noisy_tags", "inference_steps": 2}, tag_batch),
    *(Method("dual", stage, dual_predictor, {"stage": stage}, slow=True)
      for stage in ("labels", "image")),
)


def network_predictor(row):
  """Returns the function that builds the network of a row and its predictor for a method."""
  def build(synchronized=False, dropout_rate=0.0):
    given = {"synchronized_batch_norm": True} if synchronized else {}
    predictor, network = row.build(dropout_rate=dropout_rate, **given)
    return {"networks": {"segmenter": contexts.Built(
        network, networks.network_record(row.name), predictor, predictor)}}
  return build


# Deep networks, whose rounding has to be measured before replicas can be compared: they go through
# that suite alone. Labels are those of every pixel.
DEEP = tuple(
    Method("supervised", row.name, network_predictor(row))
    for row in NETWORKS if row.name in ("unet", "light_unet"))


def as_tensors(batch):
  """Returns the batch as constants."""
  return {name: tf.constant(value) for name, value in batch.items()}


def with_garbage(batch, seed=0):
  """Returns the batch with random values in every label that a sample does not grant."""
  random = np.random.RandomState(seed)
  dirty = {}
  for name, value in batch.items():
    granted = np.array([fields.may_read(name, flags) for flags in batch[fields.SUPERVISION]])
    if name in (fields.TAGS, fields.NOISY_TAGS):
      noise = 1 - value
    elif value.dtype.kind in "iu":
      noise = random.randint(0, CLASSES, value.shape)
    else:
      noise = random.rand(*value.shape)
    keep = granted.reshape([-1] + [1] * (value.ndim - 1))
    dirty[name] = np.where(keep, value, noise).astype(value.dtype)
  return dirty
