"""The typed configuration: sections made from the signatures of what they configure."""
