# Generations of pseudo-labels, filtered by the disagreement of their teachers.
#
#   data/{dataset}/images, labels, dataset.json        prepare
#   data/{dataset}/splits/{split}/*.csv                split
#   results/{run}/gen{g}/predictions/teacher{k}/       predict          the teachers are the best of gen{g-1}
#   results/{run}/gen{g}/masks/                        build_masks      consensus, inconsistency
#   results/{run}/gen{g}/scores.csv                    score_pairs      EvalNets rate masks, where the method asks
#   results/{run}/gen{g}/pairs.csv                     assemble_pairs   gen0: the labelled images alone
#   results/{run}/gen{g}/students/{i}/                 train
#   results/{run}/gen{g}/teachers.json                 rank_students
#   results/{run}/gen{g}/metrics.json                  evaluate
#   results/{run}/report.html                          report
#   results/{run}/browse.html, browse/                 browse           every image, and where teachers disagree
#   results/studies/{study}/table.html                 tabulate_study   labels.svg: plot_labels
#
# run = {experiment}[.{method}][.s{seed}], e.g. demo, demo.aldt, demo.s2; of a study {study}.{experiment}.{method}.s{seed}
from snakemake.utils import min_version

min_version("9.12")


configfile: f"{workflow.basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/generation.smk"
include: "workflow/rules/shards.smk"
include: "workflow/rules/evalnet.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/studies.smk"


rule all:
    default_target: True
    input:
        expand("results/{run}/report.html", run=PLAN.experiments),


for made in workflow.rules:
    for asked_of in (*made.input, *made.params):
        told(getattr(asked_of, "callable", None) or asked_of)
