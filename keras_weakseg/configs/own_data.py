"""The library's defaults for somebody's own data: what `fit(method=..., data=...)` starts from."""
import functools

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import registry
from keras_weakseg.configs.sections import schema

# === What may be tuned ===

CROP = (257, 257)
STEPS = 2000
LEARNING_RATE = 0.005
HEAD_MULTIPLIER = 10.0
SCALES = (0.75, 1.25)
VALIDATION = "val"
# Nobody knows whether there will be masks; from boxes alone the published biases, 5 and 6 from the
# first step, end with everything background. See the results in official_configs/em.
BOXES = {"background_bias": 5.0, "foreground_bias": 7.0, "warmup_steps": STEPS // 2}
BACKGROUND_PRIOR = 0.8
DEPTH_STEPS = 5000
DEPTH_LEARNING_RATE = 1e-4

# What a method starts from where that is not `own_data`.
BY_METHOD = {"em_adapt": "own_em_adapt",
             "self_supervised_depth": "own_video", "supervised_depth": "own_depth",
             "joint_depth": "own_joint", "joint_mean_teacher": "own_joint_teacher",
             "tags": "own_tags"}
_IMAGENET = "imagenet_if_available"


def kind_of_source(method):
  """Returns the class of `kw.data` that somebody's own data of a method, or of None, has."""
  return "Video" if BY_METHOD.get(method) == "own_video" else "Folder"


def training(steps=STEPS, learning_rate=LEARNING_RATE):
  """Returns a schedule in which the head learns faster than the rest."""
  return schema.Training(
      steps=steps, optimization=schema.sgd(learning_rate, steps),
      multipliers=[schema.Multiplier(pattern="head", learning_rate=HEAD_MULTIPLIER)])


@registry.register("own_data", "Your own data: fit(method=..., data=...) starts from this")
def own_data():
  """Returns the defaults: the light network, ImageNet weights if any, parts by what is labelled."""
  return schema.Experiment(
      data=schema.Data(augmentation=schema.Augmentation(crop=CROP, scales=SCALES, color=0.2)),
      network=schema.Network(type="light_mobilenet_v1", pretrained=_IMAGENET),
      method=schema.Method(bbox_em_fixed=schema.BBoxEMFixed(**BOXES)),
      training=training(), evaluation=schema.Evaluation(split=VALIDATION))


@registry.register("own_em_adapt", "Your own images with tags alone")
def own_em_adapt():
  """Returns `own_data` with a prior of the background: without one EM-Adapt collapses.

  On VOC12-animals it has a mean IoU of 34.3 with it and of 13.6 without (official_configs/em).
  """
  experiment = own_data()
  experiment.network.background_prior = BACKGROUND_PRIOR
  experiment.method.type = "em_adapt"
  return experiment


def with_depth(method, network):
  """Returns the defaults of a method of depth: whole images at the size of the data, or near it."""
  return schema.Experiment(
      # The size is that of the data: see `recipes.image_size`.
      data=schema.Data(augmentation=depth_methods.monodepth2_augmentation(())),
      network=schema.Network(type=network, pretrained=_IMAGENET),
      networks=schema.Networks(pose=schema.other_network(
          "light_pose", pretrained=_IMAGENET, kind="mobilenet_v1", alpha=1.0)),
      method=schema.Method(type=method),
      training=depth_methods.adam_with_step(DEPTH_LEARNING_RATE, DEPTH_STEPS, log_every=50),
      evaluation=schema.Evaluation(split=VALIDATION))


registry.register_all({
    "own_video": ("Your own video: depth and motion without labels",
                  functools.partial(with_depth, "self_supervised_depth", "light_depth")),
    "own_depth": ("Your own images with depth, or with a teacher's disparity",
                  functools.partial(with_depth, "supervised_depth", "light_depth")),
    "own_joint": ("Your own masks and video: classes and depth on one encoder",
                  functools.partial(with_depth, "joint_depth", "light_multitask")),
    "own_joint_teacher": ("The same, and a teacher of photographs without a mask",
                          functools.partial(with_depth, "joint_mean_teacher", "light_multitask")),
})


@registry.register("own_tags", "Your own images: which classes each of them shows")
def own_tags():
  """Returns multi-label classification: whole images, at the size of the crops of `own_data`."""
  experiment = own_data()
  experiment.network = schema.Network(type="tag_classifier", pretrained=_IMAGENET)
  experiment.method = schema.Method(type="tags")
  experiment.data.augmentation.resize = CROP
  experiment.data.augmentation.scales = (1.0, 1.0)
  return experiment
