"""What networks are made of: single layers, and the randomness that is passed into them."""
