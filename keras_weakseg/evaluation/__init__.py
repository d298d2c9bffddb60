"""Numbers and pictures of a model: protocols, metrics, masks of photographs."""
from keras_weakseg.evaluation.depth import depth_metrics
from keras_weakseg.evaluation.depth_model import DepthModel
from keras_weakseg.evaluation.depth_protocol import DepthProtocol
from keras_weakseg.evaluation.metrics import class_iou
from keras_weakseg.evaluation.metrics import confusion_matrix
from keras_weakseg.evaluation.metrics import frequency_weighted_iou
from keras_weakseg.evaluation.metrics import mean_accuracy
from keras_weakseg.evaluation.metrics import mean_iou
from keras_weakseg.evaluation.metrics import pixel_accuracy
from keras_weakseg.evaluation.model import SegmentationModel
from keras_weakseg.evaluation.protocol import Protocol

__all__ = ["DepthModel", "DepthProtocol", "Protocol", "SegmentationModel", "class_iou",
           "confusion_matrix", "depth_metrics", "frequency_weighted_iou", "mean_accuracy",
           "mean_iou", "pixel_accuracy"]
