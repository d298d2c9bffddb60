"""Measurements that a row can name: trivial answers, motion, label maps, networks, pictures."""
import dataclasses
import os
import shutil
from typing import Any

from keras_weakseg import api
from keras_weakseg import api_depth
from keras_weakseg import api_prune
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import runs
from keras_weakseg.benchmark import inside_methods
from keras_weakseg.benchmark import network_costs
from keras_weakseg.benchmark import places
from keras_weakseg.evaluation import depth as depth_metrics
from keras_weakseg.evaluation import depth_baselines
from keras_weakseg.evaluation.drawing import depth_pictures
from keras_weakseg.evaluation.drawing import sheets
from keras_weakseg.tasks.depth import evaluate as evaluate_depth
from keras_weakseg.tasks.depth import protocol as depth_protocol

_PICTURES = "image | true disparity (grey: unknown) | predicted disparity, at the true median"


@dataclasses.dataclass(frozen=True)
class Call:
  """What a measurement works on.

  Attributes:
    target: folder of a run, None where the row is of none.
    source: data source.
    split: of it.
    protocol: dict of fields that differ from the default protocol.
    options: of the row.
    output: path without suffix for files that it leaves.
    data_dir: where data lies.
    progress: whether to draw progress bars.
  """
  target: Any
  source: Any
  split: str
  protocol: dict
  options: dict
  output: Any
  data_dir: Any = None
  progress: bool = True

  def option(self, known, **defaults):
    """Returns the options over defaults; refuses what the measurement does not know."""
    for name in self.options:
      errors.check_name(f"option of '{known}' called", name, defaults)
    return {**defaults, **self.options}


def constant_depth(call):
  """Returns the errors of one depth everywhere, the best for training samples.

  Options: `train`: data of the training samples, default: that of the row; `train_split`.
  """
  return _trivial(call, "constant_depth", depth_baselines.constant_depth)


def mean_depth_map(call):
  """Returns the errors of the mean depth map of training samples; options as `constant_depth`."""
  return _trivial(call, "mean_depth_map", depth_baselines.mean_depth_map)


def _trivial(call, name, make):
  given = call.option(name, train="", train_split="train")
  train = places.source_of(given["train"], call.data_dir) or call.source
  wanted = (fields.IMAGE, fields.DEPTH)
  model = make(train.samples(given["train_split"], grant=fields.Supervision.DEPTH, wanted=wanted),
               progress=call.progress)
  samples = call.source.samples(call.split, grant=fields.Supervision.DEPTH,
                                wanted=(*wanted, fields.SAMPLE_ID))
  return {"split": call.split, **evaluate_depth.evaluate_depth(
      model, samples, call.protocol, progress=call.progress)}


def poses(call):
  """Returns the errors of the camera motion that a run predicts, see `kw.evaluate_poses`."""
  call.option("poses")
  return api_depth.evaluate_poses(str(_target(call, "poses")), call.source, split=call.split,
                                  progress=call.progress)


def label_maps(call):
  """Returns how good label maps made from boxes are, before any training.

  Options: `kind`, `alpha`, `mode`, `crf`, `cache_dir` as in `kw.make_label_maps`.
  """
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  from keras_weakseg.recipes import label_quality  # pylint: disable=g-import-not-at-top
  given = call.option("label_maps", kind="seg", alpha=0.2, mode="soft", crf="bbox_seg",
                      cache_dir=None)
  folder = data.make_label_maps(call.source, call.split, progress=call.progress, **given)
  return {"split": call.split, **label_quality.measure_label_maps(
      call.source, folder, call.split)}


def tag_labels(call):
  """Returns how good the label maps are that a step of a run has made from tags.

  Options: `step`: its name (`maps`).
  """
  from keras_weakseg.recipes import label_quality  # pylint: disable=g-import-not-at-top
  given = call.option("tag_labels", step="maps")
  folder = os.path.join(str(_target(call, "tag_labels")), given["step"])
  return {"split": call.split, **label_quality.measure_tag_labels(call.source, folder, call.split)}


def network_cost(call):
  """Returns what the network of a run costs, see `network_costs.of_run`.

  Options: `size` of the image (that of the crops in training), `rounds` (11).
  """
  given = call.option("network_cost", size=(), rounds=network_costs.ROUNDS)
  return network_costs.of_run(_target(call, "network_cost"), given["size"], given["rounds"])


def pruned(call):
  """Returns the figures of the network of a run right after pruning: nothing is trained on.

  Options: `to`, `schedule`, `layers`, `norm` as in `kw.prune`. The smaller run stays beside the
  record.
  """
  given = call.option("pruned", to=0.84, schedule="all", layers="", norm=2)
  target = str(_target(call, "pruned"))
  shutil.rmtree(call.output, ignore_errors=True)  # of a call that was killed
  small = api_prune.prune(target, str(call.output), progress=False, **given)
  return api.evaluate(small, call.source, split=call.split, protocol=call.protocol or None,
                      progress=call.progress)


def depth_pictures_of(call):
  """Draws image, truth and prediction of some samples as one PNG; returns its path.

  Options: `ids`: of the samples; default: the first `count` (8).
  """
  given = call.option("depth_pictures", ids=[], count=8)
  model = runs.load(_target(call, "depth_pictures")).model
  protocol = depth_protocol.DepthProtocol.from_dict(call.protocol)
  ids = tuple(given["ids"]) or call.source.ids(call.split)[:given["count"]]
  rows = []
  samples = call.source.samples(call.split, ids=ids, grant=fields.Supervision.DEPTH)
  for sample in samples.as_numpy_iterator():
    image, truth = sample[fields.IMAGE], sample[fields.DEPTH]
    disparity = model.disparity(image[None], protocol)[0]
    error = depth_metrics.depth_metrics(1 / disparity, truth)["abs_rel"]
    picture = depth_pictures.draw_depth([image], [truth], [disparity])[0]
    rows.append({"image": picture, _PICTURES: picture,
                 "name": f"{sample[fields.SAMPLE_ID].decode()}: abs_rel {error:.3f}"})
  path = f"{call.output}.png"
  sheets.contact_sheet(rows, path, (_PICTURES,), classes=(), palette=(),
                       tile=max(row["image"].shape[1] for row in rows))
  return {"split": call.split, "samples": len(rows), "pictures": os.path.basename(path)}


def _target(call, name):
  if call.target is None:
    raise errors.value_error(f"The measurement '{name}' needs a run.", expected="`of: ROW`",
                             received="none", fix="Name the row whose run is measured.")
  return call.target


MEASURES = {"constant_depth": constant_depth, "mean_depth_map": mean_depth_map, "poses": poses,
            "label_maps": label_maps, "tag_labels": tag_labels, "network_cost": network_cost,
            "pruned": pruned, "depth_pictures": depth_pictures_of,
            "latent_labels": inside_methods.latent_labels,
            "mixing_order": inside_methods.mixing_order,
            "reconstruction": inside_methods.reconstruction}
