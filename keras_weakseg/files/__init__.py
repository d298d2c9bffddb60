"""Ground floor of everything on disk: files that appear whole, one checked reader per format."""
