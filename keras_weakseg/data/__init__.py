"""From labels on disk to bundled batches: sources, augmentation, deterministic order."""
from keras_weakseg.data.augment import Augmentation
from keras_weakseg.data.box_labels import WithBoxLabels
from keras_weakseg.data.bundle import Bundle
from keras_weakseg.data.camvid import camvid
from keras_weakseg.data.ccp import Ccp
from keras_weakseg.data.check import check_bundle, check_data
from keras_weakseg.data.cityscapes_video import CityscapesVideo
from keras_weakseg.data.coco import coco_sample
from keras_weakseg.data.dataset_source import Dataset
from keras_weakseg.data.disparity_maps import write_disparity_maps
from keras_weakseg.data.folder import Folder
from keras_weakseg.data.kitti import Kitti
from keras_weakseg.data.kitti_sample import kitti_clips, kitti_odometry, kitti_stereo
from keras_weakseg.data.label_maps import make_label_maps
from keras_weakseg.data.lip import Lip
from keras_weakseg.data.locations import find
from keras_weakseg.data.megadepth import MegaDepth
from keras_weakseg.data.nyuv2 import nyuv2
from keras_weakseg.data.ordered import evaluation_samples
from keras_weakseg.data.part_masks import PartsAsMasks
from keras_weakseg.data.parts import Part
from keras_weakseg.data.person_part import PersonPart
from keras_weakseg.data.records import Records
from keras_weakseg.data.records_writer import make_records
from keras_weakseg.data.regroup import Regrouped
from keras_weakseg.data.seven_scenes import seven_scenes
from keras_weakseg.data.sentences import tags_of_sentences
from keras_weakseg.data.source import Source
from keras_weakseg.data.tag_labels import WithTagLabels
from keras_weakseg.data.tfds_source import Tfds
from keras_weakseg.data.video import Video
from keras_weakseg.data.voc import voc_animals
from keras_weakseg.data.weak_categories import WeakCategories
from keras_weakseg.data.with_disparity import WithDisparity
from keras_weakseg.data.with_flip_swaps import WithFlipSwaps
from keras_weakseg.data.with_noisy_tags import NoisyTagFile, WithNoisyTags
