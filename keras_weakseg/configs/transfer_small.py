"""Transfer between categories, small: the embedded scenes and VOC12-animals."""
import functools

from keras_weakseg.configs import em_animals
from keras_weakseg.configs import em_methods
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs import transfer
from keras_weakseg.configs.sections import schema

# === What may be tuned ===

# Of each pair that looks alike (car and bus, dog and horse), one has masks.
SCENES_WEAK = ("bus", "dog")
SCENES_RATE = 0.002
SCENES_SUPERPIXELS = 100    # objects are small: 192x96 pixels in all
SCENES_GRID = (13, 25)
ANIMALS_WEAK = ("dog", "horse", "sheep")
ANIMALS_REVERSE = ("cat", "cow", "person")
ANIMALS_GRID = (25, 25)
ANIMALS_SIZE = (193, 193)
ANIMALS_STEPS = 300
JOINT_SHARE = 0.5           # joint steps, of those of the segmenter


def on_scenes():
  """Returns the segmenter of the scenes, without a method of its own yet."""
  experiment = em_scenes.on_scenes(
      em_methods.supervised(), transfer.bundle(em_scenes.TRAIN, em_scenes.BATCH))
  experiment.data.sources[0].weak = SCENES_WEAK
  return experiment


def scenes_maps(kind="diffused"):
  """Returns masks of three categories, and label maps of the tags of two."""
  experiment = on_scenes()
  return transfer.on_maps(experiment, transfer.before_segmenter(
      experiment, schema.network("light_cam", alpha=em_scenes.ALPHA, output_stride=8),
      schema.make("diffused_maps", split=em_scenes.TRAIN, kind=kind,
                  superpixels=SCENES_SUPERPIXELS),
      cam_training=em_scenes.training(learning_rate=SCENES_RATE)))


def scenes_judged(pretrained=True):
  """Returns the same with P-Net."""
  count = int(JOINT_SHARE * em_scenes.STEPS)
  rate = transfer.JOINT_FACTOR * em_scenes.LEARNING_RATE
  return transfer.judged(scenes_maps(), SCENES_GRID, critic_steps=count, pretrained=pretrained,
                         joint=em_scenes.training(count, rate))


def em_of(experiment):
  """Returns EM-Fixed on the masks and tags of the same split: the paper's WSSL."""
  experiment.method = em_methods.em_fixed()
  experiment.data.parts[0].weight = parts.STRONG_WEIGHT
  experiment.data.parts[1].weight = parts.WEAK_WEIGHT
  return experiment


def scenes_em():
  """Returns EM-Fixed on the scenes, with the biases that were found for them."""
  experiment = em_of(on_scenes())
  experiment.method.em_fixed.background_bias, experiment.method.em_fixed.foreground_bias = (
      em_scenes.SEMI_BIASES)
  return experiment


def on_animals(weak=ANIMALS_WEAK):
  """Returns the segmenter of VOC12-animals, without a method of its own yet."""
  experiment = em_animals.on_animals(em_methods.supervised(), transfer.bundle(
      em_animals.TRAIN, em_animals.BATCH, tagged=em_animals.TAGGED), steps=ANIMALS_STEPS)
  experiment.data.sources[0].weak = tuple(weak)
  return experiment


def animals_maps(weak=ANIMALS_WEAK, kind="diffused"):
  """Returns masks of three animals, and label maps of the tags of the others."""
  experiment = on_animals(weak)
  return transfer.on_maps(experiment, transfer.before_segmenter(
      experiment, schema.network("light_cam", pretrained=em_animals.WEIGHTS),
      schema.make("diffused_maps", split=em_animals.TAGGED, kind=kind),
      # Photographs are seen whole: a crop need not show what the image is tagged with.
      cam_augmentation=schema.Augmentation(crop=ANIMALS_SIZE, resize=ANIMALS_SIZE)))


def animals_judged(weak=ANIMALS_WEAK, pretrained=True):
  """Returns the same with P-Net."""
  count = int(JOINT_SHARE * ANIMALS_STEPS)
  rate = transfer.JOINT_FACTOR * em_animals.LEARNING_RATE
  return transfer.judged(animals_maps(weak), ANIMALS_GRID, critic_steps=count,
                         pretrained=pretrained, joint=em_animals.training(count, rate))


# Name: (description, factory).
EXPERIMENTS = {
    "transfer_scenes": ("Transfer on the scenes: buses and dogs from tags alone", scenes_judged),
    "transfer_no_pretraining_scenes": (
        "Transfer on the scenes, P-Net not trained ahead", functools.partial(
            scenes_judged, pretrained=False)),
    "transfer_l_net_scenes": ("Transfer on the scenes without P-Net", scenes_maps),
    "transfer_cam_scenes": ("Transfer on the scenes, label maps of CAM alone", functools.partial(
        scenes_maps, "cam")),
    "transfer_em_scenes": ("EM-Fixed on the scenes, buses and dogs from tags alone", scenes_em),
    "transfer_voc_animals": (
        "Transfer on VOC12-animals: dog, horse, sheep from tags", animals_judged),
    "transfer_reverse_voc_animals": (
        "Transfer on VOC12-animals: cat, cow, person from tags", functools.partial(
            animals_judged, ANIMALS_REVERSE)),
    "transfer_no_pretraining_voc_animals": (
        "Transfer on VOC12-animals, P-Net not trained ahead", functools.partial(
            animals_judged, pretrained=False)),
    "transfer_l_net_voc_animals": ("Transfer on VOC12-animals without P-Net", animals_maps),
    "transfer_cam_voc_animals": (
        "Transfer on VOC12-animals, label maps of CAM alone", functools.partial(
            animals_maps, kind="cam")),
    "transfer_em_voc_animals": (
        "EM-Fixed on VOC12-animals: dog, horse, sheep from tags", lambda: em_of(on_animals())),
}

registry.register_all(EXPERIMENTS)
