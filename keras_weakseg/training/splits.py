"""The splits that a run needs: checked before it starts, labelled or not, and explained."""
import types

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.checks import check as checks
from keras_weakseg.data.checks import findings
from keras_weakseg.data.checks import overlaps
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.sources import source as source_lib
from keras_weakseg.tasks import registry as tasks

_SEGMENTATION = tasks.by_name("segmentation")
# Somebody's own data need not have such a split; any other name that is not there is a mistake.
OPTIONAL = (source_lib.VALIDATION, "val")


def labelled_ids(source, split, task=_SEGMENTATION):
  """Returns the ids of a split whose label exists and may be read; none for an empty split.

  Args:
    source: `data.Source`.
    split: name of a split, or several joined by `+`.
    task: of `tasks`, which says what the label is.

  Raises:
    ValueError: there is no such split.
  """
  source.parts_of(split)
  try:
    ids = source.ids(split)
  except ValueError as error:
    if "is empty" not in str(error):
      raise
    return ()
  labels = source.supervision(split, task.flag) & int(task.flag)
  return tuple(name for name, label in zip(ids, labels) if label)


def unseen_masks(source, split, plan=None):
  """Returns the ids of a split with a mask from which the trainings of a plan have not learned.

  Args:
    source: `data.Source`.
    split: name of a split, or several joined by `+`.
    plan: `recipes.plan.Plan`, or None if nothing is known of a training.

  Returns:
    Tuple of ids; empty where all have been learned from.
  """
  learned = set() if plan is None else {
      name for phase in plan.phases for part, ids in zip(phase.bundle.parts, phase.bundle.ids)
      if part.supervision & fields.Supervision.MASK for name in ids}
  return tuple(name for name in labelled_ids(source, split) if name not in learned)


def labelled_samples(source, split, task=_SEGMENTATION, inputs=()):
  """Returns every sample of a split that has a label once, with it, at original size.

  Args:
    source: `data.Source`.
    split: name of a split with at least one label.
    task: see `labelled_ids`.
    inputs: names of the fields that the model takes beside the image, see `Task.inputs`.

  Returns:
    `tf.data.Dataset` of single sample dicts.

  Raises:
    ValueError: the model takes depth, and a sample has none.
  """
  ids = labelled_ids(source, split, task)
  if fields.DEPTH in inputs:
    _check_depth(source, split, ids)
  return source.samples(
      split, ids=ids, grant=_granted(task, inputs),
      wanted=(fields.IMAGE, fields.SAMPLE_ID, task.label, *inputs)).prefetch(tf.data.AUTOTUNE)


def _granted(task, inputs):
  """Returns the flags of what a model reads of a split that is evaluated."""
  return task.flag | (fields.Supervision.DEPTH if fields.DEPTH in inputs else
                      fields.Supervision.NONE)


def _check_depth(source, split, ids):
  """Refuses a split whose samples do not all have the depth that a network sees."""
  flags = source.supervision(split, fields.Supervision.DEPTH, ids)
  lacking = [name for name, flag in zip(ids, flags) if not flag & fields.Supervision.DEPTH]
  if lacking:
    raise errors.value_error(
        f"The network sees depth, and '{source.name}' has none for some of '{split}'.",
        expected="depth of every sample that is evaluated",
        received=f"{len(lacking)} of {len(ids)} without: " + ", ".join(lacking[:5]),
        fix="Add the depth, or train a network that predicts it (a step `widened` that reads one).")


def explained(source, split, error, task=_SEGMENTATION, inputs=()):
  """Returns the error that a user should see for an error while samples are evaluated.

  Args:
    source: `data.Source`.
    split: the split that was read.
    error: `tf.errors.OpError`.
    task: see `labelled_ids`.
    inputs: see `labelled_samples`.

  Returns:
    `ValueError` that names the sample, or `error` itself if no sample is at fault.
  """
  return broken.explained(
      source, split, labelled_ids(source, split, task), error,
      files=" and ".join(["image", task.label, *inputs]) + " files",
      grant=_granted(task, inputs)) or error


def check_plan(plan, split):
  """Checks the data of a plan before anything is written; opens nothing that may not be read.

  Args:
    plan: `recipes.plan.Plan`.
    split: the split of the final figures.

  Returns:
    (notes, warnings): sentences on what will not be done, as there may be nothing to evaluate; and
    what a look at the data warns of.

  Raises:
    ValueError: training would go wrong, a split is unknown, one that is validated has no labels, or
      images that are evaluated are trained on.
  """
  notes = _lacking(plan.source, split, tasks.of_record(plan.record))
  for step in plan.steps:
    if getattr(step, "validation", ""):
      _check_validation(step)
      if getattr(step, "phase", None):
        _refuse_validated(step, step.phase)
  evaluated, warnings = _evaluated(plan, split), {}
  if plan.last.settings.network.sees_depth and not notes:
    _check_depth(plan.source, split, labelled_ids(plan.source, split))
  for phase in plan.phases:
    warnings.update(dict.fromkeys(check_phase(phase, plan.source, plan.record, evaluated)))
  return notes, list(warnings)


