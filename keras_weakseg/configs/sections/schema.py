"""The typed configuration of an experiment.

Every section is a Model Garden `Config`: `experiment.method.em_adapt.iterations` in Python,
`method: {em_adapt: {iterations: 5}}` in YAML, `method.em_adapt.iterations=5` as an override.
Sections with a `type` hold one sub-section per choice; `section.get()` is the chosen one. Their
options are those of the methods, networks and makers themselves: see `base`.
"""
import dataclasses
from typing import List, Optional, Tuple

from keras_weakseg.configs.sections import base
from keras_weakseg.configs.sections import schema_methods
from keras_weakseg.configs.sections import schema_networks
from keras_weakseg.configs.sections.optimization import (  # What experiments compose with.
    OptimizationConfig, muon, sgd, sgd_steps)
from keras_weakseg.configs.sections.schema_makers import Make, make
from keras_weakseg.configs.sections.schema_methods import Method, method
from keras_weakseg.configs.sections.schema_networks import (
    Network, Networks, OtherNetwork, going_on, network, other_network)
from keras_weakseg.configs.sections.schema_training import Multiplier, Training, Updaters, Updates
from keras_weakseg.configs.sections.schema_video import Video


def __getattr__(name):
  """Gives the section of a method or a network by its name in Python."""
  for module in (schema_methods, schema_networks):
    try:
      return getattr(module, name)
    except AttributeError:
      pass
  raise AttributeError(f"module 'schema' has no attribute {name!r}")


def _section(section_type, **values):
  """Returns a dataclass field whose default is a fresh section."""
  return dataclasses.field(default_factory=lambda: section_type(**values))


# === Data ===


@dataclasses.dataclass
class Source(base.Section):
  """Where samples come from.

  Attributes:
    name: the name that parts use; the first source is the default of every part.
    kind: `folder`, `voc_animals`, `voc_animals_boxes` (its 6 classes with boxes), `camvid`,
      `coco_sample`, `tfds`, `records` (`make-records`), `person_part`, `lip`, `ccp`, `nyuv2`,
      `megadepth`, or one of video: `video`, `kitti`, `kitti_clips`, ...
    path: the folder, searched for as `kw.data.find` says; unused by `tfds`.
    dataset: TFDS name with configuration, such as `weakseg_scenes`.
    images, masks, tags, boxes, depth: the places inside a folder.
    depth_scale: stored units of depth per metre, which PNG need: 1000 for millimetres; 0 = metres.
    classes: class names, index 0 = background; empty = `classes.txt` of the folder.
    manifest: id manifest that says which sample may use which supervision.
    validation: id list of the validation split; empty = a seeded share is held out.
    held_out: that share, 0..1.
    groups: another label space: texts such as `vehicle=car+bus`, `person` alone, or the path of a
      YAML file of such groups (`official_configs/depth_parts/groups/ccp_parts.yaml`). The classes
      are then the background and these names, in this order; `ignore=...` is no class, but what
      becomes 255 in masks; empty = those of the source.
    classes_of: name of another source, all of whose classes this one takes, by name or synonym.
    parts: the classes are the parts of bodies (`parts` of the samples) in place of the masks.
    other: what becomes of the classes in no group: `background`, or `ignore` (255 in masks).
    flip_swaps: classes that a mirror exchanges: texts such as `left arm=right arm`, by their names
      after `parts` and `groups`; empty = those that the data set has by itself.
    reads: in joint training, the head's classes of a class of this source, in the form of
      `groups`; empty = `groups`, else by name.
    disparity: folder of a teacher's disparity, searched for like `path`; see `make-disparity-maps`.
    wrong_tags: share of the tags exchanged for wrong ones in `noisy_tags`, carried too; 0 = none.
    noisy_tags: tag file inside the folder, carried beside the true tags; empty = none.
    derived: names of steps of the recipe whose maps the samples carry, in the steps after them.
    weak: categories without masks: of an image whose tags name one, training reads the tags alone.
    strong: categories with masks; empty = all that are not weak.
    video: how frames of video are read.
  """
  name: str = ""
  kind: str = "folder"
  path: str = ""
  dataset: str = ""
  images: str = "images"
  masks: str = "masks"
  tags: str = "tags.json"
  boxes: str = "boxes"
  depth: str = "depth"
  depth_scale: float = 0.0
  classes: Tuple[str, ...] = ()
  manifest: str = ""
  validation: str = ""
  held_out: float = 0.1
  parts: bool = False
  groups: Tuple[str, ...] = ()
  classes_of: str = ""
  other: str = "background"
  flip_swaps: Tuple[str, ...] = ()
  reads: Tuple[str, ...] = ()
  disparity: str = ""
  wrong_tags: float = 0.0
  noisy_tags: str = ""
  derived: Tuple[str, ...] = ()
  weak: Tuple[str, ...] = ()
  strong: Tuple[str, ...] = ()
  video: Video = _section(Video)


