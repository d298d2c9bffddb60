"""Mean teachers and what they mix, on the embedded scenes and on CamVid: minutes on two cores."""
import functools

from keras_weakseg.configs import depth_camvid
from keras_weakseg.configs import depth_scenes
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import registry
from keras_weakseg.configs import selection_steps
from keras_weakseg.configs.sections import schema

# === What may be tuned ===

UNLABELLED = 4              # beside the masks of a batch; these alone are mixed
CAMVID_UNLABELLED = 4
# The memory of the teacher, 20 updates, is a twentieth of the shortest training.
ALPHA = 0.95
DEPTH, DISPARITY, SELECTION = "depth", "disparity", "selection"

# What UniMatch has besides CutMix: two views and one without some channels, of half the weight of
# the masks each; no memory, sure pixels alone.
# Deviation: the rectangles are those of CutMix-Seg, half of the image; in UniMatch they cover 2 to
# 40 per cent, in half of the samples. Weak labels come from stored statistics; there from those of
# the batch.
UNIMATCH = dict(views=2, consistency_weight=0.5, feature_weight=0.5, alpha=0.0, ramp=False,
                statistics="student",
                threshold=0.95, weighting="pixel", over="known", grey_share=0.2, blur=(0.1, 2.0))


def mean_teacher(mixing, **options):
  """Returns the method; only samples without a mask are mixed."""
  return schema.method("mean_teacher", **{
      "mixing": mixing, "mixed": "unlabelled", "alpha": ALPHA, **options})


def unlabelled(batch_size=UNLABELLED):
  """Returns the part of all training samples that no other part uses, without their labels."""
  return schema.Part(split=em_scenes.TRAIN, supervision="none", rest=True, batch_size=batch_size)


def on_scenes(mixing, depth=False, **options):
  """Returns a mean teacher on the embedded scenes."""
  experiment = (depth_scenes.depth_transfer_scenes if depth else depth_scenes.unet_scenes)()
  experiment.method = mean_teacher(mixing, **options)
  experiment.data.parts.append(unlabelled())
  return experiment


@registry.register("depthmix_scenes", "DepthMix, from weights that learned depth before")
def depthmix_scenes():
  """Returns DepthMix: what the depth step's network sees decides what covers what."""
  experiment = on_scenes("depthmix", depth=True)
  experiment.steps.append(schema.Step(
      name=DISPARITY, make=schema.make("disparity_maps", source="scenes", normalise="image"),
      reads=(DEPTH,)))
  experiment.data.sources[0].derived = (DISPARITY,)
  return experiment


@registry.register("depthmix_selection_scenes", "DepthMix, on the 20 scenes most unlike each other")
def depthmix_selection_scenes():
  """Returns DepthMix whose masks are those of images chosen by the features of depth."""
  experiment = depthmix_scenes()
  experiment.steps.append(schema.Step(
      name=SELECTION, reads=(DEPTH,), make=schema.make(
          "selection", source="scenes", split=em_scenes.TRAIN, counts=(em_scenes.FEW_MASKS,))))
  return selection_steps.on_chosen(experiment)


def on_camvid(mixing, count, **options):
  """Returns a mean teacher on CamVid, from depth of KITTI.

  Args:
    mixing: kind of mask; "depthmix" takes what that network says of CamVid.
    count: of the masks.
    **options: of the method.
  """
  experiment = depth_camvid.from_depth(count)
  experiment.method = mean_teacher(mixing, **options)
  experiment.data.parts.append(unlabelled(CAMVID_UNLABELLED))
  if mixing == "depthmix":
    experiment.data.sources = [depth_camvid.camvid(depth_camvid.DISPARITY)]
  return experiment


def jointly(count):
  """Returns DepthMix and multi-task learning, against that network's depth, on all images."""
  experiment = depth_camvid.jointly(count)
  experiment.method = schema.method(
      "joint_mean_teacher", mixing="depthmix", mixed="all", alpha=ALPHA, depth_from="teacher")
  experiment.data.parts[1].rest = True
  experiment.data.parts[1].batch_size = depth_camvid.BATCH
  return experiment


registry.register_all({
    "mean_teacher_scenes": ("20 masks and a mean teacher on all other scenes",
                            functools.partial(on_scenes, "none")),
    "cutmix_scenes": ("The same, with scenes mixed by rectangles (CutMix)",
                      functools.partial(on_scenes, "cutmix")),
    "classmix_scenes": ("The same, with scenes mixed by classes (ClassMix)",
                        functools.partial(on_scenes, "classmix")),
    "unimatch_scenes": ("The same, two strong views and one that lacks features",
                        functools.partial(on_scenes, "cutmix", **UNIMATCH)),
    # What DepthMix has to beat.
    "depth_classmix_scenes": ("ClassMix, from weights that learned depth before",
                              functools.partial(on_scenes, "classmix", depth=True)),
})

registry.register_all({
    "mean_teacher_{}_camvid": ("{} masks of CamVid after depth of KITTI, and a mean teacher",
                               functools.partial(on_camvid, "none")),
    "cutmix_{}_camvid": ("The same {} masks and images, mixed by rectangles",
                         functools.partial(on_camvid, "cutmix")),
    "classmix_{}_camvid": ("The same {} masks and images, mixed by classes",
                           functools.partial(on_camvid, "classmix")),
    "depthmix_{}_camvid": ("The same {} masks and images, mixed by depth",
                           functools.partial(on_camvid, "depthmix")),
    "unimatch_{}_camvid": ("The same {} masks and images, two strong views and lost features",
                           functools.partial(on_camvid, "cutmix", **UNIMATCH)),
    "joint_depthmix_{}_camvid": ("{} masks of CamVid: DepthMix, depth learned along", jointly),
}, counts=depth_camvid.COUNTS)
