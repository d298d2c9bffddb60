"""Sizes come from headers, are read once, and are those that somebody has just seen."""
import numpy as np

from keras_weakseg.data.readers import image_sizes


def test_sizes_of_every_format_and_of_none(tmp_path, png):
  for suffix in (".png", ".jpg", ".bmp"):
    png(tmp_path / f"a{suffix}", np.zeros((12, 16, 3), np.uint8))
  (tmp_path / "broken.jpg").write_bytes(b"no image")
  sizes = image_sizes.ImageSizes({path.name: str(path) for path in tmp_path.iterdir()}
                                 | {"gone": str(tmp_path / "gone.jpg")})
  assert [sizes.of(f"a{suffix}") for suffix in (".png", ".jpg", ".bmp")] == [(12, 16)] * 3
  assert sizes.of("broken.jpg") is None and sizes.of("gone") is None


def test_a_header_is_read_once(tmp_path, png):
  png(tmp_path / "a.png", np.zeros((12, 16, 3), np.uint8))
  sizes = image_sizes.ImageSizes({"a": str(tmp_path / "a.png"), "b": "gone"})
  assert sizes.of("a") == (12, 16)
  (tmp_path / "a.png").unlink()
  sizes.remember("b", np.array([3, 4]))
  sizes.remember("a", None)
  assert sizes.of("a") == (12, 16) and sizes.of("b") == (3, 4)
