"""What the report prints: J&F in percent over all frames of 20 sequences, parameters, and seconds for all of them."""

from collections.abc import Mapping

UNSUPERVISED: Mapping[str, float] = {
    "1-1": 64.5,
    "3-3": 67.9,
    "7-7": 67.3,
    "1-7": 65.5,
    "3-7": 67.6,
}
"""Table 1."""

FINETUNED: Mapping[str, float] = {
    "1-1": 74.7,
    "3-3": 74.7,
    "7-7": 75.5,
    "1-7": 74.1,
    "3-7": 75.8,
}
"""Table 2."""

PARAMETERS: Mapping[str, int] = {
    "1-1": 45_421_851,
    "3-3": 46_398_747,
    "7-7": 48_407_835,
    "1-7": 45_618_459,
    "3-7": 46_570_779,
}
"""Of the final report; the column is blank in the draft."""

SECONDS: Mapping[str, float] = {
    "1-1": 477.0,
    "3-3": 544.0,
    "7-7": 853.0,
    "1-7": 528.0,
    "3-7": 584.0,
}
"""The same."""

SCALES: Mapping[str, float] = {"1-1": 0.4, "3-3": 0.25, "7-7": 0.25, "1-7": 0.25, "3-7": 0.25}
"""Largest change of size in fine-tuning, the best of the search by configuration."""

RATES = (1e-3, 5e-4, 1e-4)
"""Learning rates that were studied, of both trainings."""
