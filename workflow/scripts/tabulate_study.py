"""Write the table of a study, in four forms."""

from dissent.runtime import job

with job(snakemake):
    from pathlib import Path

    from dissent.report.study.page import write_tables

    out = {name: getattr(snakemake.output, name) for name in ("html", "md", "csv", "tex", "json")}
    write_tables(snakemake.params.settings, str(Path(snakemake.input.templates[0]).parent), out)
