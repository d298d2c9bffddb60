"""Draws image, truth and the masks of one or more runs beside each other, one row a photograph.

The picture of the README, from the runs that scripts/quickstart leaves:

  .venv/bin/python scripts/gallery.py runs/quickstart/masks_alone runs/quickstart/masks_and_tags \
      --titles "20 masks alone" "20 masks and tags" --output official_configs/em/gallery/scenes.png

Real photographs, into a place that is not committed:

  .venv/bin/python scripts/gallery.py runs/em_semi_voc_animals --output runs/gallery/animals.png
"""
import argparse
import os
import pathlib

import numpy as np


def samples_of(result, count, skip=0):
  """Returns samples of the split that a run was evaluated on, as dicts of numpy arrays."""
  from keras_weakseg.recipes import sources
  config = result.experiment
  source = next(iter(sources.make_sources(config.data).values()))
  split = config.evaluation.split
  chosen = source.ids(split)[skip:skip + count]
  return list(source.samples(split, ids=chosen, wanted=("mask",)).as_numpy_iterator())


def draw(results, titles, output, *, count=4, skip=0, tile=240):
  """Writes the sheet of some runs on the same data as a PNG.

  Args:
    results: list of `Result`; samples and palette are those of the first.
    titles: one per run; the mIoU is added.
    output: path of the PNG.
    count: rows.
    skip: samples before the first row.
    tile: width in pixels of one picture.
  """
  from keras_weakseg.evaluation.drawing import sheets
  titles = [f"{title}: mIoU {result.metrics['mean_iou']:.3f}" if result.metrics else title
            for title, result in zip(titles, results)]
  rows = []
  for sample in samples_of(results[0], count, skip):
    image = sample["image"]
    row = {"name": sample["sample_id"].decode(), "image": image, "truth": sample["mask"]}
    for title, result in zip(titles, results):
      row[title] = np.asarray(result.model.mask(image[None], result.protocol))[0]
    rows.append(row)
  model = results[0].model
  os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
  sheets.contact_sheet(rows, str(output), ("image", "truth", *titles), classes=model.classes,
                       palette=model.palette, tile=tile)


def parse():
  """Returns the arguments of the command line."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("runs", nargs="+", help="model_dirs of finished runs on the same data")
  parser.add_argument("--titles", nargs="+", help="one per run; default: the experiment's name")
  parser.add_argument("--output", type=pathlib.Path, required=True, help="a PNG")
  parser.add_argument("--count", type=int, default=4, help="rows")
  parser.add_argument("--skip", type=int, default=0, help="samples before the first row")
  parser.add_argument("--tile", type=int, default=240, help="width of one picture in pixels")
  arguments = parser.parse_args()
  if arguments.titles and len(arguments.titles) != len(arguments.runs):
    parser.error("--titles needs one title per run")
  return arguments


def main():
  """Draws the sheet that the command line describes."""
  from keras_weakseg import runs
  arguments = parse()
  results = [runs.load(run) for run in arguments.runs]
  draw(results, arguments.titles or [result.experiment.name for result in results],
       arguments.output, count=arguments.count, skip=arguments.skip, tile=arguments.tile)
  print(f"{arguments.output}: {arguments.output.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
  main()