@dataclasses.dataclass
class Part(base.Section):
  """A fixed share of every batch, with one kind of supervision.

  Attributes:
    source: name of a source, empty = the first.
    split: `train`, or several joined: `train+weak`.
    supervision: what these samples may teach: `mask`, `tags`, `boxes`, `depth`, `none`, joined
      by `+`.
    ids: path of a text file with one sample id per line, or `step:NAME`: the ids that a step of
      the recipe chose; empty = the whole split.
    count: use the first `count` ids in the order of their hash; 0 = all. Smaller counts are
      subsets.
    subset_seed: seed of that order; None = that of the experiment, so that every seed draws its
      own, a number = the same samples for every seed.
    rest: use every sample of the split that no earlier part uses.
    batch_size: samples of this part in every global batch.
    weight: weight of this part's loss, which is normalised by its own valid pixels.
  """
  source: str = ""
  split: str = "train"
  supervision: str = "mask"
  ids: str = ""
  count: int = 0
  subset_seed: Optional[int] = None
  rest: bool = False
  batch_size: int = 8
  weight: float = 1.0


@dataclasses.dataclass
class Augmentation(base.Section):
  """Random geometry and colour of training samples.

  Attributes:
    crop: height and width of the crop, 8k+1, or multiples of 32 for depth; empty = none.
    resize: height and width that whole images are resized to first; empty = none.
    scales: lowest and highest random scale; equal values switch it off.
    flip: mirror half of the samples.
    color: strength of the colour jitter, 0..1; color_share: of so many samples.
    color_saturation: saturation changes by so many times of `color`, brightness and contrast by
      half.
    hue: strength of the jitter of hue, in turns of the colour circle, 0..0.5.
    color_of: `pixels`, or `inputs`: of what networks see, not of what losses compare.
    tags_from: `image`: the tags of the whole image; `boxes`: of the crop, by what is left of the
      boxes, where a part grants these.
    swap_frames: share of the samples of video without labels whose image changes places with one
      of its neighbours.
  """
  crop: Tuple[int, ...] = (321, 321)
  scales: Tuple[float, ...] = (1.0, 1.0)
  flip: bool = True
  color: float = 0.0
  color_share: float = 1.0
  color_of: str = "pixels"
  resize: Tuple[int, ...] = ()
  tags_from: str = "image"
  swap_frames: float = 0.0
  color_saturation: float = 1.0
  hue: float = 0.0


@dataclasses.dataclass
class Data(base.Section):
  """What is trained on: sources, the parts of a batch, augmentation.

  No parts: `fit` makes one part per kind of supervision that the first source grants.

  Attributes:
    data_dir: where data lies, empty = the usual places.
    cache_dir: where label maps made from boxes are kept; empty = the folder of
      `KERAS_WEAKSEG_CACHE`, else `~/.cache/keras_weakseg`.
    head: joint training of sources with different classes: the name of the source whose classes
      the network has; empty = all have the same. The predictor has those of the first part.
    aggregation: how the scores of several classes of the head become that of one class of another
      source: `logsumexp`, or `slice`: the first of them alone.
  """
  sources: List[Source] = dataclasses.field(default_factory=list)
  parts: List[Part] = dataclasses.field(default_factory=list)
  augmentation: Augmentation = _section(Augmentation)
  data_dir: str = ""
  cache_dir: str = ""
  head: str = ""
  aggregation: str = "logsumexp"


# === Evaluation ===


@dataclasses.dataclass
class Protocol(base.Section):
  """How numbers are made; mirrors `keras_weakseg.tasks.Protocol`.

  Attributes:
    size: resize the image to this height and width first; empty = original size.
    scales, flip: probabilities are averaged over them.
    window: height and width of a sliding window, empty = whole image; `window_stride` in pixels.
    crf: name of a parameter set or `bilateral_weight=4,bilateral_xy=49,...`, empty = none.
    present_only: mean over classes in the truth only.
    inference_steps: of dual networks: steps of inference by reconstruction, 0 = the plain network.
  """
  size: Tuple[int, ...] = ()
  scales: Tuple[float, ...] = (1.0,)
  flip: bool = False
  window: Tuple[int, ...] = ()
  window_stride: Tuple[int, ...] = ()
  crf: str = ""
  present_only: bool = False
  inference_steps: int = 0


