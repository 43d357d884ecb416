"""What learners share that use unlabelled images: averaged teachers, hard labels with weights, and disturbed features."""
