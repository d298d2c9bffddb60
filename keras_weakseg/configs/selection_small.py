"""Which 50 or 100 images of CamVid to annotate: ours, entropy, the published ones; minutes each.

The network, start and schedule are those of `depth_transfer_50_camvid`, whose masks are drawn by
chance. Rounds are those of the paper; a student trains for `STUDENT_STEPS` steps.
"""
import copy
import functools

from keras_weakseg.configs import depth_camvid
from keras_weakseg.configs import depth_kitti
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import mean_teacher_small
from keras_weakseg.configs import registry
from keras_weakseg.configs import selection_steps
from keras_weakseg.configs.sections import schema
from keras_weakseg.selection import rounds

# === What may be tuned ===

STUDENT_STEPS = 150         # for time, not for quality: about half a minute
SIZE = (192, 256)           # at which the network of KITTI sees CamVid
BONNET = 1.0                # CamVid's camera sees no car of its own
PUBLISHED = "camvid/hoyer_selected_indices.json"
RUN, DISPARITY = "kitti", "disparity"


def depth_student(name, ids, number):
  """Returns the step that learns the disparity of KITTI's network on what is chosen so far."""
  del number
  return schema.Step(
      name=name, parts=[schema.Part(split=depth_camvid.TRAIN, supervision="none",
                                    ids=f"step:{ids}", batch_size=depth_camvid.BATCH)],
      network=schema.network("light_depth", pretrained=depth_kitti.MOBILENET,
                             disparity_scales=depth_kitti.DISPARITY_SCALES),
      method=schema.method("supervised_depth", loss="berhu"), training=schema.Training(
          steps=STUDENT_STEPS, weight_decay=0.0,
          optimization=em_scenes.adam(depth_camvid.LEARNING_RATE, STUDENT_STEPS)))


def class_student(name, ids, number):
  """Returns the step that learns the classes of what is chosen so far, for entropy."""
  base = depth_camvid.from_imagenet(depth_camvid.COUNTS[0])
  step = depth_student(name, ids, number)
  step.parts[0].supervision = "mask"
  step.network, step.method = base.network, base.method
  step.training.multipliers = copy.deepcopy(base.training.multipliers)
  return step


def with_selection(experiment, count, criterion):
  """Returns an experiment on CamVid whose masks are those of chosen images.

  Args:
    experiment: on CamVid, the first part of which has the masks.
    count: of the masks: the last round.
    criterion: see `derived.selection.Selection`.
  """
  counts = tuple(number for number in rounds.PAPER_COUNTS if number <= count)
  source = experiment.data.sources[0]
  choose = functools.partial(
      schema.make, "selection", source=source.name, split=depth_camvid.TRAIN, counts=counts,
      size=depth_camvid.RESIZE if criterion == rounds.ENTROPY else SIZE, criterion=criterion,
      bottom=BONNET)
  features, train = (RUN,), depth_student
  if criterion == rounds.ENTROPY:
    features, train = (), class_student
  else:
    experiment.steps.append(schema.Step(
        name=RUN, make=schema.make("run", path=depth_camvid.DEPTH_RUN)))
  if criterion == rounds.BOTH:
    experiment.steps.append(schema.Step(name=DISPARITY, reads=(RUN,), make=schema.make(
        "disparity_maps", source=source.name, size=SIZE, normalise="image")))
    source.derived, source.disparity = (DISPARITY,), ""
  experiment.steps += selection_steps.in_rounds(counts, criterion, choose, train, features)
  return selection_steps.on_chosen(experiment)


def selected(count, criterion):
  """Returns depth transfer on the masks of chosen images."""
  return with_selection(depth_camvid.from_depth(count), count, criterion)


def published(count):
  """Returns depth transfer on the masks of the images that Hoyer et al. have published."""
  experiment = depth_camvid.from_depth(count)
  experiment.steps.append(schema.Step(name="published", make=schema.make(
      "listed", file=PUBLISHED, split=depth_camvid.TRAIN, count=count)))
  return selection_steps.on_chosen(experiment)


def mixed(count):
  """Returns DepthMix on the masks of chosen images, in the paper's way."""
  return with_selection(mean_teacher_small.on_camvid("depthmix", count), count, rounds.BOTH)


registry.register_all({
    "diversity_{}_camvid": ("{} masks of CamVid, of the images least alike to KITTI's network",
                            functools.partial(selected, criterion=rounds.DIVERSITY)),
    "diversity_uncertainty_{}_camvid": (
        "{} masks of CamVid, chosen by features and where a student of depth errs",
        functools.partial(selected, criterion=rounds.BOTH)),
    "entropy_{}_camvid": ("{} masks of CamVid, where a student of the classes is least sure",
                          functools.partial(selected, criterion=rounds.ENTROPY)),
    "published_{}_camvid": ("{} masks of CamVid, of the images that the paper has selected",
                            published),
    "depthmix_selected_{}_camvid": ("{} chosen masks of CamVid, and DepthMix of all images", mixed),
}, counts=depth_camvid.COUNTS)
