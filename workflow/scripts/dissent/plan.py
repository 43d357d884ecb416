"""What the rules ask while Snakemake plans: names of files for runs and generations. No torch, no Snakemake."""

import re
from collections.abc import Iterable
from pathlib import Path

from dissent.datasets.lists import lists_of
from dissent.datasets.raw import find_raw, raw_digest
from dissent.files import UserError, code_digest, read_json
from dissent.spec.run import Config, Run


class Plan:
    """The config folders and the repository, as seen from the working directory."""

    def __init__(self, settings: str, repository: str):
        self.repository = Path(repository)
        self.config = Config(settings, self.repository / "config")

    def check(self, words: Iterable[str], default: Iterable[str]) -> None:
        """Resolve every run and data set that a command line names (else the default runs): UserError tells what is wrong.

        Asked first: inside an input function Snakemake would wrap the message in a traceback.
        """
        words = list(words)
        found = [match.groups() for word in words if (match := re.match(r"results/([^/]+)/(?:gen(\d+)(?:/|$))?", word))]
        for run in sorted({run for run, _ in found}) or default:
            self.config.controls(run)
        for run, generation in found:
            self.config.run(run).at(int(generation or 0))
        for match in filter(None, (re.match(r"data/(?!raw/)([^/]+)/", word) for word in words)):
            self.config.dataset(match[1])

    def code(self, *names: str) -> str:
        """Digest of library files: an edit of one reruns what depends on it, a touch does not."""
        return code_digest(self.repository / "workflow" / "scripts" / "dissent", *names)

    def side(self, run: Run, name: str) -> str:
        """One table of the run's split: labelled, unlabelled, val, test or hidden."""
        return f"data/{run.dataset_name}/splits/{run.split}/{name}.csv"

    def students(self, run: Run, generation: int, *files: str) -> list[str]:
        """Files of each student of a generation's pool."""
        pool = range(1, run.at(generation)["pool"] + 1)
        return [f"results/{run.name}/gen{generation}/students/{i}/{file}" for i in pool for file in files]

    def teachers(self, run: Run, generation: int) -> str:
        """The ranked pool that labels for a generation: that of the generation before. Generations are this recursion."""
        if generation == 0:
            raise UserError(f"gen0 of {run.name} has no teachers: it learns from labelled images alone")
        return f"results/{run.name}/gen{generation - 1}/teachers.json"

    def parts(self, run: Run) -> list[str]:
        """What the shards of a run put behind `predictions` and `masks`: nothing where there is one, else /shard{s}."""
        return [""] if run.shards == 1 else [f"/shard{s}" for s in range(1, run.shards + 1)]

    def shard_tables(self, run: Run, generation: int, name: str) -> list[str]:
        """The tables of the shards' `predictions` or `masks`; UserError where there is one shard: its table is whole."""
        if run.shards == 1:
            raise UserError(f"{run.name} has no shards")
        return [f"results/{run.name}/gen{generation}/{name}{part}.csv" for part in self.parts(run)]

    def generations(self, run: Run, file: str) -> list[str]:
        """One file of every generation of a run; audit.json from gen1 on."""
        first = 1 if file == "audit.json" else 0
        return [f"results/{run.name}/gen{g}/{file}" for g in range(first, run.recipe.generations + 1)]

    def controls(self, run: Run, file: str) -> list[str]:
        """One file of the last generation of each control."""
        runs = self.config.controls(run.name)
        return [f"results/{one.name}/gen{one.recipe.generations}/{file}" for one in runs]

    def costs(self, run: Run, generation: int) -> list[str]:
        """Cost files of all jobs of a generation."""
        labelling = [f"{job}{part}" for job in ("predict", "build_masks") for part in self.parts(run)]
        jobs = [*(labelling if generation else []), "evaluate"]
        others = [f"results/{run.name}/gen{generation}/costs/{job}.json" for job in jobs]
        return self.students(run, generation, "cost.json") + others

    def lists(self, dataset: str, split: str) -> list[str]:
        """Files of the user's from which a split is read, if it is."""
        found = self.config.dataset(dataset)
        named = split in found.splits and found.splits[split].lists is not None
        return lists_of(found.model_dump(mode="json"), split) if named else []

    def raw(self, dataset: str) -> str:
        """Folder of the raw files of a data set."""
        return str(find_raw(self.config.dataset(dataset).raw, self.repository))

    def raw_digest(self, dataset: str) -> str:
        """What tells that raw files came or went; raw files that were removed after their preparation are not missed."""
        if self.config.dataset(dataset).fetch is not None:
            return "as fetched"
        about = Path("data", dataset, "dataset.json")
        if about.is_file() and not Path(self.raw(dataset)).is_dir():
            return read_json(about)["raw_digest"]
        return raw_digest(self.raw(dataset))
