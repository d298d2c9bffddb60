"""Hoyer et al. 2021 at the paper's sizes: mean teachers, DepthMix and selection.

The network, steps and rates of `three_ways_paper`; a batch has two labelled samples and two others.

Deviation: DepthMix takes the maps of the third depth step in all rows, stretched in whole images;
the reference does so in transfer rows, and takes the student's own disparity of the crop in
multi-task rows.
"""
import copy
import functools

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import registry
from keras_weakseg.configs import selection_steps as selection_steps_lib
from keras_weakseg.configs import three_ways_camvid as camvid
from keras_weakseg.configs import three_ways_paper as paper
from keras_weakseg.configs.sections import schema
from keras_weakseg.selection import rounds

ALL, CAMVID_ALL = 2975, 367
DISPARITY, FEATURES = "disparity", "finetune"
BATCH, STUDENT_RATE = 2, 1e-4
BONNET = 0.87               # share of the height below which the car sees itself
COUNTS = rounds.PAPER_COUNTS
STUDENT = {"encoder": "resnet50", "layout": "keras", "channels": (64, 64, 128, 128, 256),
           "batch_norm": True}
# Everybody mixes with the next, and the share of sure pixels weighs the loss: the reference.
REFERENCE = {"random_pairs": False, "alpha": 0.99, "threshold": 0.968, "weighting": "batch"}


def with_teacher(experiment, mixing, labelled=False, count=0):
  """Returns an experiment with a mean teacher beside what it does.

  Args:
    experiment: of `three_ways_paper`.
    mixing: kind of mask, or "none".
    labelled: whether labelled samples are mixed too (L).
    count: of the masks; of all of them no image is left without.
  """
  options = dict(REFERENCE, mixing=mixing, mixed="all" if labelled else "unlabelled")
  joint = experiment.method.type == "joint_depth"
  if joint:
    # The reference adds the mean over its labelled batch and that over its mixed one.
    options["depth_weight"] = 2.0
  experiment.method = schema.method("joint_mean_teacher" if joint else "mean_teacher", **options)
  if count < (CAMVID_ALL if experiment.data.sources[0].kind == "camvid" else ALL):
    experiment.data.parts.append(schema.Part(
        split=paper.TRAIN, supervision="none", rest=True, batch_size=BATCH))
  if mixing == "depthmix":
    add_disparity(experiment)
  return experiment


def add_disparity(experiment):
  """Adds the step that keeps what the third depth step sees of the annotated images."""
  if DISPARITY not in [step.name for step in experiment.steps]:
    images, size = experiment.data.sources[0], experiment.data.augmentation.resize
    experiment.steps.append(schema.Step(name=DISPARITY, reads=(FEATURES,), make=schema.make(
        "disparity_maps", source=images.name, size=tuple(size), normalise="image", bits=8)))
    images.derived = (DISPARITY,)


def student_step(name, ids, steps, data):
  """Returns the step that trains a depth student from scratch on what is chosen so far.

  Args:
    name: of the step.
    ids: the step that chose.
    steps: of training.
    data: `schema.Data` of the experiment.
  """
  training = schema.Training(steps=steps, weight_decay=0.0,
                             optimization=depth_methods.adam_with_poly(STUDENT_RATE, steps))
  return schema.Step(
      name=name, parts=[schema.Part(source=data.sources[0].name, split=paper.TRAIN,
                                    supervision="none", ids=f"step:{ids}", batch_size=BATCH)],
      network=schema.network("depth_unet", pretrained="imagenet", disparity_scales=(0,), **STUDENT),
      method=schema.method("supervised_depth", loss="berhu"), training=training,
      augmentation=copy.deepcopy(data.augmentation))


def entropy_student_step(name, ids, steps, data):
  """Returns the same of a student of classes, of which entropy is taken."""
  step = student_step(name, ids, steps, data)
  step.parts[0].supervision = "mask"
  step.network = schema.network("unet", pretrained="imagenet", **STUDENT)
  step.method = schema.method("supervised")
  return step


def with_selection(experiment, count, criterion=rounds.BOTH):
  """Returns an experiment whose masks are those of chosen images, in the paper's rounds (S).

  Args:
    experiment: of `three_ways_paper`, maybe with a teacher.
    count: of the masks: the last round.
    criterion: see `Selection`.
  """
  if not experiment.steps and criterion != rounds.ENTROPY:
    # They choose by features of depth; the network that learns classes has none of it.
    experiment.steps = paper.depth_steps()
    experiment.data.sources.append(paper.sequences())
  if criterion == rounds.BOTH:
    add_disparity(experiment)
  experiment.steps += selection_steps(count, criterion, experiment.data)
  return selection_steps_lib.on_chosen(experiment)


