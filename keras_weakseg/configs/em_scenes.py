"""EM on the embedded scenes: seconds to minutes on two cores, nothing to download."""
from keras_weakseg.configs import em_methods
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs import schema

# === What may be tuned ===

CROP = (97, 193)            # 192x96 images, padded to 8k+1
SCALES = (0.75, 1.25)
NETWORK = "light_tiny"
STEPS = 300
BATCH = 8
LEARNING_RATE = 0.05
WEIGHT_DECAY = 1e-4
FEW_MASKS = 20

TRAIN, VALIDATION = "train", "validation"


def scenes():
  """Returns the embedded source."""
  return schema.Source(name="scenes", kind="tfds", dataset="weakseg_scenes")


def on_scenes(method, bundle):
  """Returns a small experiment; its network is trained from scratch.

  Args:
    method: a `schema.Method`.
    bundle: list of `schema.Part`.
  """
  return schema.Experiment(
      data=schema.Data(sources=[scenes()], parts=bundle,
                       augmentation=schema.Augmentation(crop=CROP, scales=SCALES)),
      network=schema.Network(type=NETWORK), method=method,
      training=schema.Training(steps=STEPS, weight_decay=WEIGHT_DECAY,
                               optimization=schema.sgd(LEARNING_RATE, STEPS)),
      evaluation=schema.Evaluation(split=VALIDATION))


@registry.register("em_fixed_scenes", "EM-Fixed on the embedded scenes, image tags only")
def em_fixed_scenes():
  """Returns EM-Fixed from tags."""
  return on_scenes(em_methods.em_fixed(), [parts.tags(TRAIN, BATCH)])


@registry.register("em_adapt_scenes", "EM-Adapt on the embedded scenes, image tags only")
def em_adapt_scenes():
  """Returns EM-Adapt from tags."""
  return on_scenes(em_methods.em_adapt(), [parts.tags(TRAIN, BATCH)])


@registry.register("em_semi_scenes", f"EM-Fixed on the embedded scenes, {FEW_MASKS} masks and tags")
def em_semi_scenes():
  """Returns EM-Fixed from a few masks and the tags of all other samples."""
  return on_scenes(em_methods.em_fixed(), parts.semi(TRAIN, TRAIN, BATCH, strong_count=FEW_MASKS))


@registry.register("supervised_scenes", f"{FEW_MASKS} masks of the embedded scenes alone")
def supervised_scenes():
  """Returns training on the few masks of `em_semi_scenes` alone."""
  return on_scenes(em_methods.supervised(), [parts.masks(TRAIN, BATCH, count=FEW_MASKS)])


@registry.register("supervised_all_scenes", "All masks of the embedded scenes")
def supervised_all_scenes():
  """Returns training on all masks."""
  return on_scenes(em_methods.supervised(), [parts.masks(TRAIN, BATCH)])
