"""What tasks share to make numbers and pictures: metrics, protocols' base, refinement, files."""
from keras_weakseg.evaluation.depth import depth_metrics
from keras_weakseg.evaluation.metrics import class_iou
from keras_weakseg.evaluation.metrics import confusion_matrix
from keras_weakseg.evaluation.metrics import frequency_weighted_iou
from keras_weakseg.evaluation.metrics import mean_accuracy
from keras_weakseg.evaluation.metrics import mean_iou
from keras_weakseg.evaluation.metrics import pixel_accuracy

__all__ = ["depth_metrics", "class_iou", "confusion_matrix", "frequency_weighted_iou",
           "mean_accuracy", "mean_iou", "pixel_accuracy"]
