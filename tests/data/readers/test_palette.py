"""The palette of VOC."""
from keras_weakseg.data.readers import palette


def test_published_colours_of_voc():
  colours = palette.default_palette()
  published = {1: (128, 0, 0), 8: (64, 0, 0), 15: (192, 128, 128), 20: (0, 64, 128),
               255: (224, 224, 192)}
  assert {index: colours[index] for index in published} == published


def test_all_colours_differ():
  assert len(set(palette.default_palette(256))) == 256
