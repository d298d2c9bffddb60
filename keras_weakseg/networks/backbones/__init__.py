"""Encoders that several networks stand on, with the features of their levels."""
