"""How one network learns: the loop, its data, augmentation, losses, optimizer, checkpoints, learners."""
