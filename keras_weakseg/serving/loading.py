"""What comes back from a loaded artifact: a function of it, and values for its next document."""
import dataclasses

import tensorflow as tf


class LoadedFunction(tf.Module):
  """A function of a loaded artifact; it holds the variables, so it can be exported again.

  It does not track what was loaded: that would be saved whole, with signatures and all, in every
  artifact that is made of an artifact.

  Args:
    loaded: what `tf.saved_model.load` returned.
    function: name of the function, such as "scores" or "disparity".
  """

  def __init__(self, loaded, function):
    super().__init__(name="loaded_artifact")
    # What a function holds is not tracked.
    self.restored = lambda: getattr(loaded, function)
    self.function_name = function
    self.parameters = variables_of(loaded)

  def __call__(self, images):
    """Returns what the function answers to RGB 0..255 float32 [N, H, W, 3]."""
    return one_graph(self.restored())(images)


def variables_of(loaded):
  """Returns the variables of a module, or of the graphs of a loaded artifact, as a list.

  Args:
    loaded: what `tf.saved_model.load` returned, or a `tf.Module`.
  """
  if hasattr(loaded, "variables"):
    return list(loaded.variables)
  # By their identity: variables have no order, and no two of an artifact are the same.
  return list({id(variable): variable for function in vars(loaded).values()
               for graph in getattr(function, "concrete_functions", ())
               for variable in graph.variables}.values())


def answer_of(function):
  """Returns the structure of tensor specifications that a function of one signature answers with.

  Args:
    function: `tf.function` with an input signature, or one of a loaded artifact.
  """
  graph = one_graph(function)
  graph = graph.get_concrete_function() if graph is function else graph
  return graph.structured_outputs


def one_graph(function):
  """Returns the graph of a restored function that has one, to be called with none around it."""
  graphs = getattr(function, "concrete_functions", ())
  return graphs[0] if len(graphs) == 1 else function


def with_values(record, **values):
  """Returns the record of a network as a dict with other values.

  Args:
    record: `NetworkRecord` or dict.
    **values: to replace or add.

  Example:
    >>> with_values({"name": "tiny", "multiple": 8}, multiple=1)
    {'name': 'tiny', 'multiple': 1}
  """
  return {**(dataclasses.asdict(record) if dataclasses.is_dataclass(record) else dict(record)),
          **values}
