"""Labelers by name: how a pool's predictions of one image become one label with doubt."""

from dissent.label.agree import agree

LABELERS = {"agree": agree}