@dataclasses.dataclass
class DepthProtocol(base.Section):
  """How numbers of depth are made; mirrors `keras_weakseg.tasks.DepthProtocol`.

  Attributes:
    size: height and width that images are resized to for the network; empty = as in training.
    flip: blend with the mirrored image's depth.
    crop: the part of the image that counts: `none`, `garg` or `eigen`.
    min_depth, max_depth: predictions are cut to this range, metres.
    limit_target: only pixels whose true depth is in this range count.
    scale: `median` of every image, `metric`, or a factor.
  """
  size: Tuple[int, ...] = ()
  flip: bool = False
  crop: str = "none"
  min_depth: float = 1e-3
  max_depth: float = 80.0
  limit_target: bool = False
  scale: str = "median"


@dataclasses.dataclass
class TagProtocol(base.Section):
  """How numbers of tags are made; mirrors `keras_weakseg.tasks.TagProtocol`.

  Attributes:
    size: resize the image to this height and width first; empty = as in training.
    scales, flip: probabilities are averaged over them.
    threshold: probability from which a class is said to be there.
  """
  size: Tuple[int, ...] = ()
  scales: Tuple[float, ...] = (1.0,)
  flip: bool = False
  threshold: float = 0.5


@dataclasses.dataclass
class Evaluation(base.Section):
  """What is evaluated after training, and while it runs.

  Attributes:
    source: name of the source that is evaluated on; empty = that of the first part.
    split: the split of the final numbers.
    validation_split: the split that picks the best checkpoint; empty = the last one is taken.
    checkpoint: `last` or `best`.
    protocol: of segmentation.
    depth: the protocol of depth.
    tags: the protocol of tags.
  """
  source: str = ""
  split: str = "validation"
  validation_split: str = ""
  checkpoint: str = "last"
  protocol: Protocol = _section(Protocol)
  depth: DepthProtocol = _section(DepthProtocol)
  tags: TagProtocol = _section(TagProtocol)


@dataclasses.dataclass
class Runtime(base.Section):
  """On what it runs.

  Attributes:
    strategy: `auto`, `one_device`, `mirrored` or `multi_worker_mirrored` (from `TF_CONFIG`).
    mixed_precision: `float32`, `mixed_float16` or `mixed_bfloat16`.
    jit_compile: compile the training step with XLA where the strategy allows it.
    timeout: seconds to wait for other workers of a cluster, also while one validates; 0 = for ever.
  """
  strategy: str = "auto"
  mixed_precision: str = "float32"
  jit_compile: bool = False
  timeout: float = 3600.0


@dataclasses.dataclass
class Step(base.Section):
  """A step of a recipe before the experiment's own training, which is the last one, `train`.

  A step trains, or, with `make.type`, makes something for later steps. Weights, derived data and
  ids of earlier ones: `continues` of a network, `derived` of a source, `ids` of a part, `reads`.

  Attributes:
    name: of the step and its directory.
    make: what is made; of type None: the step trains.
    reads: names of the earlier steps that are read to make it.
    parts, head: as in `Data`, whose sources it shares.
    augmentation: of the step; None = that of the experiment.
    network, networks, method, training: of the step.
    validation_split: as in `Evaluation`; figures and pictures while the step trains.
    mixed_precision: of the step; empty = that of `runtime`.
  """
  name: str = "pretrain"
  make: Make = _section(Make)
  reads: Tuple[str, ...] = ()
  parts: List[Part] = dataclasses.field(default_factory=list)
  head: str = ""
  augmentation: Optional[Augmentation] = None
  network: Network = _section(Network)
  networks: Networks = _section(Networks)
  method: Method = _section(Method)
  training: Training = _section(Training)
  validation_split: str = ""
  mixed_precision: str = ""

  def as_dict(self):
    """Returns what the step uses: how it trains, or what it makes."""
    values = super().as_dict()
    if self.make.type is None:
      return {key: value for key, value in values.items() if key not in ("make", "reads")}
    return {key: values[key] for key in ("name", "make", "reads")}


@dataclasses.dataclass
class Experiment(base.Section):
  """One experiment: what `fit` needs to know.

  Attributes:
    description: one line for listings.
    network: the network that is evaluated.
    networks: others that the method has, such as `pose`, where depth is learned from video.
    steps: what comes before: see `Step`.
  """
  name: str = ""
  description: str = ""
  seed: int = 1
  data: Data = _section(Data)
  network: Network = _section(Network)
  networks: Networks = _section(Networks)
  method: Method = _section(Method)
  training: Training = _section(Training)
  evaluation: Evaluation = _section(Evaluation)
  runtime: Runtime = _section(Runtime)
  steps: List[Step] = dataclasses.field(default_factory=list)
