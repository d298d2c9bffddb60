"""Dual learning, small: the embedded scenes, VOC12-animals, and somebody's own data."""
import functools
from typing import Annotated

from keras_weakseg.configs import dual_stages
from keras_weakseg.configs import em_animals
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import own_data
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema
from keras_weakseg.options import Count, CountOrNone, OneOf

# === What may be tuned ===

# On two cores: scenes in less than ten minutes, photographs in less than five.
SCENES = dual_stages.Lengths(labels=400, image=100, joint=100, semi=400)
SCENES_MASKS = em_scenes.FEW_MASKS
# Images of few masks alone are learned by heart: subnet 2 then sees all.
ANIMALS = dual_stages.Lengths(labels=300, image=150, joint=50, semi=200)
ANIMALS_RATE = 0.01
# Alone and by SGD, subnet 2 stays at one colour: three layers start next to zero.
IMAGE_RATE = 0.003
MASKS = (50, 100)
WRONG = 0.3            # of the tags, where they are spoilt
OWN_STEPS = 2000
NOISY = "noisy_tags"
IMAGENET = "imagenet_if_available"
# Shares of the stages in all updates of somebody's own data.
SHARES = (0.3, 0.1, 0.1, 0.5)

STRONG = WEAK = 1.0    # the paper: all weights are 1
# But small networks learn labelmaps worse beside tags: mIoU 42.4 without `L_tag`, 35.2 at weight 1
# (20 scenes, 600 steps, seed 1, scores of the labelmap alone).
TAG_WEIGHT = 0.1
# Learned from what few masks have taught, weak images lose their objects: labelmaps of 60 training
# images of VOC12-animals go from 39.1 to 21.9 in the last step, with this to 43.3 (0.5: 38.7).
FOREGROUND_BIAS = 1.0


def bundle(strong_split, weak_split, batch, count):
  """Returns the parts with masks, and those of the last step: the same, and the tags of the rest.

  Args:
    strong_split, weak_split: splits.
    batch: samples of each kind.
    count: of masks, 0 = all.
  """
  strong = parts.masks(strong_split, batch, count=count, weight=STRONG)
  return [strong], [strong, parts.tags(weak_split, batch, weight=WEAK, rest=True)]


def on_scenes(labels="tags"):
  """Returns dual learning on the embedded scenes, from scratch.

  Args:
    labels: `tags` or `noisy_tags` of the weak samples.
  """
  strong, weak = bundle(em_scenes.TRAIN, em_scenes.TRAIN, em_scenes.BATCH, SCENES_MASKS)
  experiment = em_scenes.on_scenes(None, weak)
  experiment.network = schema.network(
      "light_dual", alpha=em_scenes.ALPHA, head_filters=64, skip_filters=32, dropout_rate=0.0)
  return dual_stages.stages(experiment, strong, weak, SCENES, em_scenes.training, labels=labels,
                            clean_tags=labels == NOISY, image_parts=weak, tag_weight=TAG_WEIGHT,
                            foreground_bias=FOREGROUND_BIAS)


def on_animals(count, labels="tags"):
  """Returns dual learning on VOC12-animals from ImageNet weights.

  Args:
    count: of masks, 0 = all.
    labels: `tags` or `noisy_tags` of the weak samples.
  """
  strong, weak = bundle(em_animals.TRAIN, em_animals.TAGGED, em_animals.BATCH, count)
  experiment = em_animals.on_animals(None, weak)
  if labels == NOISY:
    experiment.data.sources[0].wrong_tags = WRONG
  experiment.network = schema.network(
      "light_dual", pretrained=em_animals.WEIGHTS, alpha=1.0, output_stride=16)
  return dual_stages.stages(
      experiment, strong, weak, ANIMALS,
      lambda steps: with_subnets(em_animals.training(steps, ANIMALS_RATE)), labels=labels,
      clean_tags=labels == NOISY, image_parts=weak, image_training=image_training,
      tag_weight=TAG_WEIGHT, foreground_bias=FOREGROUND_BIAS)


def with_subnets(training):
  """Returns a `schema.Training` by SGD with the rate of subnets 1 and 2 before its multipliers."""
  training.multipliers = [dual_stages.SUBNETS, *training.multipliers]
  return training


def image_training(steps):
  """Returns the schedule of the step `image`, in which subnet 2 is trained alone: Adam."""
  return schema.Training(steps=steps, optimization=em_scenes.adam(IMAGE_RATE, steps))


registry.register_all({
    "dual_scenes": (
        f"Dual learning on the embedded scenes, {SCENES_MASKS} masks and tags", on_scenes),
    "dual_noisy_scenes": (f"The same, {SCENES_MASKS} masks and tags with mistakes",
                          functools.partial(on_scenes, NOISY)),
    "dual_50_voc_animals": (f"Dual learning on VOC12-animals, {MASKS[0]} masks, tags",
                            functools.partial(on_animals, MASKS[0])),
    "dual_noisy_50_voc_animals": (f"The same, {100 * WRONG:g} % of the tags wrong",
                                  functools.partial(on_animals, MASKS[0], NOISY)),
    "dual_voc_animals": (f"Dual learning on VOC12-animals, {MASKS[1]} masks and tags",
                         functools.partial(on_animals, MASKS[1])),
})


@registry.register_recipe("dual")
def dual(*, steps: Count = OWN_STEPS, inference_steps: CountOrNone = dual_stages.TRAIN_STEPS,
         test_steps: CountOrNone = dual_stages.TEST_STEPS,
         labels: Annotated[str, OneOf(dual_stages.TAG_FIELDS)] = "tags",
         clean_tags: bool = True):
  """Dual learning from some masks and the tags of other images, such as tags from the web.

  Args:
    steps: updates of all four stages.
    inference_steps: of images with tags alone, while training.
    test_steps: in evaluation.
    labels: `tags` of the images, also where some are wrong; `noisy_tags`: those of another file,
      where the true ones are known and only tell how well they are cleaned.
    clean_tags: whether images may turn out to show other classes than their tags say; False where
      all tags are right.
  """
  experiment = registry.build("own_data")
  experiment.data.sources = [schema.Source(name="photos")]
  experiment.network = schema.network("light_dual", pretrained=IMAGENET)
  lengths = dual_stages.Lengths(*(max(2, round(share * steps)) for share in SHARES))
  strong, weak = bundle("train", "train", 4, 0)
  return dual_stages.stages(
      experiment, strong, weak, lengths, lambda updates: with_subnets(own_data.training(updates)),
      inference_steps=inference_steps, test_steps=test_steps, labels=labels,
      clean_tags=clean_tags, image_parts=weak, image_training=image_training,
      tag_weight=TAG_WEIGHT, foreground_bias=FOREGROUND_BIAS)
