"""Images that are too large to be computed whole: refused with a way, or covered by windows."""
import functools

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.ops import image_headers

# A network of segmentation needs 0.14 GB for a megapixel with 6 classes, 0.28 GB with 21; networks
# that see a resized image need 0.05 GB.
WHOLE = 1 << 24
RESIZED = 1 << 26
WINDOWS = "Cover them with windows, as protocol={'window': (513, 513)} or --window 513 513."
SHRINK = "Make them smaller; the network sees them at its own size in any case."
_BEGINNING = 1 << 18  # bytes that hold the header of nearly every file


def check(images, limit, fix, name=""):
  """Refuses a batch of images with more pixels than can be computed at once.

  Args:
    images: array or tensor [N, H, W, 3].
    limit: the most pixels of all together; 0 = any.
    fix: what can be done.
    name: of the image, for the error.

  Raises:
    ValueError: there are more.
  """
  pixels = int(np.prod([int(side) for side in images.shape[:3]]))
  if limit and pixels > limit:
    raise errors.value_error(
        f"The image {name} is too large for one pass.".replace("image  is", "image is"),
        expected=f"at most {limit} pixels at once",
        received="x".join(str(int(side)) for side in images.shape[1:3]), fix=fix)


def check_files(paths, limit, fix):
  """Refuses files whose headers say that they are too large, before any is decoded.

  Args:
    paths: of images.
    limit, fix: as of `check`.

  Raises:
    ValueError: names the first ten.
  """
  large = [(path, pixels) for path in paths if limit and (pixels := pixels_of(path)) > limit]
  if large:
    shown = "; ".join(f"{path}: {pixels} pixels" for path, pixels in large[:10])
    raise errors.value_error(
        f"{len(large)} of {len(paths)} images are too large for one pass.",
        expected=f"at most {limit} pixels at once", received=shown,
        fix=f"{fix} Nothing has been written.")


def pixels_of(path):
  """Returns height * width by the header of a file; -1 where it does not say it.

  Args:
    path: of an image.
  """
  with open(path, "rb") as file:
    beginning = file.read(_BEGINNING)
    pixels = int(_measure()(beginning))
    rest = file.read() if pixels < 0 else b""
  return int(_measure()(beginning + rest)) if rest else pixels


@functools.cache
def _measure():
  return tf.function(lambda contents: image_headers.measured(contents)[0], autograph=False,
                     input_signature=[tf.TensorSpec([], tf.string)])


def mask_by_strips(probabilities, image, window, stride):
  """Returns the mask of a large image that is covered by windows, in the memory of one row of them.

  The same windows, and sums in the same order, as `ops.inference.class_probabilities`, which keeps
  the probabilities of the whole image.

  Args:
    probabilities: function of uint8 [1, h, w, 3] to float32 [1, h, w, C], of one window.
    image: uint8 [H, W, 3].
    window, stride: (height, width) in pixels.

  Returns:
    uint8 [H, W], the most probable class; the smallest id wins ties.
  """
  image = np.asarray(image)
  sides = image.shape[:2]
  cut = [min(side, edge) for side, edge in zip(window, sides)]
  tops, lefts = (_starts(*each) for each in zip(sides, window, stride))
  mask, total = np.zeros(sides, np.uint8), None
  for top, following in zip(tops, [*tops[1:], sides[0]]):
    for left in lefts:
      found = np.asarray(probabilities(
          image[np.newaxis, top:top + cut[0], left:left + cut[1]]))[0]
      if total is None:
        total = np.zeros((cut[0], sides[1], found.shape[-1]), np.float32)
      total[:, left:left + cut[1]] += found
    # No later window covers these rows. How many did is the same for all classes of a pixel.
    done = min(following - top, cut[0])
    mask[top:top + done] = np.argmax(total[:done], -1)
    total[:cut[0] - done] = total[done:].copy()
    total[cut[0] - done:] = 0
  return mask


def _starts(side, window, stride):
  """Returns the starts of the windows along one side; the last ends at the border."""
  last = max(side - window, 0)
  return [min(number * stride, last) for number in range(-(-last // stride) + 1)]
