"""BatchNorm's statistics: those of all unlabelled images where the network file says so, and of nothing else."""

import numpy as np
import torch
from discs import prepared
from test_student import train
from torch import nn

from dissent import networks
from dissent.core.files import read_json
from dissent.training.norm_statistics import measure_norm


def test_mean_and_variance_are_those_of_whole_batches():
    images = np.random.default_rng(1).integers(0, 256, (7, 4, 4, 3), dtype=np.uint8)
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.5)).eval()
    measure_norm(network, images, 3, "cpu", "fp32")
    norm = network[0]
    seen = images[:6].reshape(2, -1, 3).astype(np.float64)
    assert np.allclose(norm.running_mean, seen.mean((0, 1)), rtol=1e-5)
    assert np.allclose(norm.running_var, seen.var(1, ddof=1).mean(0), rtol=1e-5)
    assert not network.training and norm.momentum == 0.1
    measure_norm(network, images[:2], 3, "cpu", "fp32")
    assert np.allclose(norm.running_mean, images[:2].reshape(-1, 3).mean(0), rtol=1e-5)


def test_a_student_keeps_its_weights_and_gets_other_statistics(root, in_tmp):
    split = prepared(root)
    files, scores = {}, {}
    for out in ("training", "unlabelled"):
        train(root, split, "ldt", out, norm_statistics=out)
        files[out], scores[out] = networks.load(out)[0].state_dict(), read_json(f"{out}/metrics.json")
    changed = {name for name, value in files["training"].items() if not torch.equal(value, files["unlabelled"][name])}
    assert changed and all(
        name.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked") for name in changed
    )
    assert scores["training"]["best_step"] == scores["unlabelled"]["best_step"]
