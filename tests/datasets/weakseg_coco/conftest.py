"""Miniature trees of COCO in the exact layout of the official archives."""
import json
import shutil
import types

import numpy as np
import pytest

from keras_weakseg.datasets import labels

SIZE = (20, 30)
STUFF = {92: "banner", 184: "tree-merged", 200: "rug-merged"}
PERSON, DOG, TOOTHBRUSH, SKY = 1, 18, 90, 187


def categories(stuff=False):
  """Returns the `categories` of an annotation file."""
  things = [dict(id=number, name=name, supercategory="x", **({"isthing": 1} if stuff else {}))
            for number, name in zip(labels.COCO_CATEGORY_IDS[1:], labels.COCO.classes[1:])]
  return things + [dict(id=number, name=name, isthing=0) for number, name in STUFF.items() if stuff]


def rectangle(y0, x0, y1, x1):
  """Returns the polygon of half-open rows y0..y1 and columns x0..x1."""
  return [[x0, y0, x1, y0, x1, y1, x0, y1]]


def crowd_runs(y0, x0, y1, x1, size=SIZE):
  """Returns uncompressed run lengths of a rectangle, counted here column by column."""
  mask = np.zeros(size, int)
  mask[y0:y1, x0:x1] = 1
  flat = mask.T.ravel()
  ends = np.flatnonzero(np.diff(flat)) + 1
  counts = np.diff([0, *ends, flat.size]).tolist()
  return {"size": list(size), "counts": ([0] if flat[0] else []) + counts}


def annotations(image_id):
  """Returns the objects of one image: a large person, a small dog on it, a crowd."""
  person = dict(category_id=PERSON, iscrowd=0, segmentation=rectangle(2, 4, 18, 20), area=256.0,
                bbox=[4, 2, 16, 16])
  dog = dict(category_id=DOG, iscrowd=0, segmentation=rectangle(6, 8, 10, 14), area=24.0,
             bbox=[8, 6, 6, 4])
  crowd = dict(category_id=PERSON, iscrowd=1, segmentation=crowd_runs(0, 18, 20, 26), area=160,
               bbox=[18, 0, 8, 20])
  flat = dict(category_id=TOOTHBRUSH, iscrowd=0, segmentation=[[1, 1, 2, 1, 3, 1]], area=0.0,
              bbox=[1, 1, 2, 0.0])
  # The small one comes first, so that order of the file and order of painting differ.
  return [dict(item, id=100 * image_id + k, image_id=image_id)
          for k, item in enumerate((dog, person, crowd, flat))]


def semantic():
  """Returns the mask of `annotations` and the masks' size, drawn here by slices."""
  mask = np.zeros(SIZE, np.uint8)
  mask[:, 18:26] = 255
  mask[2:18, 4:20] = 1
  mask[6:10, 8:14] = 17
  return mask


def file_name(split, year, number):
  """Returns the official name of an image."""
  return (f"COCO_{split}{year}_" if year == "2014" else "") + f"{number:012d}.jpg"


def write_images(root, split, year, numbers):
  """Writes the images of a split and returns the `images` of its annotation file."""
  from PIL import Image
  folder = root / f"{split}{year}"
  folder.mkdir(parents=True, exist_ok=True)
  for number in numbers:
    pixels = np.random.RandomState(number).randint(0, 255, [*SIZE, 3]).astype(np.uint8)
    Image.fromarray(pixels).save(folder / file_name(split, year, number))
  return [dict(id=number, file_name=file_name(split, year, number), height=SIZE[0], width=SIZE[1])
          for number in numbers]


NUMBERS = {"train": (9, 25, 30), "val": (139,)}
EMPTY = 30  # an image that nobody annotated


def write_instances(root, year="2017"):
  """Writes train<year>, val<year> and annotations/instances_*.json."""
  (root / "annotations").mkdir(parents=True, exist_ok=True)
  for split, numbers in NUMBERS.items():
    content = dict(info={}, licenses=[], images=write_images(root, split, year, numbers),
                   categories=categories(),
                   annotations=[item for number in numbers if number != EMPTY
                                for item in annotations(number)])
    (root / "annotations" / f"instances_{split}{year}.json").write_text(json.dumps(content))


def panoptic_ids():
  """Returns int [H, W] of segment ids: all three bytes are used, 0 = unlabelled."""
  ids = np.full(SIZE, 3226956)           # tree
  ids[2:18, 4:20] = 7 + 256 * 200        # person
  ids[6:10, 8:14] = 255 + 65536 * 3      # dog
  ids[:, 26:] = 12                       # crowd of persons
  ids[19] = 0
  return ids


SEGMENTS = [dict(id=3226956, category_id=184, iscrowd=0, bbox=[0, 0, 26, 19], area=1),
            dict(id=7 + 256 * 200, category_id=PERSON, iscrowd=0, bbox=[4, 2, 16, 16], area=1),
            dict(id=255 + 65536 * 3, category_id=DOG, iscrowd=0, bbox=[8, 6, 6, 4], area=1),
            dict(id=12, category_id=PERSON, iscrowd=1, bbox=[26, 0, 4, 19], area=1)]


def panoptic_semantic():
  """Returns the mask that `panoptic_ids` and `SEGMENTS` mean."""
  mask = np.zeros(SIZE, np.uint8)
  mask[2:18, 4:20] = 1
  mask[6:10, 8:14] = 17
  mask[:, 26:] = 255
  mask[19] = 255
  return mask


def write_panoptic(root, beside=False):
  """Writes the images, annotations/panoptic_*.json and the folders of PNGs."""
  from PIL import Image
  (root / "annotations").mkdir(parents=True, exist_ok=True)
  ids = panoptic_ids()
  colours = np.stack([ids % 256, ids // 256 % 256, ids // 65536], -1).astype(np.uint8)
  for split, numbers in NUMBERS.items():
    folder = (root if beside else root / "annotations") / f"panoptic_{split}2017"
    folder.mkdir(parents=True)
    for number in numbers:
      Image.fromarray(colours).save(folder / f"{number:012d}.png")
    content = dict(images=write_images(root, split, "2017", numbers), categories=categories(True),
                   annotations=[dict(image_id=number, file_name=f"{number:012d}.png",
                                     segments_info=SEGMENTS) for number in numbers])
    (root / "annotations" / f"panoptic_{split}2017.json").write_text(json.dumps(content))


def archive(path, folder):
  """Turns a folder into a zip archive that holds it under its own name."""
  shutil.make_archive(str(path.with_suffix("")), "zip", folder.parent, folder.name)
  shutil.rmtree(folder)


@pytest.fixture
def coco():
  """Returns the writers above, their masks and names."""
  pytest.importorskip("PIL.Image")
  return types.SimpleNamespace(
      instances=write_instances, panoptic=write_panoptic, annotations=annotations,
      semantic=semantic, panoptic_semantic=panoptic_semantic, segments=SEGMENTS,
      panoptic_ids=panoptic_ids, archive=archive, crowd_runs=crowd_runs, rectangle=rectangle,
      size=SIZE, numbers=NUMBERS, empty=EMPTY)
