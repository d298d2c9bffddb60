"""From labels on disk to bundled batches, in four rooms, each above the next.

`checks` say what is wrong with data, `sources` give samples, `pipeline` makes batches of them, and
`readers` know the formats of files.
"""
from keras_weakseg.data.checks.check import check_bundle, check_data
from keras_weakseg.data.pipeline.augment import Augmentation
from keras_weakseg.data.pipeline.bundle import Bundle
from keras_weakseg.data.pipeline.ordered import evaluation_samples
from keras_weakseg.data.pipeline.parts import Part
from keras_weakseg.data.readers.locations import find
from keras_weakseg.data.readers.sentences import tags_of_sentences
from keras_weakseg.data.sources.box_labels import WithBoxLabels
from keras_weakseg.data.sources.camvid import camvid
from keras_weakseg.data.sources.ccp import Ccp
from keras_weakseg.data.sources.cityscapes_video import CityscapesVideo
from keras_weakseg.data.sources.coco import coco_sample
from keras_weakseg.data.sources.dataset_source import Dataset
from keras_weakseg.data.sources.disparity_maps import write_disparity_maps
from keras_weakseg.data.sources.folder import Folder
from keras_weakseg.data.sources.kitti import Kitti
from keras_weakseg.data.sources.kitti_sample import kitti_clips, kitti_odometry, kitti_stereo
from keras_weakseg.data.sources.label_maps import make_label_maps
from keras_weakseg.data.sources.lip import Lip
from keras_weakseg.data.sources.megadepth import MegaDepth
from keras_weakseg.data.sources.nyuv2 import nyuv2
from keras_weakseg.data.sources.part_masks import PartsAsMasks
from keras_weakseg.data.sources.person_part import PersonPart
from keras_weakseg.data.sources.records import Records
from keras_weakseg.data.sources.records_writer import make_records
from keras_weakseg.data.sources.regroup import Regrouped
from keras_weakseg.data.sources.seven_scenes import seven_scenes
from keras_weakseg.data.sources.source import Source
from keras_weakseg.data.sources.tag_labels import WithTagLabels
from keras_weakseg.data.sources.tfds_source import Tfds
from keras_weakseg.data.sources.video import Video
from keras_weakseg.data.sources.voc import voc_animals
from keras_weakseg.data.sources.weak_categories import WeakCategories
from keras_weakseg.data.sources.with_disparity import WithDisparity
from keras_weakseg.data.sources.with_flip_swaps import WithFlipSwaps
from keras_weakseg.data.sources.with_noisy_tags import NoisyTagFile, WithNoisyTags
