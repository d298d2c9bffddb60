"""The TFDS builder `weakseg_camvid`."""
