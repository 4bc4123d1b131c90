"""What a network of scenes is worth while it is trained: scores of the streaming model on labelled videos."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from segue.data.label_clips import LabelFootage
from segue.metrics.confusion import ConfusionTally, confusion
from segue.metrics.consistency import ConsistencyMeter, ConsistencyTally
from segue.metrics.flicker import FlickerMeter, FlickerTally
from segue.training.tasks.ssltm_settings import TrainingSettings

SCORES = ("miou", "pixel_accuracy")
"""What every validation measures."""
_FLICKER_FPS = 15.0


class SceneValidation:
    """Whole videos, as ``segue label`` goes through them; frames without a label are looked at and not scored."""

    def __init__(
        self, network: nn.Module, settings: TrainingSettings, footage: LabelFootage
    ) -> None:
        self._network, self._settings, self._footage = network, settings, footage

    def __call__(self) -> Mapping[str, float]:
        """The mean IoU first; consistency where frames follow one another."""
        settings = self._settings
        model = settings.family.streaming(settings.variant, self._network.float(), settings.model)
        num_classes = len(model.classes)
        counts = ConfusionTally.empty(num_classes)
        steady, flicker = ConsistencyTally(), FlickerTally()
        for number, sequence in enumerate(self._footage.sequences):
            state: Any = None
            meter, flips = ConsistencyMeter(), FlickerMeter(_FLICKER_FPS)
            for index in range(len(sequence.frame_paths)):
                frame, truth = self._footage.read(number, index)
                said, state = model.start(frame) if state is None else model.step(frame, state)
                assert said is not None  # no network of the table looks ahead
                if truth is not None:
                    counts += confusion(said.labels, truth, num_classes)
                    meter.add(said.labels, truth)
                flips.add(said.labels)
            steady, flicker = steady + meter.tally, flicker + flips.tally
        scores = {"miou": counts.mean_iou, "pixel_accuracy": counts.pixel_accuracy}
        if steady.windows and steady.windows[8].plain:
            scores |= {"vc8": steady.plain(8), "flips_per_second": flicker.flips_per_second}
        return scores
