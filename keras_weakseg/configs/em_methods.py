"""The methods of Papandreou et al. 2015 with the paper's constants."""
from keras_weakseg.configs.sections import schema


def em_fixed():
  """Returns EM-Fixed with the paper's biases, 3 for the background and 5 for the foreground."""
  return schema.Method(type="em_fixed",
                       em_fixed=schema.EMFixed(background_bias=3.0, foreground_bias=5.0))


def em_adapt():
  """Returns EM-Adapt: at least 40 % background and 20 % of every tagged class, 5 rounds."""
  return schema.Method(type="em_adapt", em_adapt=schema.EMAdapt(
      background_portion=0.4, foreground_portion=0.2, iterations=5))


def bbox_rect():
  """Returns Bbox-Rect, which has no constants."""
  return schema.Method(type="bbox_rect")


def bbox_seg():
  """Returns Bbox-Seg as in the authors' code: a fifth of every box is core."""
  return schema.Method(type="bbox_seg",
                       bbox_seg=schema.BBoxSeg(alpha=0.2, mode="soft", crf="bbox_seg"))


def bbox_em_fixed():
  """Returns Bbox-EM-Fixed with the published biases: 5 for the background and 6 in boxes."""
  return schema.Method(type="bbox_em_fixed",
                       bbox_em_fixed=schema.BBoxEMFixed(background_bias=5.0, foreground_bias=6.0))


def supervised():
  """Returns training on masks alone."""
  return schema.Method(type="supervised")
