"""The methods with the paper's constants."""
from keras_weakseg.configs import em_methods


def test_constants_of_the_paper():
  fixed, adapt = em_methods.em_fixed(), em_methods.em_adapt()
  assert (fixed.get().background_bias, fixed.get().foreground_bias) == (3.0, 5.0)
  assert (adapt.get().background_portion, adapt.get().foreground_portion) == (0.4, 0.2)
  assert adapt.get().iterations == 5 and adapt.get().suppress_others
  assert em_methods.supervised().type == "supervised"
  boxed, seg = em_methods.bbox_em_fixed().get(), em_methods.bbox_seg().get()
  assert (boxed.background_bias, boxed.foreground_bias) == (5.0, 6.0)
  assert (seg.alpha, seg.mode, seg.crf) == (0.2, "soft", "bbox_seg")
  assert em_methods.bbox_rect().type == "bbox_rect"


def test_each_call_is_fresh():
  first = em_methods.em_fixed()
  first.em_fixed.background_bias = 0.0
  assert em_methods.em_fixed().get().background_bias == 3.0
