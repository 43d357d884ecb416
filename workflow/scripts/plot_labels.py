"""Draw score against labelled images, of a study with label fractions."""

from dissent.runtime import job

with job(snakemake):
    from dissent.report.study.page import write_labels

    out = {name: getattr(snakemake.output, name) for name in ("svg", "png", "csv", "json")}
    write_labels(snakemake.params.settings, out)
