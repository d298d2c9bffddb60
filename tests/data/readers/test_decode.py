"""Decoding: indices as stored, one orientation rule, refusals that name the sample."""
import io
import zlib

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import source

Image = pytest.importorskip("PIL.Image", reason="Pillow writes the test images")


def encode(image, form="PNG", **options):
  file = io.BytesIO()
  image.save(file, form, **options)
  return file.getvalue()


def palette_png(indices, colours, **options):
  image = Image.fromarray(indices, "P")
  image.putpalette(list(colours))
  return encode(image, **options)


def run(function, contents):
  """Runs a decoder inside a pipeline and returns the array, or raises the error of the house."""
  try:
    return next(iter(source.mapped(tf.data.Dataset.from_tensors(contents), function))).numpy()
  except tf.errors.OpError as error:
    raise decode.house_error(error) or error


@pytest.fixture
def random():
  return np.random.default_rng(0)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("options", [{}, {"transparency": 0}, {"transparency": b"\x01\x02"}])
def test_palette_png_gives_stored_indices_at_any_depth(random, bits, options):
  indices = random.integers(0, 2 ** bits, (13, 17)).astype(np.uint8)
  contents = palette_png(indices, random.integers(0, 256, 3 * 2 ** bits), bits=bits, **options)
  assert (contents[24], contents[25]) == (bits, 3)
  np.testing.assert_array_equal(run(decode.decode_index_png, contents), indices)


def test_palette_with_equal_colours_keeps_the_indices_apart(random):
  indices = random.integers(0, 256, (9, 9)).astype(np.uint8)
  np.testing.assert_array_equal(
      run(decode.decode_index_png, palette_png(indices, [7] * 768)), indices)


def test_grey_and_bilevel_png_give_stored_values(random):
  grey = random.integers(0, 256, (5, 8)).astype(np.uint8)
  np.testing.assert_array_equal(run(decode.decode_index_png, encode(Image.fromarray(grey))), grey)
  bits = grey > 99
  np.testing.assert_array_equal(run(decode.decode_index_png, encode(Image.fromarray(bits))), bits)


def test_real_masks_equal_pillow(shared_data):
  for path in sorted((shared_data("voc_animals") / "SegmentationClassAug").glob("*.png"))[:20]:
    np.testing.assert_array_equal(
        decode.decode_index_png(tf.io.read_file(str(path))), np.array(Image.open(path)))


@pytest.mark.parametrize(
    "mode, kind", [("RGB", "RGB"), ("RGBA", "RGBA"), ("LA", "grey with alpha")])
def test_pictures_in_place_of_masks_are_refused(mode, kind):
  with pytest.raises(ValueError, match=rf"'a7' is not an index mask(.|\n)*Received: {kind}"):
    run(lambda c: decode.decode_mask(c, 3, "a7"), encode(Image.new(mode, (4, 4))))


@pytest.mark.parametrize("contents", [b"", b"\xff\xd8", b"GIF89a" * 20])
def test_other_files_in_place_of_masks_are_refused(contents):
  with pytest.raises(ValueError, match="(?s)is not an index mask.*not a PNG"):
    run(lambda c: decode.decode_mask(c, 3, "a7"), contents)


def test_sixteen_bit_files_are_refused_with_the_fix():
  contents = encode(Image.fromarray(np.full((4, 4), 60000, np.uint16)))
  with pytest.raises(ValueError, match="(?s)'a7' has 16 bits.*Convert it"):
    run(lambda c: decode.decode_image(c, "a7"), contents)
  with pytest.raises(ValueError, match="16 bits"):
    run(lambda c: decode.decode_mask(c, 3, "a7"), contents)


def test_labels_outside_of_the_classes_are_refused_by_value():
  mask = np.array([[0, 1, 255], [7, 4, 7]], np.uint8)
  with pytest.raises(ValueError, match=r"(?s)'a7'.*0\.\.2 or 255. Received: 4, 7\.\n.*remap"):
    run(lambda c: decode.decode_mask(c, 3, "a7"), encode(Image.fromarray(mask)))


