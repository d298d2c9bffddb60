"""The procedural street scenes of `weakseg_scenes`, rendered with numpy alone."""
from keras_weakseg.datasets.scenes.parallel import render_many
from keras_weakseg.datasets.scenes.render import render_scene

__all__ = ["render_many", "render_scene"]
