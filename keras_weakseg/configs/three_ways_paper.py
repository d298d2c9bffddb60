"""Hoyer et al. 2021 at the paper's sizes: learning depth on Cityscapes, and what it is worth.

Reference: Hoyer, Dai, Chen, Koring, Saha, Van Gool, Three Ways to Improve Semantic Segmentation
with Self-Supervised Depth Estimation, CVPR 2021; constants are those of the authors' code.

Deviation: the third stage in single precision, weight decay on kernels only. The reference mixes
precisions there, which `runtime.mixed_precision` does for a whole run, and decays every variable.
"""
import copy
import functools

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs import schema

SIZE, CROP = (512, 1024), (512, 512)
DEPTH_STEPS, DEPTH_DROP = 300000, 160000
FINETUNE_STEPS = 50000          # the paper; the authors' configuration says 100,000
FEATURE_DISTANCE = 1e-2
STEPS, DROP = 40000, 30000
LEARNING_RATE, ENCODER_MULTIPLIER, POSE_MULTIPLIER = 1e-2, 0.1, 1e-4
CLIP_NORM = 10.0
TRAIN, VALIDATION = "train", "validation"

# The layers of tf_keras.applications, whose ImageNet weights can be had; `torchvision` fits those
# of the reference, from an npz of its state dict.
ENCODER = {"encoder": "resnet101", "layout": "keras"}
_FROZEN = schema.Multiplier(pattern="encoder", learning_rate=0.0)


def cityscapes(name="cityscapes", **video):
  """Returns the source Cityscapes with sequences; `video`: further fields of `schema.Video`."""
  return schema.Source(name=name, kind="cityscapes_video", video=schema.Video(
      size=SIZE, static_threshold=0.0, **video))


def sequences():
  """Returns the source of all frames that have both neighbours."""
  return cityscapes("sequences")


def annotated():
  """Returns the source of the frames with a mask, with their neighbours."""
  return cityscapes("annotated", masks=True, annotated_only=True)


def depth_network():
  """Returns ResNet-101 with pyramid pooling and the decoder of the paper."""
  return schema.Network(type="depth_unet", pretrained="imagenet",
                        depth_unet=schema.DepthUNet(**ENCODER))


def pose_network():
  """Returns ResNet-18 on pairs of frames, as torchvision has it: Keras has no ResNet-18.

  Its ImageNet weights are torchvision's state dict, saved by `numpy.savez`: `pose.pretrained`.
  """
  return schema.PoseNetwork(type="pose_network", pretrained="imagenet_if_available",
                            pose_network=schema.PoseResNet(layout="torchvision"))


def depth_stage(name, batch_size, crop=(), *, carried=True):
  """Returns a stage that learns decoder and motion; the encoder keeps its ImageNet weights.

  Args:
    name: of the stage.
    batch_size: samples in a batch.
    crop: of the images; empty = whole.
    carried: whether the depth network starts from the stage before; the pose network always does.
  """
  network = depth_network()
  network.carried = carried
  training = depth_methods.adam_with_step(
      1e-4, DEPTH_STEPS, decay_at=DEPTH_DROP / DEPTH_STEPS, multipliers=[copy.deepcopy(_FROZEN)])
  return schema.Stage(
      name=name, parts=[schema.Part(source="sequences", supervision="none",
                                    batch_size=batch_size)],
      network=network, pose=pose_network(), method=depth_methods.self_supervised_depth(),
      training=training, augmentation=depth_methods.monodepth2_augmentation(SIZE, crop))


def finetuning_stage(feature_distance=FEATURE_DISTANCE):
  """Returns the stage that lets the encoder learn too, near its ImageNet features (F).

  Args:
    feature_distance: weight of the distance to these.
  """
  stage = depth_stage("finetune", 4, CROP)
  stage.method.self_supervised_depth.feature_distance = feature_distance
  stage.training = depth_methods.adam_with_step(1e-5, FINETUNE_STEPS, decay_at=1.0)
  return stage


