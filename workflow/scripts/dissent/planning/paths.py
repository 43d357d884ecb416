"""What the rules ask while Snakemake plans: names of files for runs and generations. No torch, no Snakemake."""

from pathlib import Path

from dissent.config.base import read_yaml, validate
from dissent.config.fractions import with_split
from dissent.config.resolve import Config, Run
from dissent.config.settings import Settings
from dissent.core.files import UserError, read_json
from dissent.datasets.made import OUTPUTS, made_from, without_raw
from dissent.datasets.ours import check_ours
from dissent.datasets.own_masks import own_digests
from dissent.datasets.place import check_place
from dissent.datasets.raw import find_raw, raw_digest
from dissent.datasets.split_files import lists_of
from dissent.planning import rule_params
from dissent.planning.closure import Library
from dissent.planning.homes import home_of

_FROM_GEN1 = {"predictions.csv", "masks.csv", "audit.json"}


class Plan:
    """Which files a target needs, and what they are called: the settings, and the repository as seen from the working directory."""

    def __init__(self, config: dict, repository: str):
        """`config`: Snakemake's, which is config/config.yaml under what `--config` says; UserError for what is wrong in it."""
        self.repository = Path(repository)
        source = self.repository / "config" / "config.yaml"
        read_yaml(source)  # Snakemake's own reader takes the second of two equal keys
        settings = validate(Settings, config, f"{source} or --config")
        if not Path(settings.config_dir).is_dir() and settings.config_dir != "config":
            raise UserError(f"`config_dir: {settings.config_dir}` is no folder; `dissent init` makes one")
        self.experiments = settings.experiments
        self.code = Library().code
        self._guarded: set[str] = set()
        self._raw: dict[str, str] = {}
        self.config = Config(settings.config_dir, self.repository / "config")

    def guard(self, dataset: str) -> None:
        """UserError where `prepare` would write to raw files, or over files that it did not write. Asked once a plan.

        Snakemake removes a job's outputs before it starts it: this must be known before.
        """
        if dataset in self._guarded:
            return
        about = self.config.dataset(dataset)
        below = {folder for part in about.parts for folder in (part.images, part.masks) if folder}
        check_place(self.raw(dataset), dataset, sorted(below))
        if about.own_masks is not None:
            check_place(about.own_masks, dataset)
        check_ours(Path("data", dataset), self.raw(dataset))
        self.preparing(dataset)
        self._guarded.add(dataset)

    def to_prepare(self, dataset: str) -> str | list:
        """The input of `prepare`: the marker of what was fetched. Nothing for a user's raw files, which have a digest instead."""
        self.guard(dataset)
        about = self.config.dataset(dataset)
        return f"{about.raw}/fetched.json" if about.fetch else []

    def preparing(self, dataset: str) -> dict:
        """Params of `prepare`; UserError where prepared data would be removed that cannot be made again."""
        now = {
            "dataset": self.config.dataset(dataset).model_dump(mode="json", exclude={"splits", "rotation_invariant"}),
            "raw": self.raw(dataset),
            "digest": self.raw_digest(dataset),
            "code": self.code("prepare"),
        }
        return without_raw(Path("data", dataset), now) if self.lacks_raw(dataset) else now

    def lacks_raw(self, dataset: str) -> bool:
        """Whether no folder of raw images of a data set is here."""
        raw = Path(self.raw(dataset))
        return not any((raw / part.images).is_dir() for part in self.config.dataset(dataset).parts)

    def prepared(self, dataset: str) -> list[str]:
        """What `prepare` writes."""
        return [f"data/{dataset}/{name}" for name in OUTPUTS]

    def check_removable(self, dataset: str) -> None:
        """UserError where `prepare` is to run, though what it made is here and could not be made again: Snakemake would remove it."""
        if self.lacks_raw(dataset) and any(Path(path).exists() for path in self.prepared(dataset)):
            raise UserError(
                f"data/{dataset} is to be prepared anew, and would be removed first, but its raw files are gone from "
                f"{self.raw(dataset)}: it could not be made again. Nothing was touched. Put the raw files back, or leave out what "
                "forces it (--force, --forcerun, --forceall)"
            )

    def subset(self, run: Run, name: str) -> str:
        """One table of the run's split: labelled, unlabelled, val, test or hidden."""
        return f"data/{run.dataset_name}/splits/{run.split}/{name}.csv"

    def hidden(self, run: Run, generation: int) -> str | list:
        """The table of hidden masks, where the students of a generation may learn from them (upper bounds); else nothing."""
        return self.subset(run, "hidden") if run.at(generation)["use_hidden_masks"] else []

    def students(self, run: Run, generation: int, *files: str) -> list[str]:
        """Files of each student of a generation's pool."""
        pool, home = range(1, run.at(generation)["students"] + 1), self.home(run) if generation == 0 else run.name
        return [f"results/{home}/gen{generation}/students/{i}/{file}" for i in pool for file in files]

    def home(self, run: Run) -> str:
        """Name of the run that trains this one's generation 0 (planning/homes.py)."""
        return home_of(self.config, run, self.code)

    def evalnet_home(self, run: Run) -> str:
        """Name of the run that trains this one's EvalNets: the first run of the study that needs the same ones."""

        def same(other: Run) -> bool:
            alike = other.evalnet and other.method.quality.trained >= run.method.quality.trained
            if not alike or other.rated_pools != run.rated_pools:
                return False
            return rule_params.evalnet(other, 1, self.code) == rule_params.evalnet(run, 1, self.code)

        methods = self.config.study(run.study)[0].methods if run.study else []
        others = (self.config.run(run.sibling(method)) for method in methods)
        return next((other.name for other in others if same(other)), run.name)

    def cells(self, study: str) -> list[Run]:
        """All runs that stand in a study's table."""
        found, _ = self.config.study(study)
        rows = [(block, method) for block in found.blocks for method in found.methods]
        names = [f"{study}.{block.name}.{method}.s{seed}" for block, method in rows for seed in found.seeds_of(method)]
        return [self.config.run(name) for name in names]

    def of_study(self, study: str, *files: str) -> list[str]:
        """Files of every generation of every run of a study."""
        return [path for run in self.cells(study) for path in self.generations(run, *files)]

    def labelled(self, study: str) -> list[str]:
        """Tables of the labelled images of a study's runs."""
        return sorted({self.subset(run, "labelled") for run in self.cells(study)})

    def teachers(self, run: Run, generation: int) -> str:
        """teachers.json of the generation before: the pool whose best students label for this generation."""
        if generation == 0:
            raise UserError(f"gen0 of {run.name} has no teachers: it learns from labelled images alone")
        return f"results/{run.name}/gen{generation - 1}/teachers.json"

    def quality_pools(self, run: Run) -> list[str]:
        """The pools whose masks EvalNets learn from: generation 0 of the methods in `quality.of`.

        Never the run's own, though its students may be the same: so that runs share their EvalNets.
        """
        return [f"results/{self.config.run(name).name}/gen0/teachers.json" for name in run.rated_pools]

    def evalnets(self, run: Run, *files: str) -> list[str]:
        """Files of each EvalNet of a run."""
        members = range(1, run.method.quality.trained + 1)
        home = self.evalnet_home(run)
        return [f"results/{home}/evalnets/{i}/{file}" for i in members for file in files]

    def rated(self, run: Run, generation: int) -> str:
        """The table whose masks are rated before a generation's pairs are assembled."""
        return f"results/{run.name}/gen{generation}/{run.method.rates or 'none'}.csv"

    def scores(self, run: Run, generation: int, wanted: str) -> str | list:
        """scores.csv, where what is `wanted` (predictions, masks) is rated; else nothing."""
        return f"results/{run.name}/gen{generation}/scores.csv" if generation and run.method.rates == wanted else []

    def stop(self, run: Run, generation: int) -> str | list[str]:
        """The file that says whether a generation is made. Nothing where it is made in any case."""
        patience = run.method.patience
        may_stop = patience is not None and generation > patience
        return f"results/{run.name}/gen{generation}/stop.{patience}.json" if may_stop else []

    def earlier(self, run: Run, generation: int) -> list[str]:
        """Files of the generations before that `evaluate` reads: rankings first, in their order."""
        rankings = [self.teachers(run, g) for g in range(1, generation + 1)]
        masks = [f"results/{run.name}/gen{g}/masks.csv" for g in range(1, generation)]
        counts = [] if run.method.patience is None else [str(Path(one).with_name("counts.csv")) for one in rankings]
        return rankings + masks + counts

    def parts(self, run: Run) -> list[str]:
        """What stands behind `predictions` and `masks` in the names of files: /shard{s} for each shard, "" where there is only one."""
        return [""] if run.shards == 1 else [f"/shard{s}" for s in range(1, run.shards + 1)]

    def shard_tables(self, run: Run, generation: int, name: str) -> list[str]:
        """The tables of the shards' `predictions` or `masks`. Of a run without shards: a file that no rule makes, so that
        Snakemake turns from joining to the rule that writes the table in one piece."""
        folder = f"results/{run.name}/gen{generation}/{name}"
        return [f"{folder}{part}.csv" for part in self.parts(run) if part] or [f"{folder}/none"]

    def generations(self, run: Run, *files: str) -> list[str]:
        """Files of every generation of a run; those that speak of pseudo-labels from gen1 on."""
        last = run.method.last
        return [f"results/{run.name}/gen{g}/{file}" for file in files for g in range(file in _FROM_GEN1, last + 1)]

    def controls(self, run: Run, *files: str) -> list[str]:
        """Files of the last generation of each control."""
        runs = self.config.controls(run.name)
        return [f"results/{one.name}/gen{one.method.last}/{file}" for file in files for one in runs]

    def control_costs(self, run: Run) -> list[str]:
        """cost.json of every generation of each control."""
        return [path for one in self.config.controls(run.name) for path in self.generations(one, "cost.json")]

    def costs(self, run: Run, generation: int) -> list[str]:
        """Cost files of all jobs of a generation."""
        labelling = [f"{job}{part}" for job in ("predict", "build_masks") for part in self.parts(run)]
        rating = ["score_pairs"] if run.method.rates else []
        jobs = [*([*labelling, *rating] if generation else []), "evaluate"]
        others = [f"results/{run.name}/gen{generation}/costs/{job}.json" for job in jobs]
        # EvalNets are trained once, before generation 1 needs them
        evalnets = self.evalnets(run, "cost.json") if generation == 1 and run.evalnet else []
        return self.students(run, generation, "cost.json") + evalnets + others

    def dividing(self, dataset: str, split: str) -> dict:
        """What the rule `split` is told: the data set as plain values, with that split."""
        return with_split(self.config.dataset(dataset), split, dataset).model_dump(mode="json")

    def lists(self, dataset: str, split: str) -> list[str]:
        """The user's files from which a split is read; none where it is drawn."""
        found = with_split(self.config.dataset(dataset), split, dataset)
        named = found.splits[split].lists is not None or found.splits[split].fixed is not None
        return lists_of(found.model_dump(mode="json"), split) if named else []

    def raw(self, dataset: str) -> str:
        """Folder of the raw files of a data set."""
        return str(find_raw(self.config.dataset(dataset).raw, self.repository))

    def fetched(self, folder: str) -> dict:
        """What is fetched into a folder of raw files: the key `fetch` of the data sets that lie there. They must agree."""
        found: dict[str, dict] = {}
        for name in self.config.names("datasets"):
            if read_yaml(self.config.path("datasets", name)).get("raw") == folder:
                one = self.config.dataset(name)
                if one.fetch:
                    found[name] = one.model_dump(mode="json", include={"fetch", "raw"})
        if not found:
            raise UserError(f"no data set of config/datasets has `fetch` and `raw: {folder}`")
        if any(one != next(iter(found.values())) for one in found.values()):
            raise UserError(
                f"the data sets {', '.join(found)} fetch different files into {folder}: give them folders of their own"
            )
        return next(iter(found.values()))

    def raw_digest(self, dataset: str) -> str:
        """A digest that changes when raw files come or go. Files that were removed after their preparation do not count."""
        if self.config.dataset(dataset).fetch is not None:
            return " ".join(["as fetched", *own_digests(self.config.dataset(dataset))])
        about = Path("data", dataset, "dataset.json")
        if about.is_file() and not Path(self.raw(dataset)).is_dir():
            return read_json(about)["raw_digest"]
        if dataset not in self._raw:
            self._raw[dataset] = raw_digest(self.raw(dataset), self.config.dataset(dataset))
        return self._raw[dataset]

    def raw_changed(self, dataset: str) -> bool:
        """Whether a data set was prepared from raw files other than those that lie there now."""
        folder = Path("data", dataset)
        try:
            if self.config.dataset(dataset).fetch is not None:
                then = (made_from(folder) or {})["digest"]
            else:
                then = read_json(folder / "dataset.json")["raw_digest"]
        except (UserError, KeyError, TypeError):
            return False
        return then != self.raw_digest(dataset)
