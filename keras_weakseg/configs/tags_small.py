"""Tags of whole images, small: the embedded scenes and VOC12-animals."""
import functools

from keras_weakseg.configs import em_animals
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

# === What may be tuned ===

# On two cores: a few minutes each.
SCENES_STEPS = 600
SCENES_RATE = 0.002
ANIMALS_STEPS = 300
ANIMALS_RATE = 0.01
# Photographs are seen whole: a crop of an image need not show what the image is tagged with.
ANIMALS_SIZE = (193, 193)
SCALES = (1.0, 1.0)


def from_tags(experiment, network, activation="sigmoid", labels="tags"):
  """Returns an experiment of tags."""
  experiment.network = network
  experiment.method = schema.method("tags", activation=activation, labels=labels)
  experiment.data.augmentation.scales = SCALES
  return experiment


def on_scenes(labels="tags"):
  """Returns the embedded scenes, whose objects are small and of which most images show several."""
  experiment = from_tags(
      em_scenes.on_scenes(None, [parts.tags(em_scenes.TRAIN, 2 * em_scenes.BATCH)]),
      schema.network("tag_classifier", alpha=em_scenes.ALPHA, output_stride=8, dropout_rate=0.0),
      labels=labels)
  experiment.training = em_scenes.training(SCENES_STEPS, SCENES_RATE)
  return experiment


registry.register_all({
    "tags_scenes": ("Tags of the embedded scenes: which classes an image shows", on_scenes),
    "noisy_tags_scenes": ("Tags of the embedded scenes, from tags with mistakes",
                          functools.partial(on_scenes, "noisy_tags")),
})


@registry.register("tags_voc_animals", "Tags of VOC12-animals: which animals a photograph shows")
def tags_voc_animals():
  """Returns multi-label classification of photographs, from ImageNet weights."""
  experiment = from_tags(
      em_animals.on_animals(None, [parts.tags(em_animals.TAGGED, 2 * em_animals.BATCH)],
                            steps=ANIMALS_STEPS, learning_rate=ANIMALS_RATE),
      schema.network("tag_classifier", pretrained=em_animals.WEIGHTS))
  experiment.data.augmentation.resize = ANIMALS_SIZE
  return experiment
