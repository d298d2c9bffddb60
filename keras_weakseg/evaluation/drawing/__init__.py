"""Pictures for people, and masks as files: they know nothing of models."""