def depth_stages(feature_distance=FEATURE_DISTANCE):
  """Returns the three stages of learning depth; the first is there for the pose network.

  Args:
    feature_distance: its weight in the third one; 0 = the encoder learns freely.
  """
  return [depth_stage("whole", 2), depth_stage("cropped", 4, CROP, carried=False),
          finetuning_stage(feature_distance)]


def segmentation(network, method, count, stages=(), multipliers=()):
  """Returns segmentation from some masks of Cityscapes.

  Args:
    network: a `schema.Network`.
    method: a `schema.Method`.
    count: of the masks.
    stages: before it.
    multipliers: before that of the encoder.
  """
  optimization = schema.sgd_steps(LEARNING_RATE, DROP, STEPS)
  return schema.Experiment(
      recipe="staged" if stages else "single_phase",
      data=schema.Data(
          sources=[annotated(), *([sequences()] if stages else [])],
          parts=[parts.masks(TRAIN, 2, count=count)],
          augmentation=schema.Augmentation(crop=CROP, resize=SIZE, scales=(1.0, 1.0))),
      network=network, pose=pose_network(), method=method, stages=list(stages),
      training=schema.Training(
          steps=STEPS, weight_decay=5e-4, optimization=optimization, clip_norm=CLIP_NORM,
          multipliers=[*multipliers, schema.Multiplier(pattern="encoder",
                                                       learning_rate=ENCODER_MULTIPLIER)]),
      evaluation=schema.Evaluation(split=VALIDATION))


def unet(pretrained=""):
  """Returns the segmentation network: encoder and decoder of the depth network, a classifier."""
  return schema.Network(type="unet", pretrained=pretrained, unet=schema.UNet(**ENCODER))


def baseline(count):
  """Returns the network from ImageNet weights alone."""
  return segmentation(unet("imagenet"), schema.Method(type="supervised"), count)


def transfer(count, feature_distance=FEATURE_DISTANCE):
  """Returns P+F, and P without feature distance: encoder and decoder start from depth."""
  return segmentation(
      unet(), schema.Method(type="supervised"), count, depth_stages(feature_distance))


def multitask(count):
  """Returns M+F: transfer, and depth of the same frames learned at the same time."""
  network = schema.Network(type="multitask", multitask=schema.MultiTask(**ENCODER))
  return segmentation(
      network, schema.Method(type="joint_depth"), count, depth_stages(),
      [schema.Multiplier(pattern="^pose/", learning_rate=POSE_MULTIPLIER)])


@registry.register("depth_cityscapes", "The three stages of learning depth from Cityscapes video")
def depth_cityscapes():
  """Returns the stages alone; the last one is the experiment's own training."""
  *stages, last = depth_stages()
  return schema.Experiment(
      recipe="staged", stages=stages,
      data=schema.Data(sources=[sequences()], parts=last.parts, augmentation=last.augmentation),
      network=last.network, pose=last.pose, method=last.method, training=last.training,
      evaluation=schema.Evaluation(split=VALIDATION))


# Table 2 of the paper (the baselines at 100 and 744: Table 1): mean IoU in per cent on `validation`
# by the number of labels.
TABLE_2 = {
    "baseline_{}_cityscapes": (baseline, {100: 48.75, 372: 59.14, 744: 63.46, 2975: 67.77},
                               "ImageNet weights alone"),
    "transfer_{}_cityscapes": (functools.partial(transfer, feature_distance=0.0),
                               {372: 60.46, 2975: 69.00}, "P"),
    "transfer_f_{}_cityscapes": (transfer, {372: 60.80, 2975: 69.47}, "P+F"),
    "multitask_f_{}_cityscapes": (multitask, {372: 61.25, 2975: 69.76}, "M+F"),
}

for _name, (_factory, _published, _row) in TABLE_2.items():
  for _count, _number in _published.items():
    registry.register(_name.format(_count), f"{_row}, {_count} masks; paper: {_number} on val")(
        functools.partial(_factory, _count))
