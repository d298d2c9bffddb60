"""Which images to annotate next: spread over what there is, and where a student is wrong."""
from keras_weakseg.selection.farthest import farthest_point_order

__all__ = ["farthest_point_order"]
