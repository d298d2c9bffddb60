"""Prints how often what is far covers what is near in mixed samples, and draws some of them.

Scenes are mixed by every mask with true depth and true classes at hand, which is research: only to
see what the masks do. A pixel is a violation where the one that is shown is farther than the one
that it covers by more than the margin. Counted by what DepthMix compares, the disparity of every
image brought to 0..1, and by true inverse depth with the same margin of the whole range of the
pair: there an image without anything near is stretched, and DepthMix errs too.

  .venv/bin/python scripts/mixing_table.py --output runs/mixing/scenes.png
"""
import argparse
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # pylint: disable=wrong-import-position

DEPTH, CLASS, CUT, COW = "DepthMix", "ClassMix", "CutMix", "CowMix"
KINDS = (DEPTH, CLASS, CUT, COW)
OWN, OTHER = "image", "partner"


def make_scenes(count, size, first=0):
  """Returns images, masks and inverse depth (0 = no depth) of rendered scenes, as arrays."""
  from keras_weakseg import fields
  from keras_weakseg.datasets.scenes import parallel
  scenes = list(parallel.render_many(range(first, first + count), size))
  images, masks, depth = (np.stack([scene[name] for scene in scenes])
                          for name in (fields.IMAGE, fields.MASK, fields.DEPTH))
  return images, masks, np.where(depth > 0, 1 / np.maximum(depth, 1e-6), 0).astype(np.float32)


def make_masks(kinds, keys, masks, disparity, partners, margin):
  """Returns a dict of kind to bool [N,H,W], True = own.

  Args:
    kinds: of `KINDS`.
    keys: int32 [N,2].
    masks: uint8 [N,H,W], the labels of ClassMix.
    disparity: float32 [N,H,W], 0..1, of DepthMix.
    partners: int [N].
    margin: of DepthMix.
  """
  from keras_weakseg.ops import mixing, mixing_draws
  size, classes = masks.shape[1:], int(masks[masks < 255].max()) + 1
  functions = {
      DEPTH: lambda: mixing.depthmix_mask(disparity, disparity[partners], margin),
      CLASS: lambda: mixing.classmix_mask(masks, mixing_draws.draw_classes(keys, masks, classes)),
      CUT: lambda: mixing.cutmix_mask(size, mixing_draws.draw_boxes(keys, size)),
      COW: lambda: mixing.cowmix_mask(*mixing_draws.draw_blobs(keys, size))}
  return {kind: np.asarray(functions[kind]()).reshape(masks.shape) for kind in kinds}


def violations(kept, closeness, partners, margin):
  """Returns at which pixels the shown one is farther than the hidden one, bool [N,H,W].

  Args:
    kept: bool [N,H,W], True = own.
    closeness: float [N,H,W], larger = closer.
    partners: int [N].
    margin: in units of closeness, a number or [N,1,1].
  """
  other = closeness[partners]
  # Float32: the margin itself may round to either side.
  return np.where(kept, other - closeness, closeness - other) > margin + 1e-6


def table(found, inverse, disparity, partners, margin):
  """Returns the lines of the table; `found` as `make_masks` returns it."""
  low, high = inverse.min((1, 2)), inverse.max((1, 2))
  reach = np.maximum(high, high[partners]) - np.minimum(low, low[partners])
  lines = ["| mask | pixels of the partner | violations | of those mixed in | by true depth |",
           "|---|---|---|---|---|"]
  for kind, kept in found.items():
    wrong = violations(kept, disparity, partners, margin)
    truly = violations(kept, inverse, partners, margin * reach[:, None, None])
    share = wrong[~kept].mean() if (~kept).any() else 0.0
    lines.append(f"| {kind} | {(~kept).mean():.1%} | {wrong.mean():.2%} | {share:.2%} | "
                 f"{truly.mean():.2%} |")
  return lines


def draw(output, images, masks, found, partners, count, tile):
  """Writes a sheet: image, partner and the mixed samples, each mixed label map below its image."""
  from keras_weakseg.datasets import labels
  from keras_weakseg.evaluation.drawing import sheets
  from keras_weakseg.ops import mixing
  rows = []
  mixed = {kind: mixing.mix_with(kept, (images, masks), partners) for kind, kept in found.items()}
  for index in range(count):
    pair = {OWN: images[index], OTHER: images[partners[index]]}
    rows.append({"name": f"scene {index} with {partners[index]}", **pair,
                 **{kind: value[0][index].numpy() for kind, value in mixed.items()}})
    rows.append({"name": "labels, over the mixed image", OWN: images[index], OTHER: None,
                 **{kind: labelled(value[0][index].numpy(), value[1][index].numpy())
                    for kind, value in mixed.items()}})
  scenes = labels.SCENES
  sheets.contact_sheet(rows, str(output), (OWN, OTHER, *found), classes=scenes.classes,
                       palette=scenes.palette, tile=tile, title="Mixed samples, and their labels")


def labelled(image, mask):
  """Returns the picture of a mixed label map over its own mixed image."""
  from keras_weakseg.datasets import labels
  from keras_weakseg.evaluation.drawing import pictures
  return pictures.overlay(image, mask, labels.SCENES.palette)


def main():
  """Prints the table and writes the sheet."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--output", type=pathlib.Path, help="a PNG; without it none is drawn")
  parser.add_argument("--scenes", type=int, default=64, help="how many are mixed")
  parser.add_argument("--size", type=int, nargs=2, default=(96, 192), help="height and width")
  parser.add_argument("--margin", type=float, default=0.03, help="in normalised disparity")
  parser.add_argument("--seed", type=int, default=0, help="of the draws")
  parser.add_argument("--count", type=int, default=4, help="samples on the sheet")
  parser.add_argument("--tile", type=int, default=240, help="width of one picture in pixels")
  arguments = parser.parse_args()
  from keras_weakseg.ops import mixing, mixing_draws
  images, masks, inverse = make_scenes(arguments.scenes, tuple(arguments.size))
  keys = np.stack([np.full(arguments.scenes, arguments.seed), np.arange(arguments.scenes)], 1)
  partners = mixing_draws.draw_partners(keys.astype(np.int32)).numpy()
  disparity = mixing.normalise_disparity(inverse).numpy()
  found = make_masks(KINDS, keys.astype(np.int32), masks, disparity, partners, arguments.margin)
  print(f"{arguments.scenes} scenes of {'x'.join(map(str, arguments.size))}, margin "
        f"{arguments.margin}, seed {arguments.seed}\n")
  print("\n".join(table(found, inverse, disparity, partners, arguments.margin)))
  if arguments.output:
    draw(arguments.output, images, masks, found, partners, arguments.count, arguments.tile)


if __name__ == "__main__":
  main()
