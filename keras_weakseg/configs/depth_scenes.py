"""Depth on the embedded scenes, and what segmentation gains from it: minutes on two cores."""
import dataclasses

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

# === What may be tuned ===

# Chosen on `validation`; the numbers are those of `test`.
SIZE = (96, 192)
BATCH = 4                   # of video: learns as much per step as 8
MASKS = 8                   # in a batch
STEPS = 2000                # 9 to 13 minutes on two cores
LEARNING_RATE = 0.02        # Muon's; twice of it learns as much
DISPARITY_SCALES = (0, 1, 3)
SCORE_LEVEL = 1             # of the decoder: half the size of images, and then resized
ALIGN = 2                   # Gauss-Newton steps
# With the paper's .85, abs_rel is .154 instead of .153, and with SWAP_FRAMES .152 instead of .151.
SSIM_WEIGHT = 0.5
# Every frame of three is the image equally often, which gives three times the pictures.
SWAP_FRAMES = 0.67
MOTION_MULTIPLIER = 0.5     # at the whole rate some trainings leave for motions of kilometres
# An encoder that has learned depth goes on slowly, as in the paper. At the whole rate it loses that
# to 20 masks, which are soon known by heart: mIoU on `validation` .63 in place of .74 (transfer,
# seed 1), .48 and .61 in place of .75 and .72 (multi-task learning, seeds 1 and 3).
ENCODER_MULTIPLIER = 0.1
MOTION_BESIDE = 0.05        # the same for motion that goes on beside the classes
# Three quarters of the time of single precision where the processor knows bfloat16 (AVX512_BF16,
# AMX), and no loss. Others take float32.
PRECISION = "mixed_bfloat16"
CROP = (96, 192)
SEGMENTATION_STEPS = 600
SEGMENTATION_RATE = 0.02    # Muon's

# Video needs no labels, so that there may be more of it than the 400 scenes of `weakseg_scenes`,
# which are learned by heart: an abs_rel of .154 where the training frames have .137.
VIDEO, VIDEO_SCENES = "video", "weakseg_scenes/192x96_large"
STEREO_SCENES = "weakseg_scenes/192x96_stereo"  # the 400 scenes, from two cameras
# In metres; nothing in the scenes is nearer than 2. An untrained network says the middle disparity:
# 2 m with this, where a point has moved by a tenth of the width. With the .1 of a free unit it says
# .2 m, where the second view is out of the picture and has no say in the scale; neighbours in time
# then explain the scenes at a scale of their own, and the smallest error lets them.
STEREO_MIN_DEPTH = 1.0
STEREO_SSIM_WEIGHT = 0.85   # the paper's
PAIRS_STEPS, STEREO_STEPS = 500, 1500


def options():
  """Returns the options of encoder and decoder, all trained from scratch.

  A ResNet-18, because with true depth as labels it reached in 400 steps (abs_rel .21) what a
  MobileNetV1 of half its width did not in 600 (.28); its light form because it is faster and as
  good (.15 under Muon, where the whole one has .16).
  """
  return dict(encoder="light_resnet18", channels=(16, 32, 48, 64, 96),
              skip_channels=(32, 32, 48, 48), context="light", rates=schema.LightDepth().rates,
              batch_norm=True, dropout_rate=0.0)


def depth_network():
  """Returns the depth network.

  Full size, because the best disparity of half of it still has an abs_rel of .04 at edges.
  """
  return schema.Network(type="depth_unet", depth_unet=schema.DepthUNet(
      **options(), disparity_scales=DISPARITY_SCALES))


def motion(continues=""):
  """Returns the pose network, PoseCNN at half its width: alignment corrects what it says.

  Args:
    continues: the step whose pose network goes on.
  """
  return schema.Networks(pose=schema.other_network("light_pose", alpha=0.5, continues=continues))


def depth_method(ssim_weight=SSIM_WEIGHT):
  """Returns Monodepth2's loss on aligned motions that mirror with the video.

  From scratch, PoseCNN said the same turn of half a degree of every scene otherwise, and depth
  leaned to the right: abs_rel .40 instead of .33 after 1,000 steps, on `validation`. What it says
  is wrong by .3 pixels then; without alignment 700 steps reached .25 instead of .21.
  """
  return depth_methods.self_supervised_depth(
      symmetric=True, align=ALIGN, ssim_weight=ssim_weight)


def slow_motion(multiplier=MOTION_MULTIPLIER):
  """Returns the rate of the pose network."""
  return schema.Multiplier(pattern="^pose/", learning_rate=multiplier)


def slow_encoder():
  """Returns the rate of an encoder that has learned depth."""
  return schema.Multiplier(pattern="encoder", learning_rate=ENCODER_MULTIPLIER)


def depth_training(steps=STEPS):
  """Returns the schedule of learning depth."""
  return schema.Training(
      steps=steps, weight_decay=0.0, optimization=schema.muon(LEARNING_RATE, steps),
      multipliers=[slow_motion()], log_every=50)


def video(dataset=VIDEO_SCENES):
  """Returns the source of video."""
  return schema.Source(name=VIDEO, kind="tfds", dataset=dataset)


def video_parts():
  """Returns the part of all training samples of video, none of whose labels may be read."""
  return [schema.Part(source=VIDEO, split=em_scenes.TRAIN, supervision="none", batch_size=BATCH)]


