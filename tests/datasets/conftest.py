"""Preparing and reading builders, and miniature trees of the public data sets."""
import types

import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.datasets import labels

AXES = {fields.MASK: 1, fields.PARTS: 1}  # label maps have a channel axis in TFDS


def prepare(name, tmp_path, manual=None, examples=None, **options):
  """Prepares a builder in `tmp_path` and returns it."""
  import tensorflow_datasets as tfds
  builder = tfds.builder(name, data_dir=tmp_path / "prepared", **options)
  builder.download_and_prepare(download_config=tfds.download.DownloadConfig(
      manual_dir=manual, max_examples_per_split=examples))
  return builder


def read(builder, split):
  """Returns the samples of a split as dicts of numpy arrays, by id."""
  samples = builder.as_dataset(split, shuffle_files=False).as_numpy_iterator()
  return {sample[fields.SAMPLE_ID].decode(): sample for sample in samples}


def check_contract(builder):
  """Checks dtypes and shapes of a builder's elements against `fields.SPECS`."""
  spec = builder.as_dataset(builder.info.splits and next(iter(builder.info.splits))).element_spec
  checked = {}
  for name, tensor in spec.items():
    shape = tensor.shape[:-1] if name in AXES else tensor.shape
    checked[name] = type(tensor)(shape, tensor.dtype)
  fields.check_spec(checked)


@pytest.fixture
def builders():
  """Returns the functions prepare, read, check_contract, write_mask and `classes` by name."""
  pytest.importorskip("tensorflow_datasets")
  from keras_weakseg import datasets
  return types.SimpleNamespace(prepare=prepare, read=read, check_contract=check_contract,
                               write_mask=write_mask, classes=datasets.register(), axes=AXES)


def write_voc(root, splits, size=(20, 30), seed=0):
  """Writes a tree of the layout of VOC with one dog per image, a bus in every other one.

  `splits` maps list names to ids; returns the masks by id.
  """
  from PIL import Image
  rng = np.random.RandomState(seed)
  for folder in ("JPEGImages", "Annotations", "ImageSets/Segmentation"):
    (root / folder).mkdir(parents=True, exist_ok=True)
  masks = {}
  for split, names in splits.items():
    (root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text("\n".join(names) + "\n")
    for name in names:
      mask = np.zeros(size, np.uint8)
      mask[4:12, 5:15] = 12
      mask[3, 5:15] = 255
      if len(masks) % 2:
        mask[14:18, 20:28] = 6
      masks[name] = mask
      Image.fromarray(rng.randint(0, 255, [*size, 3]).astype(np.uint8)).save(
          root / "JPEGImages" / f"{name}.jpg")
      (root / "Annotations" / f"{name}.xml").write_text(
          f"<annotation><size><width>{size[1]}</width><height>{size[0]}</height></size><object>"
          "<name>dog</name><bndbox><xmin>6</xmin><ymin>5</ymin><xmax>15</xmax><ymax>12</ymax>"
          "</bndbox></object></annotation>")
  return masks


def write_mask(folder, name, mask, palette=True):
  """Writes an index PNG, with the colours of VOC if `palette`."""
  from PIL import Image
  folder.mkdir(parents=True, exist_ok=True)
  image = Image.fromarray(mask)
  if palette:
    image.putpalette(np.array(labels.voc_palette(256), np.uint8).ravel().tobytes())
  image.save(folder / f"{name}.png")


VOC_SPLITS = {"train": ["2007_a", "2007_b"], "val": ["2007_c"]}
VOC_EXTRA = ["2008_d", "2008_e"]


def official_voc(manual):
  """Writes VOCdevkit/VOC2012 with SegmentationClass for VOC's own and SBD masks for all."""
  root = manual / "VOCdevkit" / "VOC2012"
  masks = write_voc(root, {**VOC_SPLITS, "not_a_split": VOC_EXTRA})
  for number, (name, mask) in enumerate(masks.items()):
    if name not in VOC_EXTRA:
      write_mask(root / "SegmentationClass", name, mask)
    write_mask(root / "SegmentationClassAug", name, np.where(mask == 255, 0, mask).astype(np.uint8),
               palette=number % 2)
  return root, masks


@pytest.fixture
def voc():
  """Returns the writers of VOC trees and the ids of their splits."""
  pytest.importorskip("PIL.Image")
  return types.SimpleNamespace(write=write_voc, official=official_voc, splits=VOC_SPLITS,
                               extra=VOC_EXTRA)
