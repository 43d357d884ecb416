"""What the rules of one generation do: train, rank, predict, label, select, evaluate, audit."""
