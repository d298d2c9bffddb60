"""Steps of registered experiments on their own: on noise, without the trainings before them.

What other steps train is random weights here, what they make comes with the noise.
"""
import copy
import dataclasses
import pathlib
import types
from typing import Tuple

import synthetic_source
from keras_weakseg.configs import registry
from keras_weakseg.derived import base as makers
from keras_weakseg.derived import registry as derived
from keras_weakseg.framework import keras
from keras_weakseg.networks.weights import weights
from keras_weakseg.recipes import building
from keras_weakseg.recipes import outputs
from keras_weakseg.recipes import planning
from keras_weakseg.recipes import sources as source_lib
from keras_weakseg.recipes import training_step
from keras_weakseg.training import optimizers

QUICK_IMAGE, QUICK_CROP, QUICK_GRID = (96, 128), 64, 9


@dataclasses.dataclass(frozen=True)
class Row:
  """A step of a registered experiment; `infer` = the lengths of inference that are measured."""
  name: str
  experiment: str
  step: str = planning.LAST
  infer: Tuple[int, ...] = (0,)


ROWS = (
    Row("em_adapt", "em_adapt_voc12"), Row("bbox_em_fixed", "bbox_em_fixed_voc12"),
    Row("depth_whole", "depth_cityscapes", "whole"), Row("depth_finetune", "depth_cityscapes"),
    Row("multitask", "multitask_f_372_cityscapes"),
    Row("depthmix", "transfer_f_depthmix_l_372_cityscapes"),
    Row("multitask_depthmix", "multitask_f_depthmix_l_372_cityscapes"),
    Row("l_net", "l_net_split_1_voc12", "l_net"),
    Row("p_net_critic", "p_net_split_1_voc12", "critic", ()),
    Row("p_net_joint", "p_net_split_1_voc12"),
    Row("dual_semi", "dual_10_10_voc12_test", infer=(0, 10, 30)),
    Row("depth_parts", "depth_parts_person_part"),
    Row("hourglass", "depth_parts_person_part", "depth"))


def experiment_of(row, quick):
  """Returns the experiment of a row: what other steps make comes with the data."""
  experiment = registry.build(row.experiment)
  for stage in [*experiment.steps, experiment]:
    stage_parts = experiment.data.parts if stage is experiment else stage.parts
    augmentation = experiment.data.augmentation if stage is experiment else stage.augmentation
    for part in stage_parts:
      part.count, part.ids = 0, ""
      part.batch_size = 1 if quick else part.batch_size
    if quick and augmentation is not None:
      odd = bool(augmentation.crop) and augmentation.crop[0] % 8 == 1
      augmentation.crop = augmentation.crop and (QUICK_CROP + odd,) * 2
      augmentation.resize = augmentation.resize and (QUICK_CROP, 2 * QUICK_CROP)
      augmentation.scales = (1.0, 1.0)
    for name, network in stage.networks.items():
      if quick and name == "critic":
        network.p_net.grid = (QUICK_GRID,) * 2
  return experiment


def make_sources(experiment, quick):
  """Returns a dict of name to noise in place of the data, with what steps would have made of it."""
  made, make = {}, synthetic_source.stub(QUICK_IMAGE if quick else ())
  for source in experiment.data.sources:
    if source.derived:
      source.derived, source.disparity = (), "maps"
    made[source.name] = make(source)
    made[source.name].origin.mapped = True
  return source_lib.make_sources(experiment.data, made)


def settings_of(experiment, name):
  """Returns the `schema.Experiment` of a step, on its own, and the maker that it goes on from."""
  by_name = {step.name: step for step in experiment.steps}
  settings = (copy.deepcopy(experiment) if name == planning.LAST
              else planning.settings_of(experiment, by_name[name]))
  vars(settings)["steps"] = []
  maker = by_name.get(settings.network.continues)
  if maker is not None and maker.make.type is None:
    maker = None
  for network in (settings.network, *(network for _, network in settings.networks.items())):
    if maker is None or network is not settings.network:
      network.continues = ""
  return settings, maker


def make_step(experiment, name, sources):
  """Returns the `TrainStep` of a name, on its own, and the maker that it goes on from."""
  settings, maker = settings_of(experiment, name)
  return training_step.make_steps(name, settings, sources)[-1], maker


def build(step, finished):
  """Returns the method of a step, ready to train."""
  keras.utils.set_random_seed(step.settings.seed)
  phase = step.phase or step.bind(finished)
  method = phase.build(finished)
  method.prepare(optimizers.updater_maker(step.training, step.record))
  return method


class Before:
  """What the makers before a step leave, made of networks with random weights.

  Training between them changes weights alone, so it is left out; of several prunings that keep a
  number of channels, so are all but the last.
  """

  def __init__(self, experiment, sources, folder):
    self._experiment, self._sources, self._folder = experiment, sources, pathlib.Path(folder)
    self._steps = {step.name: step for step in experiment.steps}
    self._predictors = {}

  def left(self, name):
    """Returns the `Outputs` of a step."""
    step, folder = self._steps[name], self._folder / name
    folder.mkdir(exist_ok=True)
    if step.make.type is None:
      return self._trained(name, folder)
    reads = {}
    for read in step.reads:
      before = self._first(read) if step.make.type == "pruned" else self._made(read)
      reads[before] = self.left(before)
    context = makers.MakeContext({}, reads, lambda read: types.SimpleNamespace(
        network=self._predictors[read]))
    derived.maker_class(step.make.type)(context, **step.make.options()).make(folder, False)
    found = outputs.Outputs(name, str(folder))
    path, head = found.weights()
    settings = planning.settings_of(self._experiment, self._steps[self._first(step.reads[0])])
    network, _, predictor, _ = building.build_predictor(
        settings.network, head, found.architecture())
    weights.carry_over(weights.read_npz(path), network, same_classes=True)
    self._predictors[name] = predictor
    return found

  def _trained(self, name, folder):
    step, _ = make_step(self._experiment, name, self._sources)
    method = step.phase.build({})
    outputs.write_networks(str(folder), method.context.networks, step.head)
    for key, network in method.networks.items():
      weights.save_npz(network, folder / f"{key}.npz")
    self._predictors[name] = method.predictor
    return outputs.Outputs(name, str(folder))

  def _made(self, name):
    """Returns the maker whose network a step trains on, else the step itself."""
    before = self._steps[name].network.continues if self._steps[name].make.type is None else ""
    return before or name

  def _first(self, name):
    """Returns the training that a chain of steps begins with."""
    step = self._steps[name]
    before = step.reads[0] if step.make.type else step.network.continues
    return self._first(before) if before else name
