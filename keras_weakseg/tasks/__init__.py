"""Tasks: segmentation, depth and tags, each with model, protocol, figures, files and artifact."""
from keras_weakseg.tasks.artifact import load_artifact
from keras_weakseg.tasks.depth.client import rest_depths
from keras_weakseg.tasks.depth.export import export_depth_artifact
from keras_weakseg.tasks.depth.model import DepthModel
from keras_weakseg.tasks.depth.protocol import DepthProtocol
from keras_weakseg.tasks.depth.task import DepthTask
from keras_weakseg.tasks import registry
from keras_weakseg.tasks.registry import by_name
from keras_weakseg.tasks.registry import names
from keras_weakseg.tasks.registry import of_model
from keras_weakseg.tasks.registry import of_record
from keras_weakseg.tasks.registry import of_role
from keras_weakseg.tasks.registry import register
from keras_weakseg.tasks.registry import unregister
from keras_weakseg.tasks.segmentation.client import rest_masks
from keras_weakseg.tasks.segmentation.export import export_artifact
from keras_weakseg.tasks.segmentation.model import SegmentationModel
from keras_weakseg.tasks.segmentation.protocol import Protocol
from keras_weakseg.tasks.segmentation.task import SegmentationTask
from keras_weakseg.tasks.tags.client import rest_tags
from keras_weakseg.tasks.tags.export import export_tag_artifact
from keras_weakseg.tasks.tags.model import TagModel
from keras_weakseg.tasks.tags.protocol import TagProtocol
from keras_weakseg.tasks.tags.task import TagsTask
from keras_weakseg.tasks.task import Task

for _task in (SegmentationTask(), DepthTask(), TagsTask()):
  registry.register(_task)
