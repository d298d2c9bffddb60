"""EM on VOC12-animals: real photographs, at most five minutes each on two cores."""
import functools

from keras_weakseg.configs import em_methods
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

# === What may be tuned ===

# Chosen on 100 of the 437 training masks, which were held out for it; never on `val`.
CROP = (193, 193)
STEPS = 1500
SEMI_STEPS = 1000           # of batches twice as large: no run takes much more time than another
BATCH = 8                   # of every kind of label: semi-supervised batches hold 8 + 8
LEARNING_RATE = 0.01
TAG_STEPS = 800
TAG_LEARNING_RATE = 0.005   # at 0.01 the E-step turns over and calls the objects background
# Tags need it (networks/prior.py); masks alone have it too, so that nothing but labels differs.
BACKGROUND_PRIOR = 0.8
HEAD_MULTIPLIER = 10.0
WEIGHT_DECAY = 5e-4
SCALES = (0.75, 1.25)
MASKS = (50, 100, 200)
DEFAULT_MASKS = 100

WEIGHTS = "weights/mobilenet_v1_1.0_224_imagenet_fp16.npz"
TRAIN, TAGGED, VAL = "train", "train+weak", "val"


def voc_animals(boxed=False):
  """Returns the source VOC12-animals: 7 classes, or the 6 that have boxes."""
  kind = "voc_animals_boxes" if boxed else "voc_animals"
  return schema.Source(name=kind, kind=kind, path="voc_animals")


def imagenet_mobilenet():
  """Returns the light network with ImageNet weights, which are found among the data."""
  return schema.Network(type="light_mobilenet_v1", pretrained=WEIGHTS,
                        light_mobilenet_v1=schema.LightMobileNetV1(alpha=1.0, output_stride=16))


def training(steps=STEPS, learning_rate=LEARNING_RATE):
  """Returns a schedule in which the new head learns faster than what ImageNet has taught."""
  return schema.Training(
      steps=steps, weight_decay=WEIGHT_DECAY, optimization=schema.sgd(learning_rate, steps),
      multipliers=[schema.Multiplier(pattern="head", learning_rate=HEAD_MULTIPLIER)])


def on_animals(method, bundle, *, steps=STEPS, learning_rate=LEARNING_RATE, prior=0.0,
               boxed=False):
  """Returns an experiment on real photographs.

  Args:
    method: a `schema.Method`.
    bundle: list of `schema.Part`.
    steps, learning_rate: of the training.
    prior: probability of the background before it.
    boxed: in the 6 classes that have boxes.
  """
  network = imagenet_mobilenet()
  network.background_prior = prior
  return schema.Experiment(
      data=schema.Data(sources=[voc_animals(boxed)], parts=bundle,
                       augmentation=schema.Augmentation(crop=CROP, scales=SCALES)),
      network=network, method=method, training=training(steps, learning_rate),
      evaluation=schema.Evaluation(split=VAL))


def from_tags(method):
  """Returns an experiment from image tags alone."""
  return on_animals(method, [parts.tags(TAGGED, BATCH)], steps=TAG_STEPS,
                    learning_rate=TAG_LEARNING_RATE, prior=BACKGROUND_PRIOR)


def em_semi(count):
  """Returns EM-Fixed from `count` masks and the tags of all other images."""
  return on_animals(em_methods.em_fixed(), parts.semi(TRAIN, TAGGED, 2 * BATCH, strong_count=count),
                    steps=SEMI_STEPS, prior=BACKGROUND_PRIOR)


def supervised(count, prior=BACKGROUND_PRIOR, **options):
  """Returns training on `count` masks alone, 0 = all; `options` as of `on_animals`."""
  return on_animals(em_methods.supervised(), [parts.masks(TRAIN, BATCH, count=count)],
                    prior=prior, **options)


registry.register_all({
    "em_fixed_voc_animals": ("EM-Fixed on VOC12-animals, image tags only",
                             lambda: from_tags(em_methods.em_fixed())),
    "em_adapt_voc_animals": ("EM-Adapt on VOC12-animals, image tags only",
                             lambda: from_tags(em_methods.em_adapt())),
    "em_semi_voc_animals": (f"The same as em_semi_{DEFAULT_MASKS}_voc_animals",
                            functools.partial(em_semi, DEFAULT_MASKS)),
    "supervised_voc_animals": ("All 437 masks of VOC12-animals", functools.partial(supervised, 0)),
})
registry.register_all({
    "em_semi_{}_voc_animals": ("EM-Fixed on VOC12-animals, {} masks and tags", em_semi),
    "supervised_{}_voc_animals": ("{} masks of VOC12-animals alone", supervised),
}, counts=MASKS)
