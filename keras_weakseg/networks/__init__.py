"""Functional Keras models: heads, the published networks, and their registry.

`layers` and `backbones` lie below them; `surgery` and `weights` above, which take networks as they
are.
"""
