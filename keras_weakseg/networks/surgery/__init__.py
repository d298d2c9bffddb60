"""Changes to trained networks that leave an ordinary `keras.Model`: other stems, fewer channels."""
