"""Read the masks of a teacher from outside."""

from dissent.datasets.external_teacher import read_teacher
from dissent.runtime import job

with job(snakemake):
    read_teacher(
        snakemake.params.settings,
        subsets={subset: getattr(snakemake.input, subset) for subset in ("unlabelled", "val")},
        files=snakemake.input.files,
        out=snakemake.output.folder,
        table=snakemake.output.table,
    )
