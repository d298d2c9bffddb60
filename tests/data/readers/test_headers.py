"""Headers of image files against Pillow."""
import numpy as np
import pytest

from keras_weakseg.data.readers import headers

Image = pytest.importorskip("PIL.Image", reason="Pillow writes the test images")


@pytest.mark.parametrize("mode, kind", [("L", "grey"), ("RGB", "RGB"), ("RGBA", "RGBA"),
                                        ("P", "palette"), ("LA", "grey with alpha")])
def test_png(tmp_path, mode, kind):
  image = Image.new(mode, (7, 5))
  if mode == "P":
    image.putpalette(list(range(256)) * 3)
  image.save(tmp_path / "a.png")
  assert headers.read_header(tmp_path / "a.png") == headers.Header("png", (5, 7), kind, 8, 1, True)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"icc_profile": b"x" * 200000}])
@pytest.mark.parametrize("mode, kind", [("L", "grey"), ("RGB", "RGB"), ("CMYK", "CMYK")])
def test_jpeg(tmp_path, mode, kind, options):
  Image.new(mode, (70, 50)).save(tmp_path / "a.jpg", **options)
  assert headers.read_header(tmp_path / "a.jpg") == headers.Header(
      "jpeg", (50, 70), kind, 8, 1, True)


@pytest.mark.parametrize("orientation", [1, 3, 8])
def test_orientation(tmp_path, orientation):
  exif = Image.Exif()
  exif[0x010F], exif[0x0112] = "maker", orientation
  Image.new("RGB", (7, 5)).save(tmp_path / "a.jpg", exif=exif)
  assert headers.read_header(tmp_path / "a.jpg").orientation == orientation


def test_damaged_exif_is_no_orientation(tmp_path):
  Image.new("RGB", (7, 5)).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\0")
  assert headers.read_header(tmp_path / "a.jpg").orientation == 1


def test_sixteen_bits_and_truncation(tmp_path):
  Image.fromarray(np.zeros((5, 7), np.uint16)).save(tmp_path / "a.png")
  assert headers.read_header(tmp_path / "a.png").bits == 16
  Image.new("RGB", (70, 50)).save(tmp_path / "b.jpg")
  contents = (tmp_path / "b.jpg").read_bytes()
  for cut in (1, 3, len(contents) // 2, len(contents) - 2):
    (tmp_path / "b.jpg").write_bytes(contents[:cut])
    assert not headers.read_header(tmp_path / "b.jpg").complete or cut == 1
  (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
  assert not headers.read_header(tmp_path / "c.png").complete


def test_real_photographs_match_pillow(shared_data):
  for path in sorted((shared_data("voc_animals") / "JPEGImages").glob("*.jpg"))[:20]:
    header = headers.read_header(path)
    assert header.size == Image.open(path).size[::-1] and header.complete and header.bits == 8
