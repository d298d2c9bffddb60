"""Prints what classes the pseudo labels of a run would be, beside those of the masks.

Masks of images that a teacher labels are read here, which is research: only to see what it teaches.

  .venv/bin/python scripts/pseudo_labels.py RUN --split train --every 4
"""
import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # pylint: disable=wrong-import-position


def counts_of(probabilities, mask, threshold):
  """Returns pixels of every class in the mask, as said, of the sure ones, and right among these.

  Args:
    probabilities: float [H,W,C].
    mask: uint8 [H,W], 255 = unknown: these pixels do not count.
    threshold: of the largest probability, from which a pixel is sure.

  Returns:
    int array [4,C].
  """
  known = mask < 255
  said, sure = probabilities.argmax(-1)[known], (probabilities.max(-1) >= threshold)[known]
  truth, number = mask[known], probabilities.shape[-1]
  return np.stack([np.bincount(chosen, minlength=number) for chosen in (
      truth, said, said[sure], said[sure & (said == truth)])])


def main():
  parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
  parser.add_argument("run", help="model_dir of a finished fit")
  parser.add_argument("--split", default="train")
  parser.add_argument("--every", type=int, default=1, help="of the images, in stored order")
  parser.add_argument("--threshold", type=float, default=0.968)
  given = parser.parse_args()
  from keras_weakseg import fields, runs  # pylint: disable=g-import-not-at-top
  from keras_weakseg import tasks  # pylint: disable=g-import-not-at-top
  from keras_weakseg.recipes import planning  # pylint: disable=g-import-not-at-top
  result = runs.load(given.run)
  source = planning.make_plan(result.experiment).source
  protocol = tasks.of_model(result.model).configured(result.experiment)
  total = 0
  ids = tuple(source.ids(given.split))[::given.every]
  for sample in source.samples(given.split, ids=ids).as_numpy_iterator():
    found = np.asarray(result.model.probabilities(sample[fields.IMAGE][None], protocol))[0]
    total = total + counts_of(found, sample[fields.MASK], given.threshold)
  truth, said, sure, right = total.astype(float)
  print("| class | in masks | most probable | of the sure | right of these |")
  print("|---|---|---|---|---|")
  for index, name in enumerate(result.model.classes):
    shares = [100 * row[index] / max(row.sum(), 1) for row in (truth, said, sure)]
    correct = f"{100 * right[index] / sure[index]:.1f} %" if sure[index] else "-"
    print(f"| {name} | " + " | ".join(f"{share:.2f} %" for share in shares) + f" | {correct} |")


if __name__ == "__main__":
  main()
