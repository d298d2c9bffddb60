"""The first frame of an animation is that of the whole file, and the rest is not decoded."""
import io

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import gif_frames
from keras_weakseg.ops import image_formats

Image = pytest.importorskip("PIL.Image", reason="Pillow writes the test images")


def animation(frames, **options):
  random = np.random.RandomState(0)
  pictures = [Image.fromarray(random.randint(0, 255, (30, 41, 3)).astype(np.uint8)).quantize(9)
              for _ in range(frames)]
  file = io.BytesIO()
  pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], **options)
  return file.getvalue()


@pytest.fixture(scope="module")
def first_frame():
  function = tf.function(gif_frames.first_frame, input_signature=[tf.TensorSpec([], tf.string)])
  return lambda contents: function(contents)[1]


@pytest.mark.parametrize("options", [{}, {"comment": b"!," * 300}, {"duration": 3, "loop": 0}])
def test_it_is_the_first_of_the_whole(first_frame, options):
  content = animation(5, **options)
  cut = first_frame(content).numpy()
  assert len(cut) < len(content) / 2 and cut.endswith(b";")
  wanted = tf.io.decode_image(content, 3, expand_animations=False)
  np.testing.assert_array_equal(image_formats.decode(tf.constant(content)), wanted)
  np.testing.assert_array_equal(tf.io.decode_image(cut, 3, expand_animations=False), wanted)
  assert first_frame(cut).numpy() == cut


def test_damaged_files_end(first_frame):
  content = animation(2)
  for length in (0, 5, 10, 13, 400, len(content) - 3):
    assert len(first_frame(content[:length]).numpy()) <= length + 1
  assert first_frame(content[:800] + b"\xff" * 9000).numpy()


def test_the_decoder_never_sees_the_other_frames(monkeypatch):
  seen = []
  decode = tf.io.decode_image
  monkeypatch.setattr(tf.io, "decode_image", lambda contents, **options: (
      seen.append(len(contents.numpy())), decode(contents, **options))[1])
  content = animation(50)
  image_formats.decode(tf.constant(content))
  assert seen[0] < len(content) / 20
