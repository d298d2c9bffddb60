"""What happens to probabilities between the network and the mask: a dense CRF, if there is one."""
import dataclasses
import functools
import types

import numpy as np

from keras_weakseg.ops import crf
from keras_weakseg.ops import crf_parameters


def refine(probabilities, image, parameters):
  """Returns probabilities after a dense CRF.

  Args:
    probabilities: float [H, W, C] of the network, at the image's size; they sum to 1 over C.
    image: uint8 RGB [H, W, 3].
    parameters: `ops.crf_parameters.CrfParameters`.

  Returns:
    float32 array [H, W, C].

  Example:
    >>> refine(np.full([2, 2, 3], 1 / 3), np.zeros([2, 2, 3], np.uint8),
    ...        crf_parameters.CrfParameters()).round(2)[0, 0].tolist() == [np.float32(.33)] * 3
    True
  """
  return crf.dense_crf(crf.unary_from_probabilities(probabilities), np.asarray(image),
                       **parameters.as_dict())


# Name of `Protocol.crf` -> f(probabilities [H, W, C], image uint8 [H, W, 3]) -> probabilities.
REFINERS = types.MappingProxyType({
    name: functools.partial(refine, parameters=parameters)
    for name, parameters in crf_parameters.NAMED.items()})


def refiner(protocol):
  """Returns the function that refines probabilities under this protocol, or None.

  Args:
    protocol: `Protocol`.

  Returns:
    A host function (float32 [H, W, C] sums to 1 over C, uint8 RGB [H, W, 3]) -> float32 [H, W, C],
    or None where there is nothing to do.
  """
  if not protocol.crf:
    return None
  if protocol.crf in REFINERS:
    return REFINERS[protocol.crf]
  return functools.partial(refine, parameters=crf_parameters.CrfParameters.parse(protocol.crf))


def unrefined(protocol):
  """Returns the protocol of what the network alone says.

  Args:
    protocol: `Protocol`.

  Example:
    >>> from keras_weakseg.tasks.segmentation.protocol import Protocol
    >>> unrefined(Protocol(crf="deeplab_msc", flip=True)) == Protocol(flip=True)
    True
  """
  return dataclasses.replace(protocol, crf="")
