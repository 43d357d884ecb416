"""python -m dissent.planning.dvc demo: dvc.yaml of an experiment, and what its first stage runs."""

import argparse
import sys

from dissent.config.resolve import Config
from dissent.core.files import UserError
from dissent.planning.dvc.scores import write_scores
from dissent.planning.dvc.settings import FOLDER, check_settings, write_settings
from dissent.planning.dvc.stages import check_stages, text


def main(arguments: list[str] | None = None) -> int:
    """Print dvc.yaml, or write or check the settings that it names; 2 for a user's mistake."""
    parser = argparse.ArgumentParser(
        prog="python -m dissent.planning.dvc", description="print dvc.yaml of an experiment"
    )
    parser.add_argument("experiment", help="name of a file in config/experiments")
    parser.add_argument("--config-dir", metavar="DIR", help="folder of your own, looked into before config/")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--write", action="store_true", help=f"write the settings of each generation to {FOLDER}")
    action.add_argument("--scores", action="store_true", help="write the scores that `dvc metrics show` prints")
    action.add_argument("--check", action="store_true", help="fail when others stand there: results made otherwise")
    options = parser.parse_args(arguments)
    config = Config(*([options.config_dir] if options.config_dir else []), "config")
    try:
        if options.check:
            check_settings(config, options.experiment)
        elif options.write:
            check_stages(config, options.experiment, options.config_dir)
            write_settings(config, options.experiment)
        elif options.scores:
            write_scores(config, options.experiment)
        else:
            sys.stdout.write(text(config, options.experiment, options.config_dir))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
