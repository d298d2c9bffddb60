"""What a row can leave for rows that start from it, besides the run of a training."""
import dataclasses

from keras_weakseg import api_depth
from keras_weakseg import errors
from keras_weakseg import runs


def disparity_maps(target, source, split, output, options, progress):
  """Writes what the depth network of a run says of every image of a split; an output goes on.

  Args:
    target: folder of the run.
    source: data source of the images.
    split: of it, or several joined by `+`.
    output: `pathlib.Path` of the folder.
    options: dict; `size`: height and width at which the network sees the images, default: as in
      training, which may change their aspect ratio.
    progress: whether to draw a progress bar.

  Returns:
    Dict of figures: how many maps there are.
  """
  for name in options:
    if name != "size":
      raise errors.unknown_name("option of 'disparity_maps' called", name, ["size"])
  result = runs.load(target)
  if "size" in options:
    result = dataclasses.replace(result, model=dataclasses.replace(
        result.model, size=tuple(options["size"])))
  folder = api_depth.make_disparity_maps(result, source, output, split=split, progress=progress)
  return {"maps": len(list(folder.rglob("*.png"))) - 1}  # One of them is the sheet.


MAKERS = {"disparity_maps": disparity_maps}