def test_remap_comes_before_the_check():
  mask = np.array([[0, 40, 255], [80, 3, 40]], np.uint8)
  table = np.full(256, 255, np.uint8)
  table[[0, 40, 80]] = 0, 1, 2
  found = run(lambda c: decode.decode_mask(c, 3, "a", table), encode(Image.fromarray(mask)))
  np.testing.assert_array_equal(found, [[0, 1, 255], [2, 255, 1]])


def test_mask_of_another_size_is_refused():
  contents = encode(Image.fromarray(np.zeros((4, 6), np.uint8)))
  with pytest.raises(ValueError, match="(?s)another size.*5x6.*Received: 4x6"):
    run(lambda c: decode.decode_mask(c, 3, "a", image_shape=[5, 6, 3]), contents)


def test_images_become_rgb(random):
  pixels = random.integers(0, 256, (4, 6, 4)).astype(np.uint8)
  rgba = run(decode.decode_image, encode(Image.fromarray(pixels)))
  np.testing.assert_array_equal(rgba, pixels[..., :3])
  grey = run(decode.decode_image, encode(Image.fromarray(pixels[..., 0])))
  np.testing.assert_array_equal(grey, np.repeat(pixels[..., :1], 3, -1))


def test_exif_orientation_is_ignored():
  image = Image.fromarray(np.zeros((4, 6, 3), np.uint8))
  exif = Image.Exif()
  exif[0x0112] = 6
  assert run(decode.decode_image, encode(image, "JPEG", exif=exif)).shape == (4, 6, 3)


def test_tags_from_mask_count_background_and_not_ignore():
  mask = tf.constant([[2, 255], [2, 2]], tf.uint8)
  assert decode.tags_from_mask(mask, 4).numpy().tolist() == [1, 0, 1, 0]


def test_house_error_leaves_other_errors_alone():
  assert decode.house_error(tf.errors.InvalidArgumentError(None, None, "Invalid JPEG")) is None


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_disparity_has_the_range_of_its_file(random, kind):
  largest = np.iinfo(kind).max
  stored = random.integers(0, largest + 1, (7, 9)).astype(kind)
  stored[0, :2] = 0, largest
  contents = tf.io.encode_png(stored[..., None]).numpy()
  disparity = run(decode.decode_disparity, contents)
  assert disparity.dtype == np.float32 and (disparity.min(), disparity.max()) == (0, 1)
  np.testing.assert_allclose(disparity, stored / largest, atol=1e-7)
  np.testing.assert_array_equal(np.rint(disparity * largest), stored)


def test_disparity_that_does_not_fit_names_the_sample(random):
  grey = random.integers(0, 256, (7, 9)).astype(np.uint8)
  decoder = lambda contents: decode.decode_disparity(contents, "a1", tf.constant([7, 9, 3]))
  np.testing.assert_allclose(run(decoder, encode(Image.fromarray(grey))), grey / 255, atol=1e-7)
  colours = Image.fromarray(np.repeat(grey[..., None], 3, 2))
  files = [encode(colours), palette_png(grey, [7] * 768), encode(colours, "JPEG"), b""]
  for contents, text in [(encode(Image.fromarray(grey[:6])), "Received: 6x9"),
                         *((file, "no grey PNG") for file in files)]:
    with pytest.raises(ValueError, match=f"of 'a1' does not fit its image(.|\n)*{text}"):
      run(decoder, contents)


