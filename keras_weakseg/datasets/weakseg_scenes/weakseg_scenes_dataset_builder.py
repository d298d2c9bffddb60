"""TFDS builder of the embedded street scenes: rendered, not downloaded."""
import dataclasses

import tensorflow_datasets as tfds

from keras_weakseg import fields
from keras_weakseg.datasets import builder
from keras_weakseg.datasets import features
from keras_weakseg.datasets import labels
from keras_weakseg.datasets import scenes

_FIELDS = (fields.MASK, fields.PARTS, fields.TAGS, fields.NOISY_TAGS, fields.BOXES,
           fields.BOX_CLASSES, fields.DEPTH, fields.FRAMES, fields.FRAME_OFFSETS,
           fields.INTRINSICS, fields.POSES)
_STEREO_FIELDS = (fields.STEREO_IMAGE, fields.STEREO_POSE)
_FIRST_SEED = {"train": 0, "validation": 100_000, "test": 200_000}  # splits share no scene


@dataclasses.dataclass
class ScenesConfig(tfds.core.BuilderConfig):
  """Size of the images and of the splits, one camera or two.

  Attributes:
    size: (height, width) in pixels.
    train, validation, test: number of scenes in each split, at most 100,000.
    workers: processes that render, `None` = one per core; does not change the data.
    stereo: also store the view of a second camera; everything else is the same without it.
  """
  size: tuple = (96, 192)
  train: int = 400
  validation: int = 100
  test: int = 100
  workers: int | None = None
  stereo: bool = False


class Builder(builder.LocalBuilder):
  """Street scenes with masks, parts, boxes, tags, depth, neighbours and poses.

  Other sizes: `tfds.builder("weakseg_scenes", config=ScenesConfig(name="320x160",
  size=(160, 320)))`.
  """

  VERSION = tfds.core.Version("1.0.0")
  RELEASE_NOTES = {"1.0.0": "First release."}
  BUILDER_CONFIGS = [
      ScenesConfig(name="192x96", description="400 / 100 / 100 scenes of 192x96 pixels."),
      ScenesConfig(name="96x48", description="The same streets, smaller: for tests of pipelines.",
                   size=(48, 96)),
      # Its own configuration: data that was prepared without the second camera stays what it is.
      ScenesConfig(name="192x96_stereo", description="The scenes of 192x96, from two cameras.",
                   stereo=True),
      # For what needs no labels: three times the streets; the first 400 are those of 192x96.
      ScenesConfig(name="192x96_large", description="1,200 / 100 / 100 scenes of 192x96 pixels.",
                   train=1200),
  ]

  def _info(self):
    size = self.builder_config.size
    names = (*_FIELDS, *(_STEREO_FIELDS if self.builder_config.stereo else ()))
    return self.dataset_info_from_configs(
        features=features.sample_features(names, labels.SCENES.num_classes, size, frames=2),
        supervised_keys=(fields.IMAGE, fields.MASK),
        metadata=features.metadata(labels.SCENES))

  def _split_generators(self, dl_manager):
    del dl_manager  # nothing to download
    return {split: self._generate_examples(split) for split in _FIRST_SEED}

  def _generate_examples(self, split):
    config = self.builder_config
    first = _FIRST_SEED[split]
    seeds = range(first, first + getattr(config, split))
    for sample in scenes.render_many(seeds, config.size, config.workers, config.stereo):
      sample[fields.MASK] = sample[fields.MASK][..., None]
      sample[fields.PARTS] = sample[fields.PARTS][..., None]
      sample[fields.BOXES] = features.boxes(sample[fields.BOXES])
      yield sample[fields.SAMPLE_ID].decode(), sample
