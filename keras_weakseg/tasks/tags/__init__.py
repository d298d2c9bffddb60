"""Tags: which classes an image shows, anywhere (multi-label classification)."""