def _check_validation(step):
  """Refuses a split without labels as the one that is validated."""
  task = tasks.of_record(step.record)
  ids = labelled_ids(step.source, step.validation, task)
  if not ids:
    raise errors.value_error(
        f"The split '{step.validation}' of '{step.source.name}' cannot pick the best checkpoint.",
        expected=task.labels, received="none that exist and may be read",
        fix=f"Add {task.labels}, name another evaluation.validation_split, or set it to '' and "
        "evaluation.checkpoint to 'last'.")
  if step.settings.network.sees_depth:
    _check_depth(step.source, step.validation, ids)


def check_late(plan, step, phase):
  """Checks the data of a training that is known only now, after earlier steps.

  Args:
    plan: `recipes.plan.Plan`.
    step: its `TrainStep`.
    phase: `recipes.plan.Phase`, what the step amounts to.

  Returns, raises: as `check_phase`, against all that the plan evaluates.
  """
  _refuse_validated(step, phase)
  return check_phase(phase, plan.source, plan.record,
                     _evaluated(plan, plan.last.settings.evaluation.split))


def _evaluated(plan, split):
  """Returns the splits of the plan's source that give figures of its predictor."""
  lacks = _lacking(plan.source, split, tasks.of_record(plan.record))
  return [name for name in ("" if lacks else split, plan.last.validation) if name]


def _refuse_validated(step, phase):
  """Refuses a step that validates itself on what it trains on."""
  if step.validation:
    ids = labelled_ids(step.source, step.validation, tasks.of_record(step.record))
    _refuse_trained(phase, step.source, step.validation, ids)


def check_phase(phase, source, record, evaluated=()):
  """Checks the data of a training together with the splits that are evaluated.

  Args:
    phase: `recipes.plan.Phase`.
    source: of the splits.
    record: `NetworkRecord` of the network that is evaluated.
    evaluated: names of splits of the source.

  Returns:
    List of sentences that a look at the data warns of.

  Raises:
    ValueError: training would go wrong, or images that are evaluated are trained on.
  """
  task = tasks.of_record(record)
  ids = {name: labelled_ids(source, name, task) for name in evaluated}
  warnings = [line for name in ids for line in _refuse_trained(phase, source, name, ids[name])]
  own = [parts.Part(source, name, task.flag, name=name) for name in ids]
  # Judged together: one validation image may show nothing but background.
  used = types.SimpleNamespace(
      parts=(*phase.bundle.parts, *own), ids=(*phase.bundle.ids, *ids.values()))
  for report in checks.check_bundle(used):
    _refuse(report)
    warnings += [f"{report.name}: {entry.what}. {entry.fix}"
                 for entry in report.problems if entry.severity == findings.WARNING]
  for part in phase.bundle.parts:
    _refuse_lacking(part.source)
  return warnings


def _refuse_trained(phase, source, split, ids):
  """Refuses a split to evaluate on whose images are trained on; returns warnings.

  A split whose name is that of the training split says so itself.
  """
  origin, warnings = source.origin.fingerprint(), []
  for part, used in zip(phase.bundle.parts, phase.bundle.ids):
    if not part.supervision or part.source.origin.fingerprint() != origin:
      continue
    both = overlaps.common(source, split, ids, part.split, used)
    if not both:
      continue
    if not set(source.parts_of(split)) & set(part.source.parts_of(part.split)):
      raise errors.value_error(
          f"The split '{split}' of '{source.name}' would be evaluated on images that are trained "
          "on.", expected=f"no image of '{part.split}' in '{split}'",
          received=f"{len(both)} of {len(ids)}: " + ", ".join(both[:5]) + " ..." * (len(both) > 5),
          fix="Take them out of one of the two, or name another split.")
    warnings.append(f"{source.name}: {len(both)} of the {len(ids)} images of '{split}' that are "
                    "evaluated are trained on")
  return warnings


def _refuse(report):
  problems = [entry for entry in report.problems if entry.severity == findings.ERROR]
  if problems:
    raise errors.value_error(
        f"Training on '{report.name}' would go wrong.", expected="data without errors",
        received="; ".join(entry.what for entry in problems),
        fix=" ".join(dict.fromkeys(entry.fix for entry in problems))
        + " `keras-weakseg check-data` looks at all of it.")


def _refuse_lacking(source):
  """Refuses a source whose manifest grants labels that are not there."""
  lacking = source.lacking() if hasattr(source, "lacking") else ()
  if lacking:
    raise errors.value_error(
        f"The manifest of '{source.name}' grants labels that are not there.",
        expected="a file for every label that it grants",
        received=", ".join(f"{name} ({kind})" for name, kind in lacking[:5])
        + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""),
        fix="Add the files, or correct the manifest.")


def _lacking(source, split, task):
  """Returns a sentence if a split has no labels to evaluate with."""
  try:
    masked = labelled_ids(source, split, task)
  except ValueError:
    if split not in OPTIONAL:
      raise
    masked = ()
  return [] if masked else [
      f"nothing to evaluate: '{source.name}' has no {task.labels} in the split '{split}'"]
