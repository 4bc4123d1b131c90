"""Cutie as a model of Segue; this module is imported when models are listed, so it imports nothing heavy."""

from segue.models.entry import Entry

CUTIE = Entry(
    "segue_cutie.model:build",
    "Cutie-base (ResNet-50), of the package rf-cutie; weights by path",
    unweighted={"random_weights": True},
)
CUTIE_SMALL = Entry(
    "segue_cutie.model:build",
    "Cutie-small (ResNet-18), of the package rf-cutie; weights by path",
    unweighted={"random_weights": True},
)
