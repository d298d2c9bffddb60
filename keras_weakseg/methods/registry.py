"""Methods by name."""
import inspect

from keras_weakseg import errors
from keras_weakseg.methods import boxes
from keras_weakseg.methods import em_adapt
from keras_weakseg.methods import em_fixed
from keras_weakseg.methods import joint_depth
from keras_weakseg.methods import self_supervised_depth
from keras_weakseg.methods import supervised
from keras_weakseg.methods import supervised_depth
from keras_weakseg.methods import tags

# What recipes give every method of depth: networks and parts, no options of an experiment.
GIVEN = ("network_preprocessing", "pose", "pose_preprocessing", "reference", "parts",
         "part_weights")

METHODS = {
    "supervised": supervised.Supervised,
    "em_fixed": em_fixed.EMFixed,
    "em_adapt": em_adapt.EMAdapt,
    "bbox_rect": boxes.BBoxRect,
    "bbox_seg": boxes.BBoxSeg,
    "bbox_em_fixed": boxes.BBoxEMFixed,
    "self_supervised_depth": self_supervised_depth.SelfSupervisedDepth,
    "supervised_depth": supervised_depth.SupervisedDepth,
    "joint_depth": joint_depth.JointDepth,
    "tags": tags.Tags,
}


def method_class(name):
  """Returns the class of a method.

  Raises:
    ValueError: there is no method of this name; the nearest one is named.
  """
  if name not in METHODS:
    raise errors.unknown_name("method", name, METHODS)
  return METHODS[name]


def own_options(cls):
  """Returns the hyper-parameters that a class itself adds, with their defaults."""
  parameters = inspect.signature(cls.__init__).parameters.values()
  return {p.name: p.default for p in parameters
          if p.default is not inspect.Parameter.empty and p.name not in GIVEN}
