"""Which device a job may use, and how its process is set up. No torch until `prepare_process`.

Snakemake's `--resources gpu=2` only counts jobs; which card each one gets is settled by `lease`.
"""

from dissent.runtime.devices.cards import VISIBLE, Card, find_cards
from dissent.runtime.devices.leases import Lease, lease
from dissent.runtime.devices.process import prepare_process

__all__ = ["VISIBLE", "Card", "Lease", "find_cards", "lease", "prepare_process"]
