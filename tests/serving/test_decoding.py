"""Tests of `serving.decoding`: limits before decoding, broken images alone, known sizes."""
import io
import struct
import zlib

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.serving import client
from keras_weakseg.serving import decoding
from keras_weakseg.tasks import rest_depths, rest_masks


def png(pixels):
  return tf.io.encode_png(pixels).numpy()


def bomb(height, width):
  """Returns a PNG of a header that claims a size, and nothing else."""
  header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
  chunks = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
  return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.fixture(scope="module")
def tolerant(kit, predictor, tmp_path_factory):
  """The signatures of an artifact that answers broken images, of at most 4000 pixels."""
  path = kit.export(predictor, tmp_path_factory.mktemp("tolerant") / "tiny", max_pixels=4000,
                    broken_images="answer")
  return tf.saved_model.load(str(path)).signatures


def broken_batch(kit):
  good = [png(kit.random_image(30, 41)), png(kit.random_image(17, 60, 1))]
  jpeg = tf.io.encode_jpeg(kit.random_image(50, 60)).numpy()
  return {
      "good": good[0], "cut": jpeg[:len(jpeg) // 3], "empty": b"", "text": b"no picture",
      "large": bomb(12000, 12000), "too large": png(kit.random_image(80, 51)),
      "deep": tf.io.encode_png(tf.zeros([8, 8, 3], tf.uint16)).numpy(),
      "webp": b"RIFF\0\0\0\0WEBPVP8 " + bytes(60), "headless": b"\xff\xd8\xff" + bytes(80),
      "good again": good[1]}


def test_one_broken_image_of_a_batch_answers_for_itself(kit, predictor, tolerant):
  batch = broken_batch(kit)
  answer = {name: value.numpy() for name, value in tolerant["serving_default"](
      image_bytes=tf.constant(list(batch.values()))).items()}
  statuses = dict(zip(batch, client.statuses(answer)))
  assert {name for name, status in statuses.items() if not status} == {"good", "good again"}
  assert "has more pixels" in statuses["large"] and "144000000" in statuses["large"]
  assert "at most 4000" in statuses["too large"] and "4080" in statuses["too large"]
  assert "16 bits" in statuses["deep"] and "WebP" in statuses["webp"]
  evaluator = kit.segmentation_model(predictor)
  for name, (mask, ids) in zip(batch, rest_masks(answer)):
    if statuses[name]:
      assert mask.shape == (0, 0) and ids == []
    else:
      image = tf.io.decode_png(batch[name]).numpy()
      np.testing.assert_array_equal(mask, evaluator.mask(image[None])[0])


def test_clients_of_a_batching_server_do_not_see_each_other(kit, tolerant, batching):
  batch = list(broken_batch(kit).values())
  requests = [{"image_bytes": [contents]} for contents in batch]
  merged = batching(tolerant["serving_default"], requests, allowed_batch_size=16)
  for request, answer in zip(requests, merged):
    alone = tolerant["serving_default"](image_bytes=tf.constant(request["image_bytes"]))
    assert answer["mask_png_bytes"].tolist() == alone["mask_png_bytes"].numpy().tolist()
    assert client.statuses(answer) == client.statuses({
        name: value.numpy() for name, value in alone.items()})


def test_it_works_in_a_session_as_a_server_runs_it(kit, predictor, tmp_path):
  path = kit.export(predictor, tmp_path / "m", broken_images="answer", warmup=False)
  contents = [png(kit.random_image(30, 41)), b"no picture"]
  with tf.compat.v1.Session(graph=tf.Graph()) as session:
    graph = tf.compat.v1.saved_model.load(session, ["serve"], str(path))
    signature = graph.signature_def["serving_default"]
    status, masks = session.run(
        [signature.outputs[name].name for name in ("status", "mask_png_bytes")],
        {signature.inputs["image_bytes"].name: contents})
  assert status[0] == b"" and b"broken" in status[1]
  assert tf.io.decode_png(masks[0]).shape == (30, 41, 1) and masks[1] == b""


def test_depth_and_tags_answer_broken_images_too(kit, depth_predictor, tmp_path):
  path = kit.export_depth(depth_predictor, tmp_path / "m", broken_images="answer", warmup=False)
  answer = {name: value.numpy() for name, value in tf.saved_model.load(str(path)).signatures[
      "serving_default"](image_bytes=tf.constant([b"", png(kit.random_image(20, 30))])).items()}
  assert [depth.shape for depth in rest_depths(answer)] == [(0, 0), (20, 30)]
  assert [bool(status) for status in client.statuses(answer)] == [True, False]


def test_large_images_are_refused_by_their_header(kit, predictor, tmp_path):
  path = kit.export(predictor, tmp_path / "m", max_pixels=1000)
  loaded = tf.saved_model.load(str(path))
  ask = loaded.signatures["serving_default"]
  for contents in (bomb(12000, 12000), png(kit.random_image(20, 51))):
    with pytest.raises(tf.errors.InvalidArgumentError, match="more pixels.*at most 1000"):
      ask(image_bytes=tf.constant([contents]))
  assert ask(image_bytes=tf.constant([png(kit.random_image(20, 50))]))
  pixels = loaded.signatures["predict_images"]
  with pytest.raises(tf.errors.InvalidArgumentError, match="batch has more pixels.*Received: 1020"):
    pixels(images=tf.constant(np.stack([kit.random_image(17, 30, 1), kit.random_image(17, 30)])))
  assert loaded.signatures["metadata"]()["max_pixels"].numpy() == 1000
  row = loaded.signatures["metadata_rows"](names=tf.constant(["max_pixels"]))["documents"]
  assert row.numpy().tolist() == [b"1000"]


def test_the_default_limit_is_below_a_gigabyte_and_beyond_a_photograph(artifact, depth_artifact):
  for path, limit in ((artifact, 1 << 22), (depth_artifact, 1 << 24)):
    loaded = tf.saved_model.load(str(path))
    assert loaded.signatures["metadata"]()["max_pixels"].numpy() == limit
    with pytest.raises(tf.errors.InvalidArgumentError, match="more pixels"):
      loaded.signatures["serving_default"](image_bytes=tf.constant([bomb(12000, 12000)]))


def test_an_animation_is_answered_by_its_first_picture(kit, predictor, tolerant):
  frames = [Image.fromarray(kit.random_image(30, 41, seed)) for seed in range(9)]
  buffer = io.BytesIO()
  frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
  answer = tolerant["serving_default"](image_bytes=tf.constant([buffer.getvalue()]))
  first = tf.io.decode_gif(buffer.getvalue())[0].numpy()
  mask = tf.io.decode_png(answer["mask_png_bytes"][0])[..., 0]
  np.testing.assert_array_equal(mask, kit.segmentation_model(predictor).mask(first[None])[0])


def test_pixels_of_images_that_a_server_may_have_padded_are_refused(kit, artifact, batching):
  ask = tf.saved_model.load(str(artifact)).signatures["predict_images"]
  small, large = (kit.random_image(*size)[None] for size in ((40, 57), (64, 80)))
  with pytest.raises(tf.errors.InvalidArgumentError, match="true sizes.*cannot be known"):
    batching(ask, [{"images": large}, {"images": small}], pad=True)
  with pytest.raises(tf.errors.InvalidArgumentError, match="true sizes.*cannot be known"):
    batching(ask, [{"images": kit.random_image(64, 57)[None]}, {"images": large}], pad=True)
  found = batching(ask, [{"images": large}, {"images": large}], pad=True)
  np.testing.assert_array_equal(found[0]["mask"], ask(images=tf.constant(large))["mask"])


def test_only_borders_that_a_server_can_have_made_are_refused(kit, batching):
  ask = lambda images: {"images": decoding.check_sizes_known(tf.constant(images))}
  first, second = (kit.random_image(40, 57, seed).copy() for seed in (1, 2))
  first[0, 0, 0], second[0, 0, 0] = 3, 7
  first[-5:], second[:, -1] = 200, 0
  bordered = np.stack([first, second])
  np.testing.assert_array_equal(ask(bordered)["images"], bordered)
  # The value is that of the first image of a request, also for its second one.
  large = kit.random_image(64, 80)[None]
  with pytest.raises(tf.errors.InvalidArgumentError, match="true sizes.*cannot be known"):
    batching(lambda images: ask(images), [{"images": large}, {"images": bordered}], pad=True)
  first[-5:] = 3
  with pytest.raises(tf.errors.InvalidArgumentError, match="plain border.*one by one"):
    ask(np.stack([first, second]))
  np.testing.assert_array_equal(ask(first[None])["images"], first[None])


def test_a_plain_border_is_no_fault_where_the_size_is_known(kit, artifact, batching):
  ask = tf.saved_model.load(str(artifact)).signatures["predict_images"]
  image = kit.random_image(40, 57)[None].copy()
  image[:, -5:] = 0
  alone = ask(images=tf.constant(image))["mask"]
  dummies, = batching(ask, [{"images": image}], allowed_batch_size=4)
  np.testing.assert_array_equal(dummies["mask"], alone)


def test_no_limit_is_no_limit(kit):
  image = kit.random_image(30, 41)
  np.testing.assert_array_equal(decoding.decoded(png(image), 0), image)
  with pytest.raises(tf.errors.InvalidArgumentError, match="more pixels"):
    decoding.decoded(png(image), 30 * 41 - 1)
