"""The classes of the last layer, and who reads them how."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.configs.sections import schema
from keras_weakseg.recipes import heads


class Named:
  """A stand-in for a source: nothing but a name and classes."""

  def __init__(self, name, classes):
    self.name, self.classes, self.num_classes = name, tuple(classes), len(classes)


class Slot:
  """A stand-in for a part."""

  def __init__(self, source):
    self.source = source


FINE = Named("fine", ("background", "car", "bus", "dog"))
COARSE = Named("coarse", ("background", "vehicle", "dog"))


def data(head="fine", **coarse):
  return schema.Data(head=head, sources=[
      schema.Source(name="fine", path="a"), schema.Source(name="coarse", path="b", **coarse)])


SOURCES = {"fine": FINE, "coarse": COARSE}


def test_without_a_head_the_network_has_the_classes_of_the_target():
  head = heads.make_head(data(head=""), SOURCES, COARSE)
  assert head.classes == COARSE.classes and head.groups is None and head.layer() is None
  assert heads.make_readings(data(head=""), SOURCES, head, [Slot(COARSE), Slot(FINE)]) is None


def test_a_target_with_fewer_classes_sums_channels_up():
  settings = data(reads=("vehicle=car+bus",))
  head = heads.make_head(settings, SOURCES, COARSE)
  assert head.classes == FINE.classes and head.groups == ((0,), (1, 2), (3,))
  probabilities = tf.nn.softmax(head.layer()(tf.math.log([[[[1., 2., 3., 4.]]]])))
  np.testing.assert_allclose(probabilities, [[[[.1, .5, .4]]]], rtol=1e-5)


def test_groups_of_a_source_serve_if_it_reads_nothing_else():
  head = heads.make_head(data(groups=("vehicle=car+bus", "dog")), SOURCES, COARSE)
  assert head.groups == ((0,), (1, 2), (3,))


def test_readings_share_out_the_parts():
  settings = data(reads=("vehicle=car+bus",))
  head = heads.make_head(settings, SOURCES, FINE)
  parts = [Slot(FINE), Slot(COARSE), Slot(FINE)]
  fine, coarse = heads.make_readings(settings, SOURCES, head, parts)
  assert (fine.name, fine.parts, fine.num_classes, fine.aggregate) == ("fine", (0, 2), 4, None)
  assert (coarse.name, coarse.parts, coarse.num_classes) == ("coarse", (1,), 3)
  assert coarse.aggregate.groups == ((0,), (1, 2), (3,))


def test_the_mode_reaches_predictor_and_readings():
  settings = data(reads=("vehicle=car+bus",))
  settings.aggregation = "slice"
  head = heads.make_head(settings, SOURCES, COARSE)
  reading = heads.make_readings(settings, SOURCES, head, [Slot(COARSE)])[0]
  assert head.layer().mode == reading.aggregate.mode == "slice"


def test_classes_without_a_match_are_named():
  with pytest.raises(ValueError, match=r"(?s)'coarse' cannot be read.*vehicle.*Set reads"):
    heads.make_head(data(), SOURCES, COARSE)


def test_names_and_synonyms_bring_voc_to_coco():
  coco = Named("fine", ("background", "person", "airplane", "couch"))
  voc = Named("coarse", ("background", "aeroplane", "sofa"))
  head = heads.make_head(data(), {"fine": coco, "coarse": voc}, voc)
  assert head.groups == ((0, 1), (2,), (3,))


def test_a_head_comes_back_from_its_record():
  for head in (heads.Head(("a", "b")), heads.Head(("a", "b", "c"), ((0, 1), (2,)), "slice")):
    assert heads.Head.from_dict(head.as_dict()).as_dict() == head.as_dict()
