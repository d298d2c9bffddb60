"""What segmentation of CamVid gains from depth that was learned on KITTI (Hoyer et al. 2021, B)."""
from keras_weakseg.configs import depth_kitti
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

# === What may be tuned ===

# Chosen on `val`; the numbers are those of `test`.
RESIZE = (240, 320)         # of 360x480: things are about as large as where depth was learned
CROP = (160, 224)
SCALES = (0.75, 1.5)
BATCH = 4                   # of masks
UNLABELLED = 2              # beside them in multi-task learning
STEPS = 800                 # for time: about four minutes a run without depth on two cores
LEARNING_RATE = 1e-3
ENCODER_MULTIPLIER = 0.1    # of ImageNet or of depth: rows differ in their first weights alone
# Classifiers start near zero; at the plain rate they need hundreds of steps to grow: 42 per cent on
# `val` instead of 53 from ImageNet, 50 masks, seed 1.
CLASSIFIER_MULTIPLIER = 10.0
DEPTH_RUN = "depth_kitti_clips"     # a model_dir; see official_configs/three_ways
DISPARITY = "camvid_disparity"      # what its network says of CamVid: `make-disparity-maps`
COUNTS = (50, 100)
TRAIN, TEST = "train", "test"


def camvid(disparity=""):
  """Returns the source CamVid, with the disparity of a teacher where a folder is named."""
  return schema.Source(name="camvid", kind="camvid", disparity=disparity)


def on_camvid(network, method, bundle, source):
  """Returns segmentation of CamVid."""
  return schema.Experiment(
      data=schema.Data(
          sources=[source], parts=bundle,
          augmentation=schema.Augmentation(crop=CROP, resize=RESIZE, scales=SCALES, color=0.2)),
      network=network, method=method,
      training=schema.Training(
          steps=STEPS, weight_decay=1e-4, optimization=em_scenes.adam(LEARNING_RATE, STEPS),
          multipliers=[
              schema.Multiplier(pattern="encoder", learning_rate=ENCODER_MULTIPLIER),
              schema.Multiplier(pattern="classifier", learning_rate=CLASSIFIER_MULTIPLIER)]),
      evaluation=schema.Evaluation(split=TEST, protocol=schema.Protocol(size=RESIZE)))


def from_imagenet(count):
  """Returns the baseline: the encoder knows ImageNet, the decoder nothing."""
  return on_camvid(schema.Network(type="light_unet", pretrained=depth_kitti.MOBILENET),
                   schema.Method(type="supervised"), [parts.masks(TRAIN, BATCH, count=count)],
                   camvid())


def from_depth(count):
  """Returns depth transfer: encoder and decoder start from the depth network."""
  experiment = from_imagenet(count)
  experiment.network.pretrained = f"{DEPTH_RUN}/train/depth.npz"
  return experiment


def from_encoder(count):
  """Returns transfer of the encoder alone; the decoder knows nothing."""
  experiment = from_depth(count)
  experiment.network.starts = "encoder"
  return experiment


def jointly(count):
  """Returns transfer and multi-task learning: depth, against that network's, on all images."""
  return on_camvid(
      schema.Network(type="light_multitask", pretrained=f"{DEPTH_RUN}/train/depth.npz",
                     light_multitask=schema.LightMultiTask(score_level=depth_kitti.FINEST)),
      schema.Method(type="joint_depth", joint_depth=schema.JointDepth(depth_from="teacher")),
      [parts.masks(TRAIN, BATCH, count=count),
       schema.Part(split=TRAIN, supervision="none", batch_size=UNLABELLED)],
      camvid(DISPARITY))


registry.register_all({
    "imagenet_{}_camvid": ("{} masks of CamVid, encoder from ImageNet", from_imagenet),
    "depth_transfer_{}_camvid": ("The same {} masks, weights from depth of KITTI", from_depth),
    "depth_encoder_{}_camvid": ("The same {} masks, encoder alone from depth of KITTI",
                                from_encoder),
    "joint_depth_{}_camvid": ("The same {} masks, learning that network's depth too", jointly),
}, counts=COUNTS)