def selection_steps(count, criterion, data):
  """Returns the steps that choose images: a round each, after its student; of diversity one.

  Args:
    count: of the last round.
    criterion: see `Selection`.
    data: `schema.Data` of the experiment.
  """
  counts = tuple(number for number in COUNTS if number <= count)
  choose = functools.partial(
      schema.make, "selection", source=data.sources[0].name, split=paper.TRAIN, counts=counts,
      size=tuple(data.augmentation.resize), criterion=criterion, bottom=BONNET)
  student = entropy_student_step if criterion == rounds.ENTROPY else student_step
  return selection_steps_lib.in_rounds(
      counts, criterion, choose,
      lambda name, ids, number: student(name, ids, rounds.PAPER_STUDENT_STEPS[number], data),
      () if criterion == rounds.ENTROPY else (FEATURES,))


def row(count, base=paper.baseline, mixing=None, labelled=False, criterion=""):
  """Returns a row of the tables.

  Args:
    count: of the masks.
    base: function of the count that returns the network, its start and its schedule.
    mixing: kind of mask of a mean teacher; None = no teacher.
    labelled: whether labelled samples are mixed too.
    criterion: how masks are chosen; "" = at random.
  """
  experiment = base(count)
  if mixing is not None:
    experiment = with_teacher(experiment, mixing, labelled, count)
  return with_selection(experiment, count, criterion) if criterion else experiment


_transfer = dict(base=paper.transfer)
_multitask = dict(base=paper.multitask, mixing="depthmix", labelled=True)

# Tables 1 to 3: mean IoU in per cent on `validation` by the number of labels. T: mean teacher,
# C and D: ClassMix and DepthMix, L: labelled samples mixed too, S: selection (DS: diversity,
# US: uncertainty).
TABLES = {
    "mean_teacher_{}_cityscapes": (dict(mixing="none"), {372: 62.39}, "T"),
    "classmix_{}_cityscapes": (dict(mixing="classmix"), {100: 56.82, 372: 63.86, 744: 65.57},
                               "T+C (ClassMix)"),
    "transfer_f_mean_teacher_{}_cityscapes": (dict(_transfer, mixing="none"), {372: 63.78},
                                              "P+F+T"),
    "transfer_f_classmix_{}_cityscapes": (dict(_transfer, mixing="classmix"), {372: 64.68},
                                          "P+F+T+C"),
    "transfer_f_classmix_l_{}_cityscapes": (
        dict(_transfer, mixing="classmix", labelled=True), {372: 64.83, 2975: 70.84}, "P+F+T+C+L"),
    "transfer_f_depthmix_l_{}_cityscapes": (
        dict(_transfer, mixing="depthmix", labelled=True), {372: 66.19, 2975: 71.10}, "P+F+T+D+L"),
    "multitask_f_depthmix_l_{}_cityscapes": (
        _multitask, {100: 58.40, 372: 66.66, 744: 68.43, 2975: 71.16}, "M+F+T+D+L (Ours)"),
    "transfer_f_depthmix_l_selected_{}_cityscapes": (
        dict(_transfer, mixing="depthmix", labelled=True, criterion=rounds.BOTH), {372: 68.73},
        "P+F+T+D+L+S"),
    "multitask_f_depthmix_l_selected_{}_cityscapes": (
        dict(_multitask, criterion=rounds.BOTH), {100: 63.29, 372: 68.98, 744: 70.61},
        "M+F+T+D+L+S (Ours)"),
    "entropy_{}_cityscapes": (
        dict(criterion=rounds.ENTROPY), {100: 53.63, 372: 63.51, 744: 66.18}, "entropy"),
    "diversity_{}_cityscapes": (
        dict(criterion=rounds.DIVERSITY), {100: 52.83, 372: 63.34, 744: 67.20}, "DS"),
    "diversity_uncertainty_{}_cityscapes": (
        dict(criterion=rounds.BOTH), {100: 54.72, 372: 64.53, 744: 67.67}, "DS+US"),
}

_camvid = dict(base=camvid.pretrained, mixing="depthmix", labelled=True)

# Table S5, mean IoU in per cent on `test`.
TABLE_S5 = {
    "baseline_classmix_{}_camvid": (dict(base=camvid.baseline, mixing="classmix"),
                                    {50: 65.89, 100: 67.48}, "ClassMix"),
    "depth_pretraining_depthmix_{}_camvid": (
        _camvid, {50: 66.82, 100: 68.91, 367: 71.46}, "D-P and DepthMix"),
    "depth_pretraining_depthmix_selected_{}_camvid": (
        dict(_camvid, criterion=rounds.BOTH), {50: 67.90, 100: 69.38},
        "D-P, DepthMix and selection"),
}

for _table, _split in ((TABLES, "val"), (TABLE_S5, "test")):
  for _name, (_options, _published, _row) in _table.items():
    for _count, _number in _published.items():
      registry.register(
          _name.format(_count), f"{_row}, {_count} masks; paper: {_number} on {_split}")(
              functools.partial(row, _count, **_options))
