"""What the network of a run costs beside the one it would be if nothing had been taken out."""
import statistics
import time

import tensorflow as tf

from keras_weakseg import runs
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.surgery import cost

ROUNDS = 11


def of_run(target, size=(), rounds=ROUNDS):
  """Returns the figures of the network of a run.

  The other network is that of the same name and options as it is built. Each runs once in every
  round, in turn first, so that whatever else the machine does hits both.

  Args:
    target: folder of the run.
    size: height and width of the image; empty = the crop of the run's last training.
    rounds: passes of each.

  Returns:
    Dict of `parameters`, `flops` of a pass, `pass_ms` (median), and `flops_share` and `pass_share`:
    those of the run by those of the other one (median over the rounds).
  """
  result = runs.load(target)
  config = result.experiment.network
  size = tuple(size or result.experiment.data.augmentation.crop or (321, 321))
  network = preprocessing.network_of(result.predictor)
  whole = networks.build_network(
      config.type, (None, None, 3), result.model.num_classes, **config.get().as_dict())
  costs = [cost.cost(model, size) for model in (network, whole)]
  own, other = seconds((network, whole), size, rounds)
  return {"parameters": costs[0].parameters, "flops": costs[0].flops,
          "flops_share": costs[0].flops / costs[1].flops,
          "pass_ms": 1000 * statistics.median(own),
          "pass_share": statistics.median(one / two for one, two in zip(own, other))}


def seconds(models, size, rounds):
  """Returns a list of the seconds of every pass of one image, for each of some networks.

  Args:
    models: `keras.Model`s of images [N, H, W, C].
    size: height and width.
    rounds: passes of each, after one that does not count.
  """
  passes = [(tf.function(lambda x, model=model: model(x, training=False)),
             tf.random.stateless_uniform([1, *size, model.input_shape[-1]], [1, 2], -1, 1))
            for model in models]
  found = [[] for _ in models]
  for number in range(rounds + 1):
    for index in sorted(range(len(models)), reverse=number % 2 == 1):
      start = time.perf_counter()
      tf.nest.map_structure(lambda value: value.numpy(), passes[index][0](passes[index][1]))
      if number:
        found[index].append(time.perf_counter() - start)
  return found
