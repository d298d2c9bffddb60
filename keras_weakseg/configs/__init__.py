"""Typed experiment configs, composed from small functions, registered by name."""
from keras_weakseg.configs import depth_camvid
from keras_weakseg.configs import depth_kitti
from keras_weakseg.configs import depth_scenes
from keras_weakseg.configs import dual_paper
from keras_weakseg.configs import dual_small
from keras_weakseg.configs import em_animals
from keras_weakseg.configs import em_boxes
from keras_weakseg.configs import em_boxes_small
from keras_weakseg.configs import em_joint
from keras_weakseg.configs import em_joint_small
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import own_data
from keras_weakseg.configs import tags_small
from keras_weakseg.configs import three_ways_camvid
from keras_weakseg.configs import three_ways_paper
