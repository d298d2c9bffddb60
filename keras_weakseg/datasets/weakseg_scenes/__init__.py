"""The TFDS builder `weakseg_scenes`."""
