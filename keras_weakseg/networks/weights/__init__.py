"""Weights from files and from other networks: read by one rule, which reports what it did."""
