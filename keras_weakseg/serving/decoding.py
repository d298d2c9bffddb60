"""From the byte strings of a request to pixels: nothing too large, and one broken image alone."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.ops import image_formats
from keras_weakseg.ops import image_headers
from keras_weakseg.ops import images as image_ops
from keras_weakseg.serving import settings as settings_lib

STATUS = "status"                      # string [B], "" = fine; only with broken_images="answer"
_BROKEN = "The image is broken, or no JPEG, PNG, BMP or GIF."


def each_image(answer, image_bytes, nothing, settings):
  """Returns the answers of a function to encoded images, one at a time, as a batch.

  One at a time, because they differ in size, answers at full size are large, and a convolution uses
  all cores.

  Args:
    answer: function of uint8 [H, W, 3] to a tuple of tensors of fixed shape.
    image_bytes: string [B].
    nothing: tuple of tensors, the answer to an image that cannot be read.
    settings: dict with `max_pixels` and `broken_images` of `settings.Settings`.

  Returns:
    (tuple of tensors [B, ...], dict of further outputs: with `broken_images="answer"` the status).

  Raises:
    tf.errors.InvalidArgumentError: an image cannot be read or is too large, and is not to be
      answered.
  """
  nothing = tuple(map(tf.convert_to_tensor, nothing))
  kinds = tuple(tf.TensorSpec(each.shape, each.dtype) for each in nothing)
  limit = settings["max_pixels"]
  if settings["broken_images"] == settings_lib.REFUSE:
    found = tf.map_fn(lambda contents: tuple(answer(decoded(contents, limit))), image_bytes,
                      parallel_iterations=1, fn_output_signature=kinds)
    return found, {}

  def one(contents):
    image, status = decoded_or_status(contents, limit)
    return tf.cond(tf.equal(status, ""), lambda: tuple(answer(image)), lambda: nothing), status

  found, status = tf.map_fn(one, image_bytes, parallel_iterations=1, fn_output_signature=(
      kinds, tf.TensorSpec([], tf.string)))
  return found, {STATUS: status}


def decoded(contents, max_pixels):
  """Returns the pixels of an encoded image, which is refused by its header if it is too large.

  Args:
    contents: string tensor [], bytes of a JPEG, PNG, BMP or GIF (its first picture).
    max_pixels: the largest height * width; 0 = any.

  Returns:
    uint8 [H, W, 3], see `ops.images.decode_image`.

  Raises:
    tf.errors.InvalidArgumentError: it is too large or cannot be read.
  """
  pixels, contents = image_headers.measured(contents)
  if not max_pixels:
    return image_ops.decode_image(contents)
  unmeasured = _cannot_measure(pixels, contents)
  fine = [tf.debugging.Assert(pixels <= max_pixels, [_too_large(pixels, max_pixels)]),
          tf.debugging.Assert(~unmeasured, [_BROKEN])]
  with tf.control_dependencies(fine):
    return image_ops.decode_image(tf.identity(contents))


def decoded_or_status(contents, max_pixels):
  """Returns the pixels of an encoded image, or why there are none.

  Args:
    contents, max_pixels: as of `decoded`.

  Returns:
    (uint8 [H, W, 3], 0x0 where it cannot be read; string [], "" where it can).

  Example:
    >>> image, status = decoded_or_status(b"no picture", 0)
    >>> image.shape.as_list(), status.numpy().decode()
    ([0, 0, 3], 'The image is broken, or no JPEG, PNG, BMP or GIF.')
  """
  pixels, contents = image_headers.measured(contents)
  fault = image_formats.fault_in_graph(contents)
  status = tf.constant("")
  for each in image_formats.REFUSED:
    status = tf.where(tf.equal(fault, each), _line(image_ops.refusal(each)), status)
  if max_pixels:
    unmeasured = _cannot_measure(pixels, contents)
    status = tf.where(unmeasured, _BROKEN, status)
    status = tf.where(pixels > max_pixels, _too_large(pixels, max_pixels), status)
  # Only a data set goes on after an error of a decoder. What has a fault is not even tried.
  data = tf.data.Dataset.from_tensors(tf.where(tf.equal(status, ""), contents, ""))
  data = data.map(image_ops.decode_image).ignore_errors()
  image = data.reduce(tf.zeros([0, 0, 3], tf.uint8), lambda _, image: image)
  image = tf.ensure_shape(image, [None, None, 3])
  broken = tf.equal(status, "") & tf.equal(tf.size(image), 0)
  return image, tf.where(broken, _BROKEN, status)


def check_pixels(images, max_pixels):
  """Returns images of one request after a look at how many pixels they have.

  Args:
    images: uint8 [B, H, W, 3].
    max_pixels: the most of all of them together, as all are computed at once; 0 = any.

  Raises:
    tf.errors.InvalidArgumentError: there are more.
  """
  if not max_pixels:
    return images
  pixels = tf.reduce_prod(tf.shape(images, tf.int64)[:3])
  fine = tf.debugging.Assert(pixels <= max_pixels, [_too_large(pixels, max_pixels, "batch")])
  with tf.control_dependencies([fine]):
    return tf.identity(images)


def check_sizes_known(images):
  """Returns images of one request, unless a server may have padded some of them.

  A server that batches requests of several sizes (`pad_variable_length_inputs`) fills the smaller
  images at the bottom and right with the first value of their request, and their masks would
  silently be larger than they are. An image whose last row or column is of that one value may be
  such an image, or have such a border: nothing in it tells which.

  Args:
    images: uint8 [B, H, W, 3].

  Raises:
    tf.errors.InvalidArgumentError: the true size of an image cannot be known.
  """
  # The first image of its request is any one up to itself.
  count = tf.shape(images)[0]
  before = tf.range(count)[:, None] >= tf.range(count)[None]
  fills = images[:, 0, 0, 0]

  def filled(edge):
    value = edge[:, 0, 0]
    plain = tf.reduce_all(tf.equal(edge, value[:, None, None]), [1, 2])
    return plain & tf.reduce_any(before & tf.equal(value[:, None], fills[None]), 1)

  suspect = tf.reduce_any(filled(images[:, -1]) | filled(images[:, :, -1]))
  # A server's dummy rows are copies of one image: then there is one size.
  alike = tf.cond(suspect, lambda: tf.reduce_all(tf.equal(images, images[:1])), lambda: True)
  fine = tf.debugging.Assert(alike, [_line(errors.describe(
      "The true sizes of these images cannot be known.",
      expected="one image, or a batch in which no image ends in a row or column of the one value "
      "with which its request begins",
      received="a batch that a server may have padded: it looks like images with a plain border",
      fix="Send images with a plain border one by one, with no batching of the server, or as bytes "
      "to serving_default."))])
  with tf.control_dependencies([fine]):
    return tf.identity(images)


def _cannot_measure(pixels, contents):
  """Returns whether the header of a known format does not say how large the image is."""
  known = tf.reduce_any([tf.equal(tf.strings.substr(contents, 0, len(start)), start)
                         for start in image_formats.STARTS.values()])
  return known & (pixels < 0)


def _too_large(pixels, max_pixels, what="image"):
  """Returns the text of the error as a string tensor."""
  text = _line(errors.describe(
      f"The {what} has more pixels than this model takes.",
      expected=f"at most {max_pixels} (height times width)", received="<pixels>",
      fix="Send smaller ones, or export the model again with another max_pixels."))
  before, after = text.split("<pixels>")
  return tf.strings.join([before, tf.strings.as_string(pixels), after])


def _line(text):
  return text.replace("\n", " ")
