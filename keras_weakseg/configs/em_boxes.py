"""Tables 3 and 4 of Papandreou et al. 2015 at the paper's own sizes: what boxes are worth.

Solver, network and sizes are those of `em_paper`; boxes are those of VOC's annotations.
"""
import functools

from keras_weakseg.configs import em_methods
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import parts
from keras_weakseg.configs import registry


def weak_row(method, split=em_paper.TRAIN_AUG):
  """Returns a row with the boxes of a split only; `method` makes the `schema.Method`."""
  return em_paper.row(method(), [parts.boxes(split, em_paper.BATCH)])


def semi_row(method, strong_split=em_paper.TRAIN, weak_split=em_paper.TRAIN_AUG):
  """Returns a row with masks of one split and boxes of the rest of another.

  Args:
    method: function that returns the `schema.Method`.
    strong_split, weak_split: see `parts.semi`.
  """
  bundle = parts.semi(strong_split, weak_split, em_paper.BATCH, weak=parts.boxes)
  return em_paper.row(method(), bundle)


def weak_test(method):
  """Returns the row of the test set with boxes only; see `em_paper.for_test`."""
  return em_paper.for_test(functools.partial(weak_row, method), split=em_paper.TRAINVAL_AUG)


def semi_test(method, strong_split=em_paper.TRAIN):
  """Returns the row of the test set with masks of `strong_split` and boxes of the rest."""
  return em_paper.for_test(functools.partial(semi_row, method), strong_split=strong_split,
                           weak_split=em_paper.TRAINVAL_AUG)


RECT, SEG, EM_FIXED = em_methods.bbox_rect, em_methods.bbox_seg, em_methods.bbox_em_fixed

# Name: (description, factory). The number is the paper's, mean IoU with CRF in per cent.
TABLE_3 = {
    "bbox_rect_voc12": ("Bbox-Rect, 10,582 boxed images; paper: 52.5 on val",
                        functools.partial(weak_row, RECT)),
    "bbox_em_fixed_voc12": ("Bbox-EM-Fixed, 10,582 boxed images; paper: 54.1 on val",
                            functools.partial(weak_row, EM_FIXED)),
    "bbox_seg_voc12": ("Bbox-Seg, 10,582 boxed images; paper: 60.6 on val",
                       functools.partial(weak_row, SEG)),
    "bbox_rect_semi_1464_voc12": ("Bbox-Rect, 1,464 masks + 9,118 boxed images; paper: 62.1 on val",
                                  functools.partial(semi_row, RECT)),
    "bbox_em_fixed_semi_1464_voc12": (
        "Bbox-EM-Fixed, 1,464 masks + 9,118 boxed images; paper: 64.8 on val",
        functools.partial(semi_row, EM_FIXED)),
    "bbox_seg_semi_1464_voc12": ("Bbox-Seg, 1,464 masks + 9,118 boxed images; paper: 65.1 on val",
                                 functools.partial(semi_row, SEG)),
}
TABLE_4 = {
    "bbox_rect_voc12_test": ("Bbox-Rect, 12k boxed images; paper: 54.2 on test", functools.partial(
        weak_test, RECT)),
    "bbox_seg_voc12_test": ("Bbox-Seg, 12k boxed images; paper: 62.2 on test", functools.partial(
        weak_test, SEG)),
    "bbox_seg_semi_1464_voc12_test": (
        "Bbox-Seg, 1.4k masks + 10k boxed images; paper: 66.6 on test",
        functools.partial(semi_test, SEG)),
    "bbox_em_fixed_semi_1464_voc12_test": (
        "Bbox-EM-Fixed, 1.4k masks + 10k boxed images; paper: 66.6 on test",
        functools.partial(semi_test, EM_FIXED)),
    "bbox_seg_semi_2913_voc12_test": (
        "Bbox-Seg, 2.9k masks + 9k boxed images; paper: 68.0 on test",
        functools.partial(semi_test, SEG, em_paper.TRAINVAL)),
    "bbox_em_fixed_semi_2913_voc12_test": (
        "Bbox-EM-Fixed, 2.9k masks + 9k boxed images; paper: 69.0 on test",
        functools.partial(semi_test, EM_FIXED, em_paper.TRAINVAL)),
}

registry.register_all({**TABLE_3, **TABLE_4})
