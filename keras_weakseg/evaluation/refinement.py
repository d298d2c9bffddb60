"""What happens to probabilities between the network and the mask: the one place for a dense CRF."""
import dataclasses
import types

# Name of `Protocol.crf` -> f(probabilities [H, W, C], image uint8 [H, W, 3]) -> probabilities.
REFINERS = types.MappingProxyType({})


def refiner(protocol):
  """Returns the function that refines probabilities under this protocol, or None.

  Args:
    protocol: `Protocol`.

  Returns:
    A host function (float32 [H, W, C] sums to 1 over C, uint8 RGB [H, W, 3]) -> float32 [H, W, C],
    or None where there is nothing to do.
  """
  return REFINERS.get(protocol.crf)


def effective(protocol):
  """Returns the protocol that can be carried out, and notes on what of the wanted one cannot.

  A number must never carry the hash of a protocol that it was not made with.

  Args:
    protocol: the `Protocol` that was asked for.

  Returns:
    (protocol, list of sentences).

  Example:
    >>> from keras_weakseg.evaluation.protocol import Protocol
    >>> done, notes = effective(Protocol(crf="voc"))
    >>> done.crf, len(notes)
    ('', 1)
  """
  if not protocol.crf or protocol.crf in REFINERS:
    return protocol, []
  return dataclasses.replace(protocol, crf=""), [
      f"The protocol asks for the CRF '{protocol.crf}' (hash {protocol.hash()}); this version has "
      "no CRF, so the number is without it and carries the hash of the protocol without it."]
