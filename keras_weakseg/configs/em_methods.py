"""The methods of Papandreou et al. 2015 with the paper's constants."""
from keras_weakseg.configs import schema


def em_fixed():
  """Returns EM-Fixed with the paper's biases, 3 for the background and 5 for the foreground."""
  return schema.Method(type="em_fixed",
                       em_fixed=schema.EMFixed(background_bias=3.0, foreground_bias=5.0))


def em_adapt():
  """Returns EM-Adapt: at least 40 % background and 20 % of every tagged class, 5 rounds."""
  return schema.Method(type="em_adapt", em_adapt=schema.EMAdapt(
      background_portion=0.4, foreground_portion=0.2, iterations=5))


def supervised():
  """Returns training on masks alone."""
  return schema.Method(type="supervised")
