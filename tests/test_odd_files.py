"""The tables of files in docs/files.md: the check, training, prediction and artifacts agree."""
import io
import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg.data.checks import check
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.pipeline import parts
from keras_weakseg.evaluation import inputs
from keras_weakseg.ops import images as image_ops

Image = pytest.importorskip("PIL.Image", reason="Pillow writes the test images")
PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "files.md"
TEXT = PAGE.read_text(encoding="utf-8")
SIZE = (24, 32)


def rows(kind):
  """Returns a dict of the first column to the second one of a table of the page."""
  table = TEXT.split(f"\n| {kind} | is |\n|---|---|\n")[1].split("\n\n")[0]
  return dict(re.fullmatch(r"\| (.*) \| (.*) \|", line).groups() for line in table.splitlines())


def picture(mode="RGB"):
  blocks = np.random.RandomState(0).randint(0, 255, (3, 4, 3))
  return Image.fromarray(np.kron(blocks, np.ones((8, 8, 1))).astype(np.uint8)).convert(mode)


def encoded(image, kind, **options):
  buffer = io.BytesIO()
  image.save(buffer, kind, **options)
  return buffer.getvalue()


def mask(mode="L"):
  return Image.fromarray((np.arange(24 * 32).reshape(SIZE) // 8 % 3).astype(np.uint8)).convert(mode)


def palette_bitmap():
  return encoded(picture().quantize(9), "BMP")


def packed_bitmap():
  return palette_bitmap()[:30] + b"\1\0\0\0" + palette_bitmap()[34:]


JPEG, PNG = encoded(picture(), "JPEG", quality=95), encoded(picture(), "PNG")
DEEP = encoded(Image.fromarray(np.zeros(SIZE, np.uint16)), "PNG")
MASK = encoded(mask(), "PNG")
# Row of the table: {file name: contents}.
IMAGES = {
    "JPEG, PNG, BMP or GIF with 8 bits per channel": {
        "x.jpg": JPEG, "x.jpeg": JPEG, "x.png": PNG, "x.bmp": encoded(picture(), "BMP"),
        "x.gif": encoded(picture(), "GIF", save_all=True, append_images=[picture().rotate(180)])},
    "grey, palette, RGBA or CMYK image": {
        "x.png": encoded(picture("L"), "PNG"), "x1.png": encoded(picture().quantize(9), "PNG"),
        "x2.png": encoded(picture("RGBA"), "PNG"), "x.jpg": encoded(picture("CMYK"), "JPEG"),
        "x3.png": encoded(picture("1"), "PNG"), "x4.png": encoded(picture("LA"), "PNG")},
    "palette BMP": {"x.bmp": palette_bitmap(), "x1.bmp": encoded(picture("L"), "BMP")},
    "data behind the end of a JPEG or PNG (motion photographs, zeros)": {
        "x.jpg": JPEG + bytes(9000), "x1.jpg": JPEG + b"\0\0\0\x18ftypmp42" + b"film" * 3000,
        "x2.jpg": JPEG[:-2] + b"\xff" * 5 + JPEG[-2:], "x.png": PNG + bytes(9000),
        "x3.jpg": JPEG[:2] + b"\xff\xff" + JPEG[2:], "x4.jpg": JPEG + JPEG},
    "JPEG in a file called .png, or the other way round": {
        "x.png": JPEG, "x.jpg": PNG, "x1.bmp": JPEG},
    "image that is cut off or damaged": {
        "x.jpg": JPEG[:len(JPEG) // 2], "x1.jpg": JPEG[:-2], "x.png": PNG[:len(PNG) // 2],
        "x1.png": PNG[:-12], "x2.png": PNG[:60] + b"\7" * 9 + PNG[69:],
        "x.bmp": palette_bitmap()[:-9], "x2.jpg": b"", "x.gif": encoded(picture(), "GIF")[:-200]},
    "image with 16 bits per channel": {"x.png": DEEP, "x.jpg": DEEP},
    "BMP of 1, 4 or 16 bits, or compressed": {
        "x.bmp": encoded(picture("1"), "BMP"), "x.jpg": packed_bitmap()},
    "WebP, TIFF, HEIC or text in a file called .jpg": {
        "x.jpg": encoded(picture(), "WEBP"), "x1.jpg": encoded(picture(), "TIFF"),
        "x2.jpg": bytes(4) + b"ftypheic" + bytes(99), "x3.jpg": b"this is text" * 9},
    "file that ends in .webp, .tif, .heic or the like": {
        "x.webp": encoded(picture(), "WEBP"), "x.tif": encoded(picture(), "TIFF"), "x.heic": b"?"},
}
MASKS = {
    "PNG of class ids, grey or palette, 1 to 8 bits": {
        "x.png": MASK, "x1.png": encoded(mask("P"), "PNG"),
        "x2.png": encoded(mask("P"), "PNG", bits=2)},
    "data behind the end of a PNG mask": {"x.png": MASK + bytes(9000)},
    "colours, alpha or 16 bits": {
        "x.png": encoded(mask("RGB"), "PNG"), "x1.png": encoded(mask("LA"), "PNG"), "x2.png": DEEP},
    "JPEG, BMP or other contents in a file called .png": {
        "x.png": encoded(mask(), "JPEG"), "x1.png": encoded(mask(), "BMP"), "x2.png": b"text",
        "x3.png": MASK[:-30]},
    "mask that ends in .jpg, .bmp, .npy or the like": {
        "x.jpg": encoded(mask(), "JPEG"), "x.bmp": encoded(mask(), "BMP"), "x.npy": b"?"},
}


def verdict_of(outcome):
  return outcome.split()[0].strip(",;").replace("converted", "taken")


def folder_of(root, file, content, kind):
  """Writes a good sample `a`, and one with the odd file; returns the source."""
  for place in ("images", "masks"):
    (root / place).mkdir()
    (root / place / "a.png").write_bytes(PNG if place == "images" else MASK)
  (root / kind / file).write_bytes(content)
  if kind == "masks":
    (root / "images" / f"{file.split('.')[0]}.png").write_bytes(PNG)
  (root / "classes.txt").write_text("background\ncat\ndog\n")
  return data.Folder(root, held_out=0)


def check_verdict(source, name, quick):
  report = check.check_data(source, ["train"], quick=quick)
  named = [problem for problem in report.problems if f"{name}" in problem.what.split(": ", 1)[1]]
  return report.ok, " ".join(f"{problem.severity} {problem.what}" for problem in named)


def trained(source, ids):
  """Returns the samples that training reads, or None where one cannot be read."""
  try:
    return list(broken.read_samples(source, "train", ids))
  except ValueError as error:
    assert "Expected: " in str(error) and ids[0] in str(error)
    return None


def predicted(path):
  """Returns the pixels that prediction reads, or None."""
  try:
    paths = inputs.find_images(path)
    inputs.check_images(paths)
    return [image.numpy() for _, _, image in inputs.decoded(paths)][0]
  except (ValueError, FileNotFoundError) as error:
    assert "Expected: " in str(error)
    return None


def cases(table):
  """Returns (row, file) of all files; of every row two are not slow."""
  return [pytest.param(row, file, marks=[pytest.mark.slow] if number > 1 else [])
          for row, files in table.items() for number, file in enumerate(files)]


def test_tables_name_what_is_tried():
  assert set(rows("image")) == set(IMAGES) and set(rows("mask")) == set(MASKS)
  # Films: tests/data/readers/test_video_files.py and test_video.py.
  assert [verdict_of(outcome) for outcome in rows("film").values()] == ["taken"] * 4 + ["refused"]


@pytest.mark.parametrize("row, file", cases(IMAGES))
def test_images(tmp_path, row, file):
  content, verdict = IMAGES[row][file], verdict_of(rows("image")[row])
  source = folder_of(tmp_path, file, content, "images")
  name = file.split(".")[0]
  ok, words = check_verdict(source, name, quick=False)
  quick, quick_words = check_verdict(source, name, quick=True)
  if verdict == "not":
    assert name not in source.ids("train") and ok and quick
    assert "warning" in words and file in words and words == quick_words
    assert file in inputs.unread(tmp_path / "images") and predicted(tmp_path / "images") is not None
    return
  training, prediction = trained(source, (name,)), predicted(tmp_path / "images" / file)
  taken = verdict == "taken"
  assert [ok, training is not None, prediction is not None] == [taken] * 3, words
  # Headers alone cannot see every damage, but what they refuse is refused by all.
  assert quick or not taken, quick_words
  if not taken:
    assert words.startswith("error")
    with pytest.raises(tf.errors.InvalidArgumentError):
      image_ops.decode_image(tf.constant(content))
    return
  truth = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), int)
  for pixels in (training[0]["image"], prediction, image_ops.decode_image(tf.constant(content))):
    assert np.abs(truth - np.asarray(pixels, int)).mean() < 2
  assert not words or words.startswith("note") or "no label" in words


@pytest.mark.parametrize("row, file", cases(MASKS))
def test_masks(tmp_path, row, file):
  verdict = verdict_of(rows("mask")[row])
  source = folder_of(tmp_path, file, MASKS[row][file], "masks")
  name = file.split(".")[0]
  ok, words = check_verdict(source, name, quick=False)
  training = trained(source, (name,))
  if verdict == "not":
    assert ok and f"warning 1 files beside the masks are not read: {file}" in words
    assert not training[0]["supervision"]
    return
  assert [ok, training is not None] == [verdict == "taken"] * 2, words
  assert check_verdict(source, name, quick=True)[0] == ok
  used = bundle.Bundle([parts.Part(source, "train", batch_size=1)])
  assert all(report.ok for report in check.check_bundle(used)) == ok
  if training:
    np.testing.assert_array_equal(training[0]["mask"], mask())
