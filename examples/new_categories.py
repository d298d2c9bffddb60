"""New categories from tags: some categories have masks, the new ones have nothing but tags.

`photos` holds images/, masks/ of the images without a new category, tags.json of all, and
classes.txt (one name a line, the background first, the new ones too):

  python examples/new_categories.py photos runs/new dog horse
"""
import argparse
import sys

import keras_weakseg as kw


def main(arguments=None):
  """Trains the steps of the recipe, draws and exports; returns an exit code."""
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("photos", help="folder of photographs, masks and tags")
  parser.add_argument("model_dir", help="where the run is kept; the same command continues it")
  parser.add_argument("new", nargs="+", help="names of the categories without masks")
  parser.add_argument("--steps", type=int, default=1000, help="updates a step, default: 1000")
  options = parser.parse_args(arguments)

  result = kw.fit(
      recipe="transfer", data=kw.data.Folder(options.photos), weak=options.new,
      steps=options.steps, joint_steps=max(1, options.steps // 2), model_dir=options.model_dir)
  # Wrong label maps make everything after them wrong, so they are the first thing to look at.
  print(f"label maps that tags became: {options.model_dir}/maps/tag_labels.png")
  kw.predict(result, f"{options.photos}/images", f"{options.model_dir}/predictions")
  print("for TensorFlow Serving:", kw.export(result, f"{options.model_dir}/served"))
  return 0


if __name__ == "__main__":
  sys.exit(main())
