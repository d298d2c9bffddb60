"""Tables 1 and 2 of the paper on depth for person parts, at its sizes, one experiment per row.

Given are 40,000 updates on Pascal-Person-Part and 400,000 on LIP, batches of 6 and a rate of
2.5e-4. How they are shared out between the steps is not told: here the network of colours gets all
of them, as the row "DeepLab-v2" does; a tenth follows every pruning; all of them the depth channel.
"""
import functools

from keras_weakseg.configs import depth_parts_steps as steps
from keras_weakseg.configs import dual_paper
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

UPDATES = {"person_part": 40000, "lip": 400000}
BATCH = 6
CROP = (321, 321)
SCALES = (0.5, 1.5)
TUNING = 0.1                # share of the updates after each pruning
CHANNELS = (1722, 1448, 1218, 1024)     # of 2048: the fewest equal steps below a fifth
PRUNING = {"schedule": "parallel", "size": CROP}

MEGADEPTH = "megadepth"
DEPTH_SIZE = (240, 320)
DEPTH_BATCH = 32
DEPTH_RATE = 5e-4
DEPTH_UPDATES = 62500       # 20 epochs of about 100,000 images
DEPTH_LAST_RATE = 4e-4      # a hundredth of the first less after every epoch
ORDINAL_WEIGHT = 0.1        # of the paper on MegaDepth

# Data set: mean IoU in the paper in per cent, of DeepLab-v2 and with depth and pruning.
PAPER = {"person_part": (64.94, 70.19), "lip": (44.80, 51.08)}
TITLES = {"person_part": "Person-Part", "lip": "LIP"}


def training(data, share=1.0):
  """Returns the solver of DeepLab-v2, for a share of the updates of a key of `UPDATES`."""
  return dual_paper.training(round(share * UPDATES[data]))


def colours(data):
  """Returns DeepLab-v2 on three scales, from colours.

  Deviation: one loss, of the maximum over the scales; its authors add one of each scale. Images are
  scaled by any factor of a range, where they draw from five.
  """
  return schema.Experiment(
      data=schema.Data(sources=[schema.Source(name=data, kind=data)],
                       parts=[parts.masks("train", BATCH)],
                       augmentation=schema.Augmentation(crop=CROP, scales=SCALES)),
      network=schema.network("deeplab_v2_resnet101", pretrained="imagenet", multi_scale=True),
      method=schema.method("supervised"), training=training(data),
      evaluation=schema.Evaluation(split="val"))


def model_depth():
  """Returns the step that trains the hourglass on MegaDepth, by the solver of its authors.

  Depth of MegaDepth is known up to a factor per scene, so all of a factor is forgiven (`lam`).
  """
  optimization = em_scenes.adam(DEPTH_RATE, DEPTH_UPDATES)
  optimization.optimizer.adam_experimental.beta_1 = 0.5
  optimization.learning_rate.polynomial.power = 1.0
  optimization.learning_rate.polynomial.end_learning_rate = DEPTH_LAST_RATE
  return schema.Step(
      name=steps.DEPTH, network=schema.network("hourglass"),
      method=schema.method("supervised_depth", lam=1.0, ordinal_weight=ORDINAL_WEIGHT),
      parts=[schema.Part(source=MEGADEPTH, split="train", supervision="depth",
                         batch_size=DEPTH_BATCH)],
      augmentation=schema.Augmentation(crop=(), resize=DEPTH_SIZE),
      training=schema.Training(steps=DEPTH_UPDATES, weight_decay=0.0, optimization=optimization))


def pruned(data):
  """Returns the four prunings below a fifth without depth."""
  return steps.pruned(colours(data), CHANNELS, training(data, TUNING), **PRUNING)


def one_shot(data):
  """Returns one pruning, and the training of all four."""
  return steps.pruned(colours(data), CHANNELS[-1:], training(data, TUNING * len(CHANNELS)),
                      **PRUNING)


def with_depth(data):
  """Returns the whole recipe."""
  experiment = colours(data)
  experiment.data.sources.append(schema.Source(name=MEGADEPTH, kind=MEGADEPTH))
  return steps.with_depth(experiment, model_depth(), CHANNELS, training(data, TUNING),
                          training(data), **PRUNING)


for _data, (_plain, _best) in PAPER.items():
  for _name, _text, _factory in (
      ("parts_{}", f"DeepLab-v2 on {TITLES[_data]}; paper: {_plain}", colours),
      ("pruned_parts_{}", f"DeepLab-v2 on {TITLES[_data]}, 1024 channels in four steps", pruned),
      ("one_shot_parts_{}", f"DeepLab-v2 on {TITLES[_data]}, 1024 channels at once", one_shot),
      ("depth_parts_{}", f"The same with depth and pruning, {TITLES[_data]}; paper: {_best}",
       with_depth)):
    registry.register(_name.format(_data), _text)(functools.partial(_factory, _data))
