"""Pure TensorFlow functions, tensors in and tensors out: `from keras_weakseg.ops import em`."""
