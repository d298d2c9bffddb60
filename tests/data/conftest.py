"""A miniature data folder with every kind of label."""
import json
import pathlib

import numpy as np
import pytest

CLASSES = ("background", "cat", "dog")


def write_png(path, array):
  """Writes an array as a grey or RGB PNG."""
  import cv2
  path.parent.mkdir(parents=True, exist_ok=True)
  cv2.imwrite(str(path), array[..., ::-1] if array.ndim == 3 else array)


def fill_folder(root, voc_xml, count=10, height=12, width=16):
  """Writes `count` samples a0, a1, ...; every image shows a patch of class 1 or 2."""
  root = pathlib.Path(root)
  tags = {}
  for number in range(count):
    label = 1 + number % 2
    mask = np.zeros((height, width), np.uint8)
    mask[1:5, 2:6] = label
    image = np.full((height, width, 3), 20 + number, np.uint8)
    image[1:5, 2:6, 0] = 100 * label
    write_png(root / "images" / f"a{number}.png", image)
    write_png(root / "masks" / f"a{number}.png", mask)
    (root / "boxes").mkdir(exist_ok=True)
    (root / "boxes" / f"a{number}.xml").write_text(
        voc_xml((height, width), (CLASSES[label], 3, 2, 6, 5)))
    tags[f"a{number}"] = [CLASSES[label]]
  (root / "tags.json").write_text(json.dumps(tags))
  (root / "classes.txt").write_text("\n".join(CLASSES) + "\n")
  return root


@pytest.fixture(scope="session")
def unspoilt(tmp_path_factory, voc_xml):
  """Returns the path of what `mini` is, for tests that change nothing in it."""
  return fill_folder(tmp_path_factory.mktemp("unspoilt") / "mini", voc_xml)


@pytest.fixture
def mini(tmp_path, voc_xml):
  """Returns the path of a folder with ten samples, masks, tags, boxes and class names."""
  return fill_folder(tmp_path / "mini", voc_xml)


@pytest.fixture
def png():
  """Returns the function (path, array) that writes a PNG."""
  return write_png


def fill_frames(folder, count=6, height=12, width=16, step=25, first=0, suffix=".png"):
  """Writes frames `000000`, ... whose red is `step` times their number; returns the folder."""
  for number in range(count):
    image = np.full((height, width, 3), 40, np.uint8)
    image[..., 0] = step * number
    write_png(pathlib.Path(folder) / f"{first + number:06d}{suffix}", image)
  return pathlib.Path(folder)


@pytest.fixture
def frames():
  """Returns the function (folder, **options) that writes a clip of plain frames."""
  return fill_frames
