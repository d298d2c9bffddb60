"""Which images a search of CRF parameters may use: held-out ones, never those of the numbers."""
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import order
from keras_weakseg.recipes import planning
from keras_weakseg.tasks.segmentation import crf_search
from keras_weakseg.tasks.segmentation.model import SegmentationModel
from keras_weakseg.training import splits


def tune(model, source, split, *, evaluated, count, seed, config=None, **options):
  """Searches CRF parameters on images of a split, see `keras_weakseg.tune_crf`.

  Args:
    model, source, split, count, seed: as there.
    evaluated: the split of the final numbers, which is refused; empty = every split is allowed.
    config: `schema.Experiment` that the model was trained with on this source, None if another.
    **options: of `tasks.segmentation.crf_search.search`.
  """
  if not isinstance(model, SegmentationModel):
    raise errors.value_error(
        "A dense CRF refines the classes of pixels.", expected="a model that segments",
        received=type(model).__name__, fix="Tune the CRF of a model of segmentation.")
  if evaluated and not _apart(source, split, evaluated):
    raise errors.value_error(
        f"The split '{split}' is the one that is evaluated.",
        expected="held-out images of another split", received=f"'{split}', evaluated '{evaluated}'",
        fix="Pass split='train'; allow_evaluation_split=True if you know that its numbers will be "
        "too good.")
  plan = None if config is None else planning.make_plan(
      config, None if config.data.sources else source)
  unseen = splits.unseen_masks(source, split, plan)
  ids = unseen or splits.labelled_ids(source, split)
  if not ids or count < 1:
    raise errors.value_error(
        f"There is nothing to tune on in the split '{split}' of '{source.name}'.",
        expected="masks that exist and may be read, and a count >= 1",
        received=f"{len(ids)} masks, count={count}", fix="Name a split whose masks may be read.")
  chosen = order.choose(ids, min(count, len(ids)), seed)
  samples = source.samples(split, ids=chosen, grant=fields.Supervision.MASK)
  found = crf_search.search(model, samples, **options)
  return {**found, "split": split, "learned": not unseen}


def _apart(source, split, evaluated):
  """Returns whether two splits share no part; one that is not there shares none."""
  own = set(source.parts_of(split))
  try:
    return not own & set(source.parts_of(evaluated))
  except ValueError:
    return True
