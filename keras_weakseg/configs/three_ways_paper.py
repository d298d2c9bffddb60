"""Hoyer et al. 2021 at the paper's sizes: learning depth on Cityscapes, and what it is worth.

Reference: Hoyer, Dai, Chen, Koring, Saha, Van Gool, Three Ways to Improve Semantic Segmentation
with Self-Supervised Depth Estimation, CVPR 2021; constants are those of the authors' code.

Deviation: weight decay on kernels only; the reference decays every variable.
"""
import copy
import functools

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

SIZE, CROP = (512, 1024), (512, 512)
DEPTH_STEPS, DEPTH_DROP = 300000, 160000
FINETUNE_STEPS = 50000          # the paper; the authors' configuration says 100,000
FINETUNE_PRECISION = "mixed_float16"
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


def motion(continues=""):
  """Returns the pose network: ResNet-18 on pairs of frames, as torchvision has it.

  Keras has no ResNet-18. Its ImageNet weights are torchvision's state dict, saved by `numpy.savez`,
  which `networks.pose.pretrained` takes.

  Args:
    continues: the step whose pose network goes on.
  """
  return schema.Networks(pose=schema.other_network(
      "pose_network", pretrained="imagenet_if_available", continues=continues,
      layout="torchvision"))


def depth_step(name, batch_size, crop=(), *, after="", continues=""):
  """Returns a step that learns decoder and motion; the encoder keeps its ImageNet weights.

  Args:
    name: of the step.
    batch_size: samples in a batch.
    crop: of the images; empty = whole.
    after: the step whose pose network goes on.
    continues: the step whose depth network goes on.
  """
  network = depth_network()
  network.continues = continues
  training = depth_methods.adam_with_step(
      1e-4, DEPTH_STEPS, decay_at=DEPTH_DROP / DEPTH_STEPS, multipliers=[copy.deepcopy(_FROZEN)])
  return schema.Step(
      name=name, parts=[schema.Part(source="sequences", supervision="none",
                                    batch_size=batch_size)],
      network=network, networks=motion(after), method=depth_methods.self_supervised_depth(),
      training=training, augmentation=depth_methods.monodepth2_augmentation(SIZE, crop))


def finetuning_step(feature_distance=FEATURE_DISTANCE):
  """Returns the step that lets the encoder learn too, near its ImageNet features (F).

  It mixes precisions, as the reference does in this step alone.

  Args:
    feature_distance: weight of the distance to these.
  """
  step = depth_step("finetune", 4, CROP, after="cropped", continues="cropped")
  step.method.self_supervised_depth.feature_distance = feature_distance
  step.training = depth_methods.adam_with_step(1e-5, FINETUNE_STEPS, decay_at=1.0)
  step.mixed_precision = FINETUNE_PRECISION
  return step


def depth_steps(feature_distance=FEATURE_DISTANCE):
  """Returns the three steps of learning depth; the first is there for the pose network.

  Args:
    feature_distance: its weight in the third one; 0 = the encoder learns freely.
  """
  return [depth_step("whole", 2), depth_step("cropped", 4, CROP, after="whole"),
          finetuning_step(feature_distance)]


def segmentation(network, method, count, steps=(), multipliers=()):
  """Returns segmentation from some masks of Cityscapes.

  Args:
    network: a `schema.Network`.
    method: a `schema.Method`.
    count: of the masks.
    steps: before it; the network goes on from the last of them.
    multipliers: before that of the encoder.
  """
  optimization = schema.sgd_steps(LEARNING_RATE, DROP, STEPS)
  last = steps[-1].name if steps else ""
  network.continues = last
  return schema.Experiment(
      data=schema.Data(
          sources=[annotated(), *([sequences()] if steps else [])],
          parts=[parts.masks(TRAIN, 2, count=count)],
          augmentation=schema.Augmentation(crop=CROP, resize=SIZE, scales=(1.0, 1.0))),
      network=network, method=method, steps=list(steps),
      networks=motion(last) if method.type == "joint_depth" else schema.Networks(),
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
      unet(), schema.Method(type="supervised"), count, depth_steps(feature_distance))


def multitask(count):
  """Returns M+F: transfer, and depth of the same frames learned at the same time."""
  network = schema.Network(type="multitask", multitask=schema.MultiTask(**ENCODER))
  return segmentation(
      network, schema.Method(type="joint_depth"), count, depth_steps(),
      [schema.Multiplier(pattern="^pose/", learning_rate=POSE_MULTIPLIER)])


@registry.register("depth_cityscapes", "The three steps of learning depth from Cityscapes video")
def depth_cityscapes():
  """Returns these steps alone; the last one is the experiment's own training."""
  *steps, last = depth_steps()
  for step in steps:
    step.mixed_precision = "float32"
  return schema.Experiment(
      steps=steps,
      data=schema.Data(sources=[sequences()], parts=last.parts, augmentation=last.augmentation),
      network=last.network, networks=last.networks, method=last.method, training=last.training,
      runtime=schema.Runtime(mixed_precision=last.mixed_precision),
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
