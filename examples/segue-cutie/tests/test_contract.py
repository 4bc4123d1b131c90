"""Segue's contract suite on Cutie, with random weights."""

from segue.testing.contract import *  # noqa: F403

CONTRACT = {"cutie-small": {"random_weights": True}}
