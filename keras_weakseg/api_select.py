"""What `api` has for choosing which images to annotate."""
import pathlib

from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg import targets
from keras_weakseg.derived import base as makers
from keras_weakseg.derived import selection as selections
from keras_weakseg.networks import preprocessing
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks import weights
from keras_weakseg.selection import record
from keras_weakseg.selection import rounds
from keras_weakseg.tasks.segmentation.model import SegmentationModel

IMAGENET = "imagenet"
# MobileNetV1, whose last features but one have 1/16 of the image.
_ENCODER, _LAYER = "light_mobilenet_v1", "conv_pw_12_relu"
_TARGET = "target"


def select(target, data, output, *, count=50, split="train", criterion=rounds.DIVERSITY, seed=42,
           layer="", size=(), grid=(4, 8), pool="mean", dry_run=False, progress=True):
  """Chooses images to annotate, without any label: those that are least like each other.

  Args:
    target: whose features are compared: a `Result`, a `model_dir` or a step of it, of depth or of
      classes; "imagenet", or an `.npz` of MobileNetV1 weights; None for `criterion="random"`.
    data: a data source, the path of a folder, or the name of an experiment.
    output: folder for `selection.json`, `ids.txt` and `selection.png`.
    count: images to choose. The first n of them are the selection of n.
    split: of the source.
    criterion: "diversity" or "random".
    seed: chooses the first image, or all of them.
    layer, size, grid, pool: see `derived.selection.Selection`.
    dry_run: only say what would be chosen from; nothing is written and None is returned.
    progress: whether to print what is done.

  Returns:
    `selection.record.Record`; its `ids`, or `ids.txt` as `ids` of a part, are what `fit` reads.

  Raises:
    ValueError, FileNotFoundError: there are too few images, the folder holds another selection, or
      the target shows no features.

  Example:
    ```python
    chosen = kw.select("imagenet", "photos/", "chosen/", count=30)
    chosen.ids[:5]
    ```
  """
  source, output = targets.source_of(data), pathlib.Path(paths.expand(output))
  if criterion not in (rounds.DIVERSITY, rounds.RANDOM):
    raise errors.unknown_name("criterion of `select`", criterion, (rounds.DIVERSITY, rounds.RANDOM))
  if (target is None) != (criterion == rounds.RANDOM):
    raise errors.value_error(
        "It is not clear how images are compared.",
        expected="a target with criterion='diversity', None with 'random'",
        received=f"target={target!r}, criterion={criterion!r}",
        fix="Pass a run, 'imagenet', or None and criterion='random'.")
  if (output / selections.RECORD).exists():
    raise errors.value_error(
        f"The folder '{output}' holds a selection already.", expected="another folder",
        received=selections.RECORD, fix="Choose another one; what is annotated should not change.")
  context = makers.MakeContext({source.name: source}, {_TARGET: None}, lambda _: _model(target),
                               int(seed))
  maker = selections.Selection(
      context, split=split, counts=(int(count),), criterion=criterion, size=tuple(size),
      layer=layer or (_LAYER if _is_encoder(target) else ""), grid=tuple(grid), pool=pool)
  if progress or dry_run:
    print("\n".join(maker.lines()), flush=True)
  if dry_run:
    return None
  output.mkdir(parents=True, exist_ok=True)
  maker.make(output, progress)
  return record.read(output / selections.RECORD)


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
