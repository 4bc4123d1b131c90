"""Passes over the tape: they are told all masks that hold for a whole pass, see ``edits``."""

from collections.abc import Mapping

from segue.inference.runner import Runner
from segue.inference.session.given_masks import TapeMasks
from segue.inference.session.history import Way
from segue.inference.session.plan import Plan
from segue.types import Labels


class Tape:
    """What a pass over the tape is told, and where it begins.

    Args:
        plan: Of the run.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.masks = TapeMasks(plan.ground.ledger)

    def begins(self, way: Way) -> int:
        """The frame with which a pass begins."""
        tape, indices = self.plan.edits.tape, self.plan.ground.video.indices
        if self.plan.edits.free or not tape:
            return indices.start if way == "forward" else self.plan.known()[-1]
        return tape[0] if way == "forward" else tape[-1]

    def runner(self, masks: Mapping[int, Labels], begins: int | None = None) -> Runner:
        """A pass of the model.

        Args:
            masks: What it is told.
            begins: As of ``Runner``.
        """
        ground = self.plan.ground
        return Runner(
            ground.model, masks, ground.video.size_hw, max_side=ground.max_side, begins=begins
        )
