"""From samples to bundled batches: order, parts, augmentation, functions of (seed, epoch, step)."""
