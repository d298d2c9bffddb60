"""Artifacts: SavedModels that answer without Keras and without this package."""
from keras_weakseg.serving.artifact import load_artifact
from keras_weakseg.serving.client import rest_depths
from keras_weakseg.serving.client import rest_masks
from keras_weakseg.serving.client import rest_request
from keras_weakseg.serving.depth_export import export_depth_artifact
from keras_weakseg.serving.export import export_artifact