def segmentation_training():
  """Returns the schedule of segmentation from few masks."""
  return schema.Training(
      steps=SEGMENTATION_STEPS, weight_decay=em_scenes.WEIGHT_DECAY,
      optimization=schema.muon(SEGMENTATION_RATE, SEGMENTATION_STEPS))


def few_masks():
  """Returns the part of a few samples with a mask, those of `supervised_scenes`."""
  return parts.masks(em_scenes.TRAIN, MASKS, count=em_scenes.FEW_MASKS)


def augmentation(swap_frames=SWAP_FRAMES):
  """Returns mirroring and the choice of the image; colours of the scenes vary enough.

  Args:
    swap_frames: share of the samples that are seen from a neighbour.
  """
  return dataclasses.replace(depth_methods.monodepth2_augmentation(SIZE), color=0.0, hue=0.0,
                             color_saturation=1.0, swap_frames=swap_frames)


def runtime():
  """Returns how all of these compute."""
  return schema.Runtime(mixed_precision=PRECISION)


def depth_step():
  """Returns the step that learns depth before segmentation starts from it."""
  return schema.Step(
      name="depth", parts=video_parts(), network=depth_network(), networks=motion(),
      method=depth_method(), training=depth_training(),
      augmentation=augmentation())


@registry.register("depth_scenes", "Depth and motion of the embedded scenes from their video")
def depth_scenes():
  """Returns self-supervised depth from scratch."""
  return schema.Experiment(
      data=schema.Data(sources=[video()], parts=video_parts(), augmentation=augmentation()),
      runtime=runtime(), network=depth_network(), networks=motion(), method=depth_method(),
      training=depth_training(), evaluation=schema.Evaluation(split=em_scenes.TEST))


@registry.register("stereo_depth_scenes", "Metric depth of the embedded scenes, from two cameras")
def stereo_depth_scenes():
  """Returns self-supervised depth whose further source is the other camera of a pair.

  Pairs come first, alone: aligned motions follow the depth of an untrained network at any scale,
  and explain the scenes there before the second camera has a say (at a sixth of the true distance
  after 700 steps).
  """
  experiment = depth_scenes()
  experiment.data.sources = [video(STEREO_SCENES)]
  # The second camera took its picture at the moment of the image.
  experiment.data.augmentation = augmentation(swap_frames=0.0)
  experiment.method = stereo_method()
  experiment.training = depth_training(STEREO_STEPS)
  experiment.steps = [pairs_step()]
  experiment.network.continues = experiment.steps[0].name
  return experiment


def stereo_method(video=True):
  """Returns the loss with the second camera, in metres."""
  method = depth_method(STEREO_SSIM_WEIGHT)
  options = method.self_supervised_depth
  options.stereo, options.video, options.min_depth = True, video, STEREO_MIN_DEPTH
  return method


def pairs_step():
  """Returns the step that learns metric depth from pairs alone: no motion, so no pose network."""
  step = depth_step()
  step.name, step.augmentation = "pairs", augmentation(swap_frames=0.0)
  step.method, step.training = stereo_method(video=False), depth_training(PAIRS_STEPS)
  step.training.multipliers, step.networks = [], schema.Networks()
  return step


def segmentation(network, method, bundle):
  """Returns segmentation of the scenes from few masks."""
  return schema.Experiment(
      data=schema.Data(
          sources=[em_scenes.scenes()], parts=bundle,
          augmentation=schema.Augmentation(
              crop=CROP, scales=em_scenes.SCALES, swap_frames=SWAP_FRAMES)),
      runtime=runtime(), network=network, method=method, training=segmentation_training(),
      evaluation=schema.Evaluation(split=em_scenes.TEST))


def unet():
  """Returns the segmentation network with the encoder and decoder of the depth network."""
  return schema.Network(type="unet", unet=schema.UNet(**options(), score_level=SCORE_LEVEL))


@registry.register("unet_scenes", f"{em_scenes.FEW_MASKS} masks of the embedded scenes, U-Net")
def unet_scenes():
  """Returns the baseline: the network of `depth_transfer_scenes` from scratch."""
  return segmentation(unet(), schema.Method(type="supervised"), [few_masks()])


@registry.register("depth_transfer_scenes", "The same, from weights that learned depth before")
def depth_transfer_scenes():
  """Returns depth transfer: encoder and decoder start from those of a depth network."""
  experiment = unet_scenes()
  experiment.data.sources.append(video())
  experiment.training.multipliers = [slow_encoder()]
  experiment.steps = [depth_step()]
  experiment.network.continues = experiment.steps[0].name
  return experiment


@registry.register("joint_depth_scenes", "The same, learning depth from video at the same time")
def joint_depth_scenes():
  """Returns transfer and multi-task learning: every batch has video without labels too."""
  experiment = segmentation(
      schema.Network(type="multitask", multitask=schema.MultiTask(
          **options(), score_level=SCORE_LEVEL, head_channels=schema.UNet().head_channels)),
      schema.Method(type="joint_depth", joint_depth=schema.JointDepth(
          symmetric=True, align=ALIGN, ssim_weight=SSIM_WEIGHT)), [few_masks(), *video_parts()])
  experiment.data.sources.append(video())
  experiment.networks = motion("depth")
  experiment.training.multipliers = [slow_motion(MOTION_BESIDE), slow_encoder()]
  experiment.steps = [depth_step()]
  experiment.network.continues = experiment.steps[0].name
  return experiment
