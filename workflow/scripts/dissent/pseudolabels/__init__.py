"""From the predictions of a pool to one label with its inconsistency mask, and which of these become pairs."""
