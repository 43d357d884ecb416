"""Which images to label next: where teachers differ, of labels that lack, unlike what is labelled. numpy only."""
