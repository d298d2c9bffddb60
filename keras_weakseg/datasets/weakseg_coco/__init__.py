"""The TFDS builder `weakseg_coco`."""