def test_a_mask_that_is_a_jpeg_is_named_in_a_graph(tmp_path):
  """Beyond the masks that are looked at: the decoder divided by zero before it could say so."""
  jpeg = tf.io.encode_jpeg(tf.zeros([8, 9, 3], tf.uint8)).numpy()
  (tmp_path / "a.png").write_bytes(jpeg)
  data = tf.data.Dataset.from_tensors(str(tmp_path / "a.png")).map(
      lambda path: decode.decode_mask(tf.io.read_file(path), 3, "a"))
  for _ in range(5):
    with pytest.raises(tf.errors.OpError) as caught:
      list(data)
    assert "The mask of 'a' is not an index mask" in str(decode.house_error(caught.value))


def test_a_jpeg_that_was_cut_off_and_closed_is_refused(random):
  tiles = np.kron(random.integers(0, 255, (12, 9, 3)), np.ones((8, 8, 1))).astype(np.uint8)
  content = encode(Image.fromarray(tiles), "JPEG")
  run(lambda contents: decode.decode_image(contents, "a"), content)
  cut = content[:len(content) * 2 // 3].rstrip(b"\xff") + b"\xff\xd9"
  with pytest.raises(ValueError, match="(?s)The image of 'a' is cut off.*Replace the file"):
    run(lambda contents: decode.decode_image(contents, "a"), cut)
  tiles[-8:] = 128  # photographed
  run(lambda contents: decode.decode_image(contents, "a"), encode(Image.fromarray(tiles), "JPEG"))


def claimed(form, height, width):
  """Returns a file that claims to be of some size; it holds next to nothing."""
  content = bytearray(encode(Image.fromarray(np.zeros((8, 8), np.uint8)), form))
  sides = [side.to_bytes(size, order) for side in (width, height) for size, order in (
      ((4, "big") if form == "PNG" else (4, "little") if form == "BMP" else (2, "little")),)]
  place = {"PNG": 16, "BMP": 18, "GIF": content.find(b",\0\0\0\0\x08\0") + 5}.get(form)
  if form == "JPEG":
    place, sides = content.find(b"\xff\xc0") + 5, [
        side.to_bytes(2, "big") for side in (height, width)]
  content[place:place + len(b"".join(sides))] = b"".join(sides)
  if form == "PNG":
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
  return bytes(content)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF"])
def test_what_claims_more_pixels_than_memory_holds_is_refused_by_its_header(form):
  read = lambda contents: decode.decode_image(contents, "a")
  with pytest.raises(ValueError, match="(?s)'a' is too large.*at most 67108864.*144000000.*tiles"):
    run(read, claimed(form, 12000, 12000))
  run(read, claimed(form, 8, 8))


def test_large_masks_and_disparity_are_refused_by_their_headers():
  content = claimed("PNG", 12000, 12000)
  for read in (lambda contents: decode.decode_mask(contents, 3, "a"),
               lambda contents: decode.decode_disparity(contents, "a")):
    with pytest.raises(ValueError, match="(?s)'a' is too large.*at most 67108864.*144000000"):
      run(read, content)
  small = lambda contents: decode.decode_index_png(contents, "a", largest=64)
  assert run(small, claimed("PNG", 8, 8)).shape == (8, 8)
  large = encode(Image.fromarray(np.zeros((5, 13), np.uint8)))
  for read in (small, lambda contents: decode.decode_image(contents, "a", largest=64)):
    with pytest.raises(ValueError, match="at most 64"):
      run(read, large)


def test_a_progressive_jpeg_that_lacks_scans_is_refused(random):
  tiles = np.kron(random.integers(0, 255, (12, 9, 3)), np.ones((8, 8, 1))).astype(np.uint8)
  content = encode(Image.fromarray(tiles), "JPEG", progressive=True)
  run(lambda contents: decode.decode_image(contents, "a"), content)
  first = content.index(b"\xff\xda")
  end = content.index(b"\xff\xc4", first)  # the tables of the second scan
  for place in ((first + end) // 2 + 8, end):
    with pytest.raises(ValueError, match="(?s)The image of 'a' is cut off.*lacks a part"):
      run(lambda contents: decode.decode_image(contents, "a"),
          content[:place].rstrip(b"\xff") + b"\xff\xd9")
