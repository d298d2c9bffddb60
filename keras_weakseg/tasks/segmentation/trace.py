"""How a network that infers comes to its answer: labelmaps, reconstructions and tags, by steps."""
import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.evaluation.drawing import pictures
from keras_weakseg.ops import inference

ENDING = "_trace.png"
STEPS = (0, 5, 10, 30)     # those of the paper's figures
LOSSES = "reconstruction_loss"
LARGE = "Make them smaller, or leave trace out and cover them with windows."
_LARGEST = 320             # pixels of the longer side of a tile
_GAP, _WHITE = 4, 255
_LEAST = 0.05              # tags of a smaller share are not told


def check(model):
  """Refuses a model whose network does not infer.

  Raises:
    ValueError: there is nothing to trace.
  """
  if model.explain is None:
    raise errors.value_error(
        "There is nothing to trace.", expected="a dual network, which infers by reconstruction",
        received="a network that answers at once", fix="Leave trace out.")


def explained(model, image, steps):
  """Returns what a network knows of a photograph after some steps, as arrays at its size.

  Args:
    model: `SegmentationModel` with `explain`.
    image: uint8 RGB [H, W, 3].
    steps: int.

  Returns:
    Mask uint8 [H, W], reconstruction uint8 RGB [H, W, 3], probabilities of tags float32 [C], and
    the mean square of the reconstruction.
  """
  import cv2  # pylint: disable=g-import-not-at-top
  found = {}

  def score(padded):
    found.update(model.explained(padded, steps))
    found["padded"] = padded.shape[1:3]
    return found["scores"]

  probabilities = inference.class_probabilities(
      score, tf.convert_to_tensor(image)[None], multiple=model.multiple, mean_rgb=model.mean_rgb)
  height, width = image.shape[:2]
  # Blocks as they are: smooth edges would look as if the network had drawn them.
  image = cv2.resize(np.clip(found["reconstruction"][0].numpy(), 0, 255).astype(np.uint8),
                     tuple(found["padded"])[::-1], interpolation=cv2.INTER_NEAREST)
  return (np.argmax(probabilities[0], -1).astype(np.uint8), image[:height, :width],
          tf.nn.softmax(found["tag_scores"])[0].numpy(),
          float(found["reconstruction_loss"][0]))


def tags(model, image, steps):
  """Returns {class name: probability} of the tags of a photograph, the most probable first.

  The probabilities of all classes sum to 1; the background and small ones are left out.
  """
  _, _, shares, _ = explained(model, image, steps)
  return {model.classes[index]: round(float(shares[index]), 6)
          for index in np.argsort(-shares, kind="stable") if index and shares[index] >= _LEAST}


def picture(model, image):
  """Returns PNG bytes: the photograph, and labelmap over reconstruction for each of `STEPS`.

  And the loss of the reconstruction after each of them, as {text of the steps: loss}.
  """
  import cv2  # pylint: disable=g-import-not-at-top
  image = np.asarray(image)
  columns, losses = [[image, np.full_like(image, _WHITE)]], {}
  for steps in STEPS:
    mask, rebuilt, _, loss = explained(model, image, steps)
    losses[str(steps)] = round(loss, 6)
    drawn = pictures.overlay(image, mask, model.palette)
    columns.append([_titled(drawn, f"t = {steps}"), _titled(rebuilt, f"loss {loss:.4f}")])
  factor = min(1.0, _LARGEST / max(image.shape[:2]))
  size = tuple(max(1, round(side * factor)) for side in image.shape[1::-1])
  rows = []
  for row in zip(*columns):
    tiles = [cv2.copyMakeBorder(cv2.resize(tile, size, interpolation=cv2.INTER_AREA),
                                *[_GAP] * 4, cv2.BORDER_CONSTANT, value=[_WHITE] * 3)
             for tile in row]
    rows.append(np.concatenate(tiles, 1))
  return cv2.imencode(".png", np.concatenate(rows)[..., ::-1])[1].tobytes(), losses


def share(records):
  """Returns lines that say how many traced images inference explains better; none without."""
  losses = [list(record[LOSSES].values()) for record in records if LOSSES in record]
  better = sum(of_image[-1] < of_image[0] for of_image in losses)
  return [f"{STEPS[-1]} steps of inference lower the reconstruction loss of {better} of "
          f"{len(losses)} images"] if losses else []


def _titled(tile, text):
  """Returns a copy of a picture with a text in its corner."""
  import cv2  # pylint: disable=g-import-not-at-top
  scale = max(tile.shape[:2]) / 500
  drawn = np.ascontiguousarray(tile)
  for color, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
    cv2.putText(drawn, text, (int(8 * scale), int(28 * scale)), cv2.FONT_HERSHEY_SIMPLEX,
                max(scale, 0.35), color, width, cv2.LINE_AA)
  return drawn
