"""DVC around the workflow: one stage a generation, whose command runs Snakemake; no rule is repeated. No torch.

Each stage stands on its own settings file, which holds what Snakemake compares for the rules of that generation, code
digests included. So DVC and Snakemake agree on what a change of an option or of the library makes old.
"""
