#!/usr/bin/env bash
# What a card does with the library alone: no Snakemake, no installation, the machine's own torch.
#
#   benchmarks/gpu.sh pack [FOLDER]   here: put images/ and masks/ of FOLDER (256x256, 0 and 1) into work/gpu/, 60 MB or less;
#                                     without FOLDER the card's run makes its images up
#   benchmarks/gpu.sh run [ARGUMENT ...]   on the machine with the card: everything that is not done yet, until 9 minutes are over;
#                                     run it again until it says "all done". Arguments go to benchmarks/gpu.py (--toy: any CPU)
#
# Results: ${OUT:-work/gpu-out}/gpu.json, and a table on the terminal.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH="$PWD/workflow/scripts:$PWD/benchmarks"
case "${1:-}" in
pack)
    mkdir -p work/gpu
    tar -C "${2:?name the folder that holds images/ and masks/}" -czf work/gpu/images.tar.gz images masks
    size=$(du -m work/gpu/images.tar.gz | cut -f1)
    [ "$size" -le 60 ] || { rm work/gpu/images.tar.gz; echo "error: $size MB packed, 60 is the most: take fewer images" >&2; exit 2; }
    echo "work/gpu/images.tar.gz: $size MB; carry work/gpu with the checkout"
    ;;
run)
    shift
    python3 benchmarks/gpu.py --out "${OUT:-work/gpu-out}" "$@"
    ;;
*)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
