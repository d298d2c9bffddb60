"""Where samples come from: data sets, sources around them, and who writes what they read."""
