"""The TFDS builder `weakseg_voc2012`."""
