"""Tags drawn for people: a bar for every class beside its image."""
import numpy as np

from keras_weakseg.evaluation.drawing import pictures

_LINE, _NAME, _WIDTH, _MARGIN = 16, 96, 220, 4
_TRUE, _SAID, _QUIET, _INK = (46, 139, 87), (70, 110, 180), (190, 190, 190), (30, 30, 30)


def bars(probabilities, classes, threshold, truth=None):
  """Returns a picture of probabilities: a bar per class, a line at the threshold.

  Bars of classes that are said are blue, others grey; true classes have a green mark and name.

  Args:
    probabilities: float [C]; index 0, the background, is not drawn.
    classes: C names.
    threshold: probability from which a class is said.
    truth: bool or 0/1 [C], or None.

  Returns:
    uint8 [16 (C - 1) + margins, 220, 3].
  """
  from PIL import Image, ImageDraw  # pylint: disable=import-outside-toplevel
  height = _LINE * (len(classes) - 1) + 2 * _MARGIN
  image = Image.new("RGB", (_WIDTH, height), (255, 255, 255))
  draw = ImageDraw.Draw(image)
  span = _WIDTH - _NAME - _MARGIN
  for index in range(1, len(classes)):
    top = _MARGIN + _LINE * (index - 1)
    true = truth is not None and truth[index] > 0
    if true:
      draw.rectangle([0, top + 2, 3, top + _LINE - 3], _TRUE)
    draw.text((6, top + 2), str(classes[index])[:14], _TRUE if true else _INK)
    value = float(np.clip(probabilities[index], 0, 1))
    if round(span * value) >= 1:
      draw.rectangle([_NAME, top + 3, _NAME + round(span * value) - 1, top + _LINE - 4],
                     _SAID if value >= threshold else _QUIET)
  place = _NAME + round(span * threshold)
  draw.line([place, 0, place, height], _INK)
  return np.asarray(image)


def draw_tags(images, truths, probabilities, classes, threshold):
  """Returns one picture per sample: the image beside its bars.

  Args:
    images: list of N images uint8 RGB [H, W, 3].
    truths: list of N tags [C], or None where there is no truth.
    probabilities: float [N, C].
    classes: C names.
    threshold: probability from which a class is said.

  Returns:
    uint8 [N, H, W, 3], as TensorBoard's image summaries take it.
  """
  truths = [None] * len(images) if truths is None else truths
  return pictures.beside([images, [
      bars(found, classes, threshold, truth) for found, truth in zip(probabilities, truths)]])
