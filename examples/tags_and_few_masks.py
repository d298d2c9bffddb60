"""Your own photographs, tags for most and masks for a few: a model that draws masks.

`photos` holds images/, masks/ of some of them, tags.json of the others, and classes.txt (one name a
line, the background first):

  python examples/tags_and_few_masks.py photos runs/photos --pictures holiday
"""
import argparse
import sys

import keras_weakseg as kw


def main(arguments=None):
  """Checks the folder, trains, scores on held-out masks, draws, exports; returns an exit code."""
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("photos", help="folder of photographs, masks and tags")
  parser.add_argument("model_dir", help="where the run is kept; the same command continues it")
  parser.add_argument("--pictures", help="folder or glob to draw masks of, default: photos")
  parser.add_argument("--steps", type=int, default=2000, help="updates, default: 2000")
  options = parser.parse_args(arguments)

  data = kw.data.Folder(options.photos, held_out=0.2)   # a fifth of the masks is for the score
  report = kw.check_data(data)
  print(report.text())
  if not report.ok:
    return 1

  result = kw.fit(method="em_fixed", data=data, model_dir=options.model_dir,
                  params_override={"training.steps": options.steps})
  print("mean IoU of the held-out masks:", result.metrics["mean_iou"])
  kw.predict(result, options.pictures or f"{options.photos}/images",
             f"{options.model_dir}/predictions")
  print("for TensorFlow Serving:", kw.export(result, f"{options.model_dir}/served"))
  return 0


if __name__ == "__main__":
  sys.exit(main())
