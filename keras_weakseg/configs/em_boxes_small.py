"""Boxes at sizes that train here: VOC12-animals in its 6 boxed classes, and the embedded scenes.

Everything but labels and method is that of the experiments with tags. The bias of the classifier
starts at zero in all of them, masks alone too: the E-step of Bbox-EM-Fixed leaves the objects one
point above the background.
"""
import functools

from keras_weakseg.configs import em_animals
from keras_weakseg.configs import em_methods
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry

# From boxes alone, the paper's difference of 1 let the E-step call everything background within 40
# steps. Chosen on 100 held-out training images of VOC12-animals.
WARM_BIASES = (5.0, 7.0)    # background, foreground
WARM_SHARE = 0.5            # of the steps, on the rectangles before the first E-step

METHODS = {"bbox_rect": ("Bbox-Rect", em_methods.bbox_rect),
           "bbox_seg": ("Bbox-Seg", em_methods.bbox_seg),
           "bbox_em_fixed": ("Bbox-EM-Fixed", em_methods.bbox_em_fixed)}


def after_rect(experiment):
  """Returns the experiment with its first half on Bbox-Rect, if its method is Bbox-EM-Fixed.

  Masks keep an E-step on its way; with boxes alone it needs a network that knows the objects. One
  schedule holds both halves: a rate that has fallen to 0 and starts anew breaks what was learned.
  """
  if experiment.method.type != "bbox_em_fixed":
    return experiment
  options = experiment.method.bbox_em_fixed
  options.background_bias, options.foreground_bias = WARM_BIASES
  options.warmup_steps = round(WARM_SHARE * experiment.training.steps)
  return experiment


def weak_animals(method):
  """Returns an experiment from boxes alone; `method` makes the `schema.Method`."""
  return after_rect(em_animals.on_animals(
      method(), [parts.boxes(em_animals.TAGGED, em_animals.BATCH)], boxed=True))


def semi_animals(method, count):
  """Returns an experiment from `count` masks and the boxes of all other images."""
  return em_animals.on_animals(method(), parts.semi(
      em_animals.TRAIN, em_animals.TAGGED, 2 * em_animals.BATCH, strong_count=count,
      weak=parts.boxes), steps=em_animals.SEMI_STEPS, boxed=True)


def weak_scenes(method):
  """Returns an experiment on the embedded scenes from boxes alone."""
  return after_rect(em_scenes.on_scenes(method(), [
      parts.boxes(em_scenes.TRAIN, em_scenes.BATCH)]))


_COUNT = em_animals.DEFAULT_MASKS
for _name, (_title, _method) in METHODS.items():
  registry.register_all({
      f"{_name}_voc_animals": (f"{_title} on VOC12-animals (6 classes), boxes only",
                               functools.partial(weak_animals, _method)),
      f"{_name}_semi_{_COUNT}_voc_animals": (
          f"{_title} on VOC12-animals (6 classes), {_COUNT} masks and boxes",
          functools.partial(semi_animals, _method, _COUNT)),
      f"{_name}_scenes": (f"{_title} on the embedded scenes, boxes only",
                          functools.partial(weak_scenes, _method)),
  })
_supervised = functools.partial(em_animals.supervised, prior=0.0, boxed=True)
registry.register_all({
    f"supervised_{_COUNT}_voc_animals_boxes": (
        f"{_COUNT} masks of VOC12-animals alone, in the 6 classes with boxes",
        functools.partial(_supervised, _COUNT)),
    "supervised_voc_animals_boxes": (
        "All 437 masks of VOC12-animals, in the 6 classes with boxes",
        functools.partial(_supervised, 0)),
})
