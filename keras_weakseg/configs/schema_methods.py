"""The sections of the configuration that say which method trains, with its constants."""
import dataclasses
from typing import Optional

from official.modeling import hyperparams


@dataclasses.dataclass
class Supervised(hyperparams.Config):
  """Cross entropy on the masks alone."""


@dataclasses.dataclass
class EMFixed(hyperparams.Config):
  """EM-Fixed (Papandreou et al. 2015, Algorithm 1)."""
  background_bias: float = 3.0
  foreground_bias: float = 5.0
  censor_absent: bool = False


@dataclasses.dataclass
class EMAdapt(hyperparams.Config):
  """EM-Adapt (Papandreou et al. 2015, section 3.2)."""
  background_portion: float = 0.4
  foreground_portion: float = 0.2
  iterations: int = 5
  suppress_others: bool = True
  censor_absent: bool = False


@dataclasses.dataclass
class BBoxRect(hyperparams.Config):
  """Bbox-Rect (Papandreou et al. 2015, section 3.3): boxes filled, the smallest in front."""


@dataclasses.dataclass
class BBoxSeg(hyperparams.Config):
  """Bbox-Seg (same section): a dense CRF finds the objects in the boxes before training.

  Attributes:
    alpha: share of a box that is its core, 0..1.
    mode: `soft` (the authors' code) or `hard` (the paper's text).
    crf: name of the CRF's parameter set, or `bilateral_weight=45,bilateral_xy=37,...`.
  """
  alpha: float = 0.2
  mode: str = "soft"
  crf: str = "bbox_seg"


@dataclasses.dataclass
class BBoxEMFixed(hyperparams.Config):
  """Bbox-EM-Fixed (same section).

  Attributes:
    background_bias, foreground_bias: added to the scores of the background and of the box's class.
    warmup_steps: the first ones are Bbox-Rect's; the paper has none.
    decision: `class`: the best of all scores (published); `object`: object or background, and the
      class is that of the box.
    overlap: which boxes over a pixel count: the `smallest` (the authors' code), or `all` (the
      paper's text).
  """
  background_bias: float = 5.0
  foreground_bias: float = 6.0
  warmup_steps: int = 0
  decision: str = "class"
  overlap: str = "smallest"


@dataclasses.dataclass
class _VideoLoss(hyperparams.Config):
  """How frames of video are compared; see `methods.video_loss.VideoLoss`."""
  min_depth: float = 0.1
  max_depth: float = 100.0
  smoothness: float = 1e-3
  ssim_weight: float = 0.85
  auto_mask: bool = True
  average: bool = False
  scale_translation: bool = False
  symmetric: bool = False
  align: int = 0
  own_size: bool = False


@dataclasses.dataclass
class SelfSupervisedDepth(_VideoLoss):
  """Depth and motion from video (Godard et al. 2019).

  Attributes:
    stereo: the other camera of a pair is a further source; depth is then metric.
    video: neighbours in time are sources.
    feature_distance: weight of the distance to the features of `network.pretrained` (Hoyer et al.
      2021).
  """
  stereo: bool = False
  video: bool = True
  feature_distance: float = 0.0


@dataclasses.dataclass
class SupervisedDepth(hyperparams.Config):
  """Depth from labels (`log`: Li and Snavely 2018), or from a teacher's disparity (`berhu`)."""
  loss: str = "log"
  lam: float = 0.5
  gradient_weight: float = 0.5
  min_depth: float = 0.1
  max_depth: float = 100.0


@dataclasses.dataclass
class JointDepth(_VideoLoss):
  """Segmentation and depth at once (Hoyer et al. 2021).

  Attributes:
    depth_from: `video`, or `teacher`: disparity that comes with the samples.
    depth_weight: of the depth loss.
  """
  depth_from: str = "video"
  depth_weight: float = 1.0


@dataclasses.dataclass
class Method(hyperparams.OneOfConfig):
  """Which training procedure."""
  type: Optional[str] = "supervised"
  supervised: Supervised = dataclasses.field(default_factory=Supervised)
  em_fixed: EMFixed = dataclasses.field(default_factory=EMFixed)
  em_adapt: EMAdapt = dataclasses.field(default_factory=EMAdapt)
  bbox_rect: BBoxRect = dataclasses.field(default_factory=BBoxRect)
  bbox_seg: BBoxSeg = dataclasses.field(default_factory=BBoxSeg)
  bbox_em_fixed: BBoxEMFixed = dataclasses.field(default_factory=BBoxEMFixed)
  self_supervised_depth: SelfSupervisedDepth = dataclasses.field(
      default_factory=SelfSupervisedDepth)
  supervised_depth: SupervisedDepth = dataclasses.field(default_factory=SupervisedDepth)
  joint_depth: JointDepth = dataclasses.field(default_factory=JointDepth)
