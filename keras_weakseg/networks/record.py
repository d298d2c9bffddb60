"""What the rest of the library must know about a network: its role, its sizes, what it answers."""
import dataclasses

from keras_weakseg import errors
from keras_weakseg.ops import depth_inference, inference, tag_inference

# What a network gives:
SEGMENTATION = "segmentation"  # scores
DEPTH = "depth"                # disparities
POSE = "pose"                  # motions between stacked frames
MULTITASK = "multitask"        # disparities and scores
TAGS = "tags"                  # a score per class and image
CRITIC = "critic"              # a logit per label map: true or predicted
ROLES = (SEGMENTATION, DEPTH, POSE, MULTITASK, TAGS, CRITIC)
# Roles that are built for classes.
CLASSIFIED = (SEGMENTATION, MULTITASK, TAGS, CRITIC)

# What the predictor of a role answers with, where its record says nothing else.
ANSWERS = {SEGMENTATION: inference.SCORES, MULTITASK: inference.SCORES,
           DEPTH: depth_inference.DISPARITY, TAGS: tag_inference.TAG_SCORES}


@dataclasses.dataclass(frozen=True)
class NetworkRecord:
  """What data, training and export need to know about a network.

  Attributes:
    name: key of the registry.
    preprocessing: mode of `preprocessing.Preprocess`.
    stride: of the score grid: a side H of the image gives (H-1)/stride+1; 1 = a score per pixel,
      and for networks without scores.
    mean_rgb: colour 0..255 that preprocessing maps to 0; images are padded with it.
    head_pattern: regular expression that finds (`re.search`) the variables of the new layers by
      name, for learning rate multipliers and partial loading.
    multiple: segmentation: sides of multiple*k+1 keep every grid of the network corner-aligned;
      other roles: sides of images for training are multiples of it (1: any size will do).
    role: "segmentation", "depth", "pose", "multitask", "tags" or "critic".
    levels: scales of the disparities; scale s has stride 2^s.
    answers: what its predictor says: "scores" or "probabilities" of classes, "disparity" (sigmoid,
      0..1), "depth" or "log_depth", "tag_scores"; empty = the first of these of its role.
  """
  name: str
  preprocessing: str
  stride: int
  mean_rgb: tuple
  head_pattern: str
  multiple: int
  role: str = SEGMENTATION
  levels: tuple = ()
  answers: str = ""

  def __post_init__(self):
    if not self.answers:
      object.__setattr__(self, "answers", ANSWERS.get(self.role, ""))

  def aligned_side(self, side):
    """Returns the smallest side of at least `side` pixels that the network can be trained on.

    Example:
      >>> from keras_weakseg.networks.registry import network_record
      >>> network_record("light_mobilenet_v1").aligned_side(190)
      193
      >>> network_record("light_depth").aligned_side(190)
      192
    """
    corner = self._corner
    return -(-(side - corner) // self.multiple) * self.multiple + corner

  def check_size(self, height, width):
    """Raises unless images of this size can be trained on.

    Raises:
      ValueError: a side is no multiple of `multiple` (plus 1 where grids are corner-aligned).

    Example:
      >>> from keras_weakseg.networks.registry import network_record
      >>> network_record("light_depth").check_size(192, 640)
    """
    corner = self._corner
    if min(height, width) > 0 and {self.aligned_side(height) - height,
                                   self.aligned_side(width) - width} == {0}:
      return
    def near(side):
      below = max((side - corner) // self.multiple, 1) * self.multiple + corner
      return f"{below} or {below + self.multiple}"
    raise errors.value_error(
        f"The network '{self.name}' cannot be trained on images of this size.",
        expected=f"height and width that are multiples of {self.multiple}"
        + (" plus 1" if corner else ""),
        received=f"height {height}, width {width}",
        fix=f"Resize or crop to a height of {near(height)} and a width of {near(width)}.")

  @property
  def padding_multiple(self):
    """What images are padded to a multiple of, plus 1, when classes are predicted; 1 = nothing.

    Example:
      >>> from keras_weakseg.networks.registry import network_record
      >>> network_record("light_tiny").padding_multiple
      16
      >>> network_record("light_multitask").padding_multiple
      1
    """
    return self.multiple if self.role == SEGMENTATION else 1

  @property
  def _corner(self):
    """1 where the corners of the grids lie on the corners of the image."""
    return int(self.role == SEGMENTATION)
