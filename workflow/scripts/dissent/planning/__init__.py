"""What rules ask while Snakemake plans: paths, settings of a rule, resources, counts of jobs. No torch."""
