"""Methods by name."""
from keras_weakseg import errors
from keras_weakseg.methods import adversarial
from keras_weakseg.methods import boxes
from keras_weakseg.methods import dual
from keras_weakseg.methods import em_adapt
from keras_weakseg.methods import em_fixed
from keras_weakseg.methods import joint_depth
from keras_weakseg.methods import joint_mean_teacher
from keras_weakseg.methods import mean_teacher
from keras_weakseg.methods import object_network
from keras_weakseg.methods import self_supervised_depth
from keras_weakseg.methods import supervised
from keras_weakseg.methods import supervised_depth
from keras_weakseg.methods import tag_labels
from keras_weakseg.methods import tags

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
    "object_network": object_network.ObjectNetwork,
    "tag_labels": tag_labels.TagLabels,
    "adversarial": adversarial.Adversarial,
    "mean_teacher": mean_teacher.MeanTeacher,
    "joint_mean_teacher": joint_mean_teacher.JointMeanTeacher,
    "dual": dual.Dual,
}


def method_class(name):
  """Returns the class of a method.

  Raises:
    ValueError: there is no method of this name; the nearest one is named.
  """
  errors.check_name("method", name, METHODS)
  return METHODS[name]


def register(name, cls):
  """Makes a method of a user's own module known by a name; returns the class.

  Raises:
    ValueError: another class has this name.
  """
  if METHODS.setdefault(name, cls) is not cls:
    raise errors.value_error(
        f"There is a method '{name}' already.", expected="a name of its own",
        received=METHODS[name].__name__, fix="Choose another name.")
  return cls
