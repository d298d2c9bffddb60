"""What `api` has for choosing which images to annotate."""
import os
import pathlib

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg import runs
from keras_weakseg import targets
from keras_weakseg.configs import conversion
from keras_weakseg.configs import own_selection
from keras_weakseg.data.readers import file_index
from keras_weakseg.derived import base as makers
from keras_weakseg.derived import selection as selections
from keras_weakseg.files import staging
from keras_weakseg.files import writing
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.weights import weights
from keras_weakseg.recipes import planning
from keras_weakseg.selection import record
from keras_weakseg.selection import rounds
from keras_weakseg.tasks.segmentation.model import SegmentationModel

IMAGENET = "imagenet"
# MobileNetV1, whose last features but one have 1/16 of the image.
_ENCODER, _LAYER = "light_mobilenet_v1", "conv_pw_12_relu"
_TARGET = "target"
_OF_A_STUDENT = (rounds.BOTH, rounds.UNCERTAINTY)
CRITERIA = (rounds.DIVERSITY, *_OF_A_STUDENT, rounds.RANDOM)


def select(target: arguments.Target | None, data: arguments.Images, output: arguments.Path, *,
           count: int = 50, split: str = "train", criterion: str = "diversity", seed: int = 42,
           layer: str = "", size: arguments.Ints = (), grid: arguments.Ints = (4, 8),
           pool: str = "mean", counts: arguments.Ints = (), student_steps: int = 1000,
           bottom: float = 1.0, dry_run: bool = False, progress: bool = True):
  """Chooses images to annotate, without any label: those that are least like each other.

  `diversity_uncertainty`, the way of Hoyer et al. (CVPR 2021), looks besides where a student of
  depth errs, which is trained anew after every round on what is chosen, against the depth of the
  target. A stopped call is done again by the same call; with a student it is continued.

  Args:
    target: whose features are compared: a `Result`, a `model_dir` or a step of it, of depth or of
      classes; "imagenet", or an `.npz` of MobileNetV1 weights; "random" or None: by chance.
    data: a data source, the path of a folder, or the name of an experiment.
    output: folder for `selection.json`, `ids.txt` and `selection.png`.
    count: images to choose. The first n of them are the selection of n (without a student).
    split: of the source.
    criterion: "diversity", "random"; of a run of depth "diversity_uncertainty", "uncertainty".
    seed: chooses the first image, or all of them.
    layer, size, grid, pool, bottom: see `derived.selection.Selection`.
    counts: with a student, in place of `count`: images after each round; default: 25, 50, 100, ...
    student_steps: of training a student.
    dry_run: only say what would be chosen from; nothing is written and None is returned.
    progress: whether to print what is done.

  Returns:
    `selection.record.Record`; its `ids`, or `ids.txt` as `ids` of a part, are what `fit` reads.

  Raises:
    ValueError: there are too few images, the folder is used, or the target shows no features.

  Example:
    ```python
    chosen = kw.select("imagenet", "photos/", "chosen/", count=30)
    chosen.ids[:5]
    ```
  """
  target, criterion = (None, target) if target == rounds.RANDOM else (target, criterion)
  source = targets.source_of(data, images_for=output)
  output = pathlib.Path(paths.expand(output))
  _check(target, output, criterion, counts)
  asked = criterion in _OF_A_STUDENT
  options = conversion.options(
      selections.Selection, "select", split=split, criterion=criterion, layer=layer, size=size,
      grid=grid, pool=pool, bottom=bottom, counts=counts or (_counts(count) if asked else (count,)))
  if asked:
    return _select_in_rounds(target, source, output, student_steps, dry_run, progress, seed=seed,
                             **options)
  context = makers.MakeContext({source.name: source}, {_TARGET: None}, lambda _: _model(target),
                               seed)
  options["layer"] = layer or (_LAYER if _is_encoder(target) else "")
  maker = selections.Selection(context, **options)
  if progress or dry_run:
    print("\n".join(maker.lines()), flush=True)
  if dry_run:
    return None
  with staging.staged(output, last=selections.RECORD) as folder:
    maker.make(folder, progress)
  return record.read(output / selections.RECORD)


def _check(target, output, criterion, counts):
  """Refuses what cannot be chosen by, and a folder that holds a selection."""
  errors.check_name("criterion of `select`", criterion, CRITERIA)
  if counts and criterion not in _OF_A_STUDENT:
    raise errors.value_error(
        "Without a student there are no rounds.", expected="count", received=f"counts={counts!r}",
        fix="Pass count, or criterion='diversity_uncertainty' and a run of depth.")
  if (target is None) != (criterion == rounds.RANDOM):
    raise errors.value_error(
        "It is not clear how images are compared.",
        expected="None with criterion='random', else a target",
        received=f"target={target!r}, criterion={criterion!r}",
        fix="Pass a run, 'imagenet', or None and criterion='random'.")
  if (output / selections.RECORD).exists():
    raise errors.value_error(
        f"The folder '{output}' holds a selection already.", expected="another folder",
        received=selections.RECORD, fix="Choose another one; what is annotated should not change.")
  held = [name for name in (os.listdir(output) if output.is_dir() else ())
          if name.lower().endswith(file_index.IMAGE_SUFFIXES) and name != selections.SHEET]
  if held:
    raise errors.value_error(
        f"The folder '{output}' holds images: the sheet of the selection would be one of them.",
        expected="another folder", received=held[0], fix="Choose an empty folder.")


def _select_in_rounds(target, source, output, steps, dry_run, progress, **options):
  """See `select`: the rounds and their students are the steps of a run in the folder."""
  result = None if _is_encoder(target) else targets.opened(target)
  if not isinstance(result, runs.Result) or not hasattr(result.model, "disparity"):
    raise errors.value_error(
        f"The criterion '{options['criterion']}' compares a student with a network of depth.",
        expected="a run of depth", received=type(result).__name__ if result else target,
        fix="Pass the model_dir of one, or criterion='diversity'.")
  options["size"] = tuple(options["size"] or result.model.size)
  experiment = own_selection.own_selection(result.model_dir, steps=steps, **options)
  data, last = {own_selection.IMAGES: source}, experiment.steps[-1].name
  if dry_run:
    steps = planning.make_plan(experiment, data).steps[:-1]
    print("\n".join(line for step in steps for line in (f"step '{step.name}'", *(
        f"  {line}" for line in step.lines))), flush=True)
    return None
  runs.run(experiment, output, data=data, until=last, progress=progress)
  # The last one says that it is done.
  for name in (selections.SHEET, selections.IDS, selections.RECORD):
    writing.write_whole(output / name, (output / last / name).read_bytes())
  return record.read(output / selections.RECORD)


def _counts(count):
  """Returns the rounds of the paper below a number, and that number."""
  return (*(number for number in rounds.PAPER_COUNTS
            if isinstance(count, int) and number < count), count)


def _is_encoder(target):
  return isinstance(target, str) and (target == IMAGENET or target.endswith(".npz"))


def _model(target):
  """Returns the model of a task; of an encoder one whose answers mean nothing."""
  if not _is_encoder(target):
    return targets.loaded(target)[0]
  known = networks.network_record(_ENCODER)
  network = networks.build_network(_ENCODER, (None, None, 3), 2)
  weights.load_pretrained(network, _ENCODER, paths.expand(target), encoder_only=True)
  return SegmentationModel(
      preprocessing.predictor(network, known), ("background", "anything"), ((0, 0, 0),) * 2,
      multiple=known.padding_multiple)
