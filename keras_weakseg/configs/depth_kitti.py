"""Depth from video of KITTI, evaluated on true depth of other scenes: hours on two cores."""
from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

# === What may be tuned ===

SIZE = (128, 416)           # a multiple of 32 each; 192x640 takes 2.3 times as long
BATCH = 4
STEPS = 4000
DISPARITY_SCALES = (1, 2, 3)    # half the size of images is what segmentation reads too
FINEST = DISPARITY_SCALES[0]
POSE_SHRINK = 2             # motions are of many pixels; with both a step takes .68 of the time
LEARNING_RATE = 1e-4
MOBILENET = "weights/mobilenet_v1_1.0_224_imagenet_fp16.npz"

CLIPS, STEREO = "clips", "stereo2015"


def clips():
  """Returns the source of video."""
  return schema.Source(name=CLIPS, kind="kitti_clips", video=schema.Video(size=SIZE))


def pose(pretrained=MOBILENET):
  """Returns the pose network, MobileNetV1 on pairs of frames."""
  return schema.other_network("light_pose", pretrained=pretrained, kind="mobilenet_v1", alpha=1.0,
                              shrink=POSE_SHRINK)


def on_kitti_clips(steps=STEPS):
  """Returns self-supervised depth on the clips; the figures are those of `stereo2015`."""
  return schema.Experiment(
      data=schema.Data(
          sources=[clips(), schema.Source(name=STEREO, kind="kitti_stereo")],
          parts=[schema.Part(source=CLIPS, split="train", supervision="none", batch_size=BATCH)],
          augmentation=depth_methods.monodepth2_augmentation(SIZE)),
      network=schema.Network(
          type="light_depth", pretrained=MOBILENET,
          light_depth=schema.LightDepth(disparity_scales=DISPARITY_SCALES)),
      networks=schema.Networks(pose=pose()),
      method=depth_methods.self_supervised_depth(),
      training=depth_methods.adam_with_step(LEARNING_RATE, steps, log_every=50),
      evaluation=schema.Evaluation(source=STEREO, split="test"))


@registry.register("depth_kitti_clips", "Depth from three clips of KITTI, light networks")
def depth_kitti_clips():
  """Returns the small experiment."""
  return on_kitti_clips()
