"""From RGB 0..255 to the floats an encoder was trained on, as one layer inside every artifact."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras

CAFFE = "caffe"    # BGR minus the ImageNet means (DeepLab, VGG and ResNet of Caffe)
TF = "tf"          # x / 127.5 - 1 (MobileNet)
DEPTH = "depth"    # (x / 255 - 0.45) / 0.225 (monodepth2)
UNIT = "unit"      # x / 255 (hourglass)
IMAGENET = "imagenet"    # (x / 255 - mean) / deviation per channel (Model Garden)

# Blue, green, red, as in the prototxts of DeepLab.
CAFFE_MEANS_BGR = (104.008, 116.669, 122.675)
IMAGENET_MEANS_RGB = (0.485 * 255, 0.456 * 255, 0.406 * 255)
IMAGENET_DEVIATIONS_RGB = (0.229 * 255, 0.224 * 255, 0.225 * 255)

# The RGB colour, 0..255, that a mode maps to 0: what images are padded with.
MEAN_RGB = {
    CAFFE: CAFFE_MEANS_BGR[::-1],
    TF: (127.5, 127.5, 127.5),
    DEPTH: (114.75, 114.75, 114.75),
    UNIT: (0.0, 0.0, 0.0),
    IMAGENET: IMAGENET_MEANS_RGB,
}


@keras.utils.register_keras_serializable("keras_weakseg")
class Preprocess(keras.layers.Layer):
  """RGB 0..255 [..., H, W, 3] of any number type to float32 of the same shape.

  Always float32, also under a mixed precision policy: half floats would round the pixel values.

  Args:
    mode: "caffe" (BGR - means), "tf" (x / 127.5 - 1), "depth" ((x / 255 - .45) / .225), "unit"
      (x / 255) or "imagenet" ((x - means) / deviations).
    name: name of the layer.

  Raises:
    ValueError: the mode is unknown.

  Example:
    >>> [float(v) for v in Preprocess("tf")(tf.constant([[[[0, 255, 51]]]], tf.uint8))[0, 0, 0]]
    [-1.0, 1.0, -0.6000000238418579]
  """

  def __init__(self, mode, name="preprocess", **kwargs):
    # Without `autocast=False` Keras casts float inputs to half precision before `call` sees them.
    super().__init__(name=name, dtype=kwargs.pop("dtype", "float32"), autocast=False, **kwargs)
    errors.check_name("preprocessing mode", mode, MEAN_RGB)
    self.mode = mode

  def call(self, inputs):
    """Applies the layer to `inputs` [..., H, W, 3], RGB 0..255; returns float32."""
    images = tf.cast(inputs, tf.float32)
    if self.mode == CAFFE:
      return images[..., ::-1] - tf.constant(CAFFE_MEANS_BGR, tf.float32)
    if self.mode == TF:
      return images / 127.5 - 1.0
    if self.mode == UNIT:
      return images / 255.0
    if self.mode == IMAGENET:
      return (images - tf.constant(IMAGENET_MEANS_RGB)) / tf.constant(IMAGENET_DEVIATIONS_RGB)
    return (images / 255.0 - 0.45) / 0.225

  def get_config(self):
    return {**super().get_config(), "mode": self.mode}


def undone(values, mode):
  """Returns the RGB 0..255 that `Preprocess` made these values of.

  Args:
    values: float [..., H, W, 3].
    mode: of `Preprocess`.

  Returns:
    float32 of the same shape.

  Raises:
    ValueError: the mode is unknown.

  Example:
    >>> undone(Preprocess("caffe")(tf.constant([[[[10, 20, 30]]]])), "caffe").numpy().tolist()
    [[[[10.0, 20.0, 30.0]]]]
  """
  errors.check_name("preprocessing mode", mode, MEAN_RGB)
  values = tf.cast(values, tf.float32)
  if mode == CAFFE:
    return (values + tf.constant(CAFFE_MEANS_BGR, tf.float32))[..., ::-1]
  if mode == TF:
    return (values + 1.0) * 127.5
  if mode == UNIT:
    return values * 255.0
  if mode == IMAGENET:
    return values * tf.constant(IMAGENET_DEVIATIONS_RGB) + tf.constant(IMAGENET_MEANS_RGB)
  return (values * 0.225 + 0.45) * 255.0


def network_of(model):
  """Returns the network inside of a predictor, whatever layers stand around it.

  Args:
    model: `keras.Model` of `predictor`, or one that is built around it.

  Raises:
    ValueError: there is none.
  """
  for layer in model.layers:
    if isinstance(layer, keras.Model):
      inner = any(isinstance(entry, Preprocess) for entry in layer.layers)
      return network_of(layer) if inner else layer
  raise errors.value_error(
      "There is no network inside of this model.", expected="the predictor of a run",
      received=getattr(model, "name", type(model).__name__), fix="Pass what `fit` trained.")


def predictor(network, record, output=None):
  """Returns the model that is evaluated and exported: preprocessing and the network.

  Args:
    network: `keras.Model`, preprocessed floats [N, H, W, 3] -> scores [N, h, w, C]; what it takes
      beside the colours (depth in metres) it gets as it is.
    record: `NetworkRecord` of that network.
    output: name of the output that counts, for networks that give a dict of several.

  Returns:
    `keras.Model`, RGB 0..255 float32 or uint8 [N, H, W, 3] (and more channels if the network takes
    more) -> scores; it shares the network's variables, and keeps it as its layer of the same name.
  """
  images = keras.Input(network.input_shape[1:], name="image")
  preprocess = Preprocess(record.preprocessing)
  if network.input_shape[-1] == 3:
    seen = preprocess(images)
  else:
    seen = keras.layers.Concatenate(name="beside", dtype="float32")(
        [preprocess(images[..., :3]), images[..., 3:]])
  scores = network(seen)
  if output is not None:
    scores = scores[output]
  return keras.Model(images, scores, name=f"{network.name}_predictor")
