"""Files of one format or layout as arrays, texts and paths: they know nothing of samples."""
