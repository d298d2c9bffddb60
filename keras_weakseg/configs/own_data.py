"""The library's defaults for somebody's own data: what `fit(method=..., data=...)` starts from."""
from keras_weakseg.configs import registry
from keras_weakseg.configs import schema

# === What may be tuned ===

CROP = (257, 257)
STEPS = 2000
LEARNING_RATE = 0.005
HEAD_MULTIPLIER = 10.0
SCALES = (0.75, 1.25)
VALIDATION = "val"


@registry.register("own_data", "Your own data: fit(method=..., data=...) starts from this")
def own_data():
  """Returns the defaults: the light network, ImageNet weights if any, parts by what is labelled."""
  return schema.Experiment(
      data=schema.Data(augmentation=schema.Augmentation(crop=CROP, scales=SCALES, color=0.2)),
      network=schema.Network(type="light_mobilenet_v1", pretrained="imagenet_if_available"),
      training=schema.Training(
          steps=STEPS, optimization=schema.sgd(LEARNING_RATE, STEPS),
          multipliers=[schema.Multiplier(pattern="head", learning_rate=HEAD_MULTIPLIER)]),
      evaluation=schema.Evaluation(split=VALIDATION))
