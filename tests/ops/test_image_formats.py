"""One rule for image files, on the host and in graphs, against Pillow."""
import io

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import image_formats as formats

Image = pytest.importorskip("PIL.Image", reason="Pillow writes the test images")


def coloured(height=6, width=9):
  return Image.fromarray(
      np.random.RandomState(width).randint(0, 255, (height, width, 3)).astype(np.uint8))


def encoded(image, kind, **options):
  buffer = io.BytesIO()
  image.save(buffer, kind, **options)
  return buffer.getvalue()


@pytest.mark.parametrize("width", [5, 6, 8, 9])
@pytest.mark.parametrize("change", [
    lambda image: image.quantize(7), lambda image: image.quantize(200),
    lambda image: image.convert("L"), lambda image: image, lambda image: image.convert("RGBA")])
def test_bitmaps_have_the_colours_of_pillow(width, change):
  image = change(coloured(width=width))
  content = encoded(image, "BMP")
  assert formats.fault_of(content[:formats.HEAD]) == formats.FINE
  np.testing.assert_array_equal(formats.decode(tf.constant(content)), image.convert("RGB"))
  assert formats.bitmap_size(content) == (6, width) and not formats.may_be_cut(
      content[:formats.HEAD], content, len(content))


def test_a_bitmap_from_the_top_down(tmp_path):
  content = bytearray(encoded(coloured().quantize(7), "BMP"))
  content[22:26] = (-6).to_bytes(4, "little", signed=True)
  upright = np.asarray(coloured().quantize(7).convert("RGB"))
  np.testing.assert_array_equal(formats.decode(tf.constant(bytes(content))), upright[::-1])


FAULTS = {
    "webp": lambda: encoded(coloured(), "WEBP"), "one bit": lambda: encoded(
        coloured().convert("1"), "BMP"), "deep": lambda: encoded(Image.fromarray(
            np.zeros((4, 5), np.uint16)), "PNG"),
    "packed": lambda: b"".join([(bitmap := encoded(coloured().quantize(7), "BMP"))[:30],
                                b"\1\0\0\0", bitmap[34:]]),
    "os/2": lambda: (bitmap := encoded(coloured(), "BMP"))[:14] + b"\x0c\0\0\0" + bitmap[18:]}


@pytest.mark.parametrize("case", FAULTS)
def test_host_and_graph_refuse_the_same(case):
  content = FAULTS[case]()
  fault = formats.fault_of(content[:formats.HEAD])
  assert fault in formats.REFUSED
  assert int(tf.function(formats.fault_in_graph)(tf.constant(content))) == fault
  assert formats.words_of(content[:formats.HEAD]) == formats.WORDS[fault]


@pytest.mark.parametrize("content, words", [
    (b"", "empty file"), (b"text", "no JPEG"), (b"MM\0*" + bytes(9), "TIFF, no JPEG"),
    (bytes(4) + b"ftypheic", "HEIC or a film, no JPEG"), (bytes(4) + b"ftypavif", "AVIF, no JPEG")])
def test_what_no_decoder_knows_is_left_to_it(content, words):
  assert formats.words_of(content).startswith(words)
  assert int(formats.fault_in_graph(tf.constant(content))) == formats.FINE
  with pytest.raises(tf.errors.InvalidArgumentError):
    formats.decode(tf.constant(content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
def test_an_end_that_is_missing_is_suspected_and_one_that_is_there_is_not(kind):
  content = encoded(coloured(30, 40), kind)
  suspected = lambda data: formats.may_be_cut(data[:formats.HEAD], data[-4096:], len(data))
  assert not suspected(content)
  assert all(suspected(content[:-cut]) for cut in (12, len(content) // 3))
