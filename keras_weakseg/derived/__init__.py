"""What steps of a recipe make on the host for later steps: label maps, disparity, selections."""
