"""Makers of derived data by name."""
from keras_weakseg import errors
from keras_weakseg.derived import box_labels
from keras_weakseg.derived import diffused_maps
from keras_weakseg.derived import disparity_maps
from keras_weakseg.derived import listed
from keras_weakseg.derived import pruned
from keras_weakseg.derived import run
from keras_weakseg.derived import selection
from keras_weakseg.derived import widened

MAKERS = {"box_labels": box_labels.BoxLabels, "disparity_maps": disparity_maps.DisparityMaps,
          "diffused_maps": diffused_maps.DiffusedMaps,
          "listed": listed.Listed, "pruned": pruned.Pruned, "run": run.Run,
          "selection": selection.Selection, "widened": widened.Widened}


def maker_class(name):
  """Returns the class of a maker.

  Raises:
    ValueError: there is no maker of this name; the nearest one is named.
  """
  errors.check_name("maker of derived data", name, MAKERS)
  return MAKERS[name]


def register(name, cls):
  """Makes a maker of a user's own module known by a name; returns the class.

  Raises:
    ValueError: another class has this name.
  """
  if MAKERS.setdefault(name, cls) is not cls:
    raise errors.value_error(
        f"There is a maker '{name}' already.", expected="a name of its own",
        received=MAKERS[name].__name__, fix="Choose another name.")
  return cls
