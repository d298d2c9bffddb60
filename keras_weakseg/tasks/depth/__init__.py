"""Depth of every pixel, of one image."""
