"""The size that images have for networks of depth: that of the data, or near it."""
import copy

from keras_weakseg import fields
from keras_weakseg.data.pipeline import broken
from keras_weakseg.networks import registry as networks
from keras_weakseg.tasks import sizes

# All light networks and their decoders halve images five times.
MULTIPLE = 32
# Frames of cameras are often larger than what two cores can learn from.
LONGEST = 640


def nearest(size):
  """Returns the size nearest to another that networks can take, about as wide as high as that.

  Images longer than `LONGEST` are shrunk to about that.

  Args:
    size: (height, width) in pixels.

  Example:
    >>> nearest((192, 640)), nearest((375, 1242)), nearest((100, 50))
    ((192, 640), (192, 640), (96, 64))
  """
  shrink = min(1.0, LONGEST / max(size))
  return tuple(max(1, int(side * shrink / MULTIPLE + 0.5)) * MULTIPLE for side in size)


def fitted(experiment, source):
  """Returns an experiment whose images have a size: `nearest` to that of the source.

  An experiment with a crop or a size of its own, and a source that was made with a size, stay as
  they are. Classes are then predicted at this size too.

  Args:
    experiment: `schema.Experiment`; not changed.
    source: data source.
  """
  augmentation = experiment.data.augmentation
  if augmentation.crop or augmentation.resize or getattr(source, "size", None):
    return experiment
  experiment = copy.deepcopy(experiment)
  size = experiment.data.augmentation.resize = nearest(stored_size(source))
  protocol = experiment.evaluation.protocol
  if networks.network_record(experiment.network.type).role != networks.DEPTH:
    protocol.size = protocol.size or size
  return experiment


def stored_size(source):
  """Returns (height, width) of the first image of a source.

  Args:
    source: data source.

  Raises:
    ValueError: there is no image, or it is broken.
  """
  split = "train" if "train" in source.splits() else source.splits()[0]
  samples = broken.read_samples(source, split, source.ids(split)[:1], grant=fields.Supervision.NONE,
                                wanted=(fields.IMAGE, fields.SAMPLE_ID))
  return list(next(samples)[fields.IMAGE].shape[:2])


def check(augmentation, sources, record):
  """Checks that a network of depth can take the images, before anything is written.

  Args:
    augmentation: `schema.Augmentation`.
    sources: of the images.
    record: `NetworkRecord`.

  Raises:
    ValueError: a side is no multiple of what the network needs.
  """
  if record.role == networks.SEGMENTATION:
    return
  for source in sources:
    whole = sizes.whole_size(augmentation, source)
    shapes = [tuple(augmentation.crop) or whole]
    if record.role == networks.DEPTH:
      shapes.append(whole)  # What it predicts depth of.
    for size in shapes:
      if size:
        record.check_size(*size)
