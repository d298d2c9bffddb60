"""Learning depth with the constants of Godard et al. 2019 and Hoyer et al. 2021."""
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs.sections import schema

# Colour jitter of half of the samples: brightness, contrast and saturation times U(.8, 1.2), which
# are .5 of COLOR each, and hue.
COLOR, COLOR_SHARE, COLOR_SATURATION, HUE = 0.4, 0.5, 0.5, 0.1

# Keras' older Adam: the same formula in one operation per variable, where the newer one has dozens.
# A step on two cores takes a tenth less.
FUSED_ADAM = "adam"


def self_supervised_depth(*, ssim_weight=0.85, **options):
  """Returns Monodepth2's loss: SSIM .85, smoothness 1e-3, minimum over sources, auto-masking.

  Args:
    ssim_weight: of SSIM against L1.
    **options: further fields of `schema.SelfSupervisedDepth`.
  """
  return schema.Method(
      type="self_supervised_depth", self_supervised_depth=schema.SelfSupervisedDepth(
          min_depth=0.1, max_depth=100.0, smoothness=1e-3, ssim_weight=ssim_weight,
          **options))


def monodepth2_augmentation(size, crop=()):
  """Returns mirroring, and colour jitter of what networks see but losses do not.

  Args:
    size: (height, width) of the whole images.
    crop: (height, width) of a random crop of these; empty = none.
  """
  return schema.Augmentation(
      crop=tuple(crop), resize=tuple(size), scales=(1.0, 1.0), flip=True, color=COLOR,
      color_share=COLOR_SHARE, color_of="inputs", color_saturation=COLOR_SATURATION, hue=HUE)


def adam_with_step(learning_rate, steps, *, decay_at=0.75, **training):
  """Returns Adam whose rate falls to a tenth once, without weight decay.

  Args:
    learning_rate: at the start.
    steps: in all.
    decay_at: share of the steps after which the rate falls (15 of 20 epochs in Monodepth2).
    **training: further fields of `schema.Training`.
  """
  optimization = schema.sgd_steps(learning_rate, max(1, int(decay_at * steps)), steps)
  optimization.optimizer.type = FUSED_ADAM
  return schema.Training(steps=steps, optimization=optimization, weight_decay=0.0, **training)


def adam_with_poly(learning_rate, steps):
  """Returns what `em_scenes.adam` does, fused."""
  optimization = em_scenes.adam(learning_rate, steps)
  optimization.optimizer.type = FUSED_ADAM
  return optimization
