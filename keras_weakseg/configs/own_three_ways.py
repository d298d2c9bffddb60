"""Somebody's own photographs with few masks and own video, in one call: `recipe="three_ways"`."""
from typing import Annotated

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import own_data
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema
from keras_weakseg.methods import consistency
from keras_weakseg.options import Count, Length, OneOf

PHOTOS, VIDEO = "photos", "video"
DEPTH, DISPARITY = "depth", "disparity"
SIZE = (192, 320)
# Of so few steps a mask is seen often: half of the batch has one.
BATCH = 4
ENCODER_MULTIPLIER, CLASSIFIER_MULTIPLIER = 0.3, 10.0
LEARNING_RATE = 1e-3


@registry.register_recipe("three_ways")
def three_ways(*, steps: Count = own_data.STEPS, depth_steps: Count = own_data.DEPTH_STEPS,
               mixing: Annotated[str, OneOf(consistency.KINDS)] = consistency.DEPTH,
               size: Annotated[tuple[int, ...], Length(2)] = SIZE):
  """Depth from your video, then classes of your photographs from few masks, mixed by depth.

  Args:
    steps: of learning classes.
    depth_steps: of learning depth.
    mixing: how photographs are mixed: `depthmix`, `classmix`, `cutmix`, `cowmix` or `none`.
    size: (height, width) of frames for the network of depth, and of crops of photographs,
      multiples of 32.
  """
  pretrained = "imagenet_if_available"
  depth = schema.Step(
      name=DEPTH, parts=[schema.Part(source=VIDEO, supervision="none", batch_size=BATCH)],
      network=schema.network("light_depth", pretrained=pretrained),
      networks=schema.Networks(pose=schema.other_network(
          "light_pose", pretrained=pretrained, kind="mobilenet_v1", alpha=1.0)),
      method=schema.method("self_supervised_depth"),
      training=depth_methods.adam_with_step(own_data.DEPTH_LEARNING_RATE, depth_steps),
      augmentation=depth_methods.monodepth2_augmentation(tuple(size)))
  maps = schema.Step(name=DISPARITY, reads=(DEPTH,), make=schema.make(
      "disparity_maps", source=PHOTOS, normalise="image"))
  by_depth = mixing == consistency.DEPTH
  return schema.Experiment(
      steps=[depth, maps] if by_depth else [depth],
      data=schema.Data(
          sources=[schema.Source(name=PHOTOS, derived=(DISPARITY,) if by_depth else ()),
                   schema.Source(name=VIDEO, kind="video")],
          parts=[schema.Part(source=PHOTOS, supervision="mask", batch_size=BATCH),
                 schema.Part(source=PHOTOS, supervision="none", batch_size=BATCH)],
          augmentation=schema.Augmentation(crop=tuple(size), scales=own_data.SCALES, color=0.2)),
      network=schema.network("light_unet", continues=DEPTH),
      method=schema.method("mean_teacher", mixing=mixing, mixed="unlabelled"),
      training=schema.Training(
          steps=steps, weight_decay=1e-4,
          optimization=depth_methods.adam_with_poly(LEARNING_RATE, steps),
          multipliers=[
              schema.Multiplier(pattern="encoder", learning_rate=ENCODER_MULTIPLIER),
              schema.Multiplier(pattern="classifier", learning_rate=CLASSIFIER_MULTIPLIER)]),
      evaluation=schema.Evaluation(split=own_data.VALIDATION))
