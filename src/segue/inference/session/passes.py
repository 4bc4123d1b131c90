"""One run of a session: passes of the model over what is stale, from the nearest kept memory on.

Three threads: frames are decoded ahead, the network works on the caller's thread, and one thread touches files, in
this order for each frame: its label map, its record, who listens, then the memory after it.
"""

from collections.abc import Callable

from segue.errors import MaskError
from segue.inference.pace.pacing import Pacer
from segue.inference.pipeline import WriteBehind, room_for
from segue.inference.runner import absent_sentence
from segue.inference.session.answers import Answers, lost_sentence
from segue.inference.session.events import Began, Noted, RunReport
from segue.inference.session.feeding import Feeding, Take
from segue.inference.session.ground import Ground
from segue.inference.session.history import Way
from segue.inference.session.local_passes import LocalPasses
from segue.inference.session.plan import Plan, Stretch, stretches
from segue.inference.session.reading import following
from segue.inference.session.tape import Tape
from segue.inference.stopwatch import Stopwatch
from segue.media.video import VideoFrame
from segue.types import Prediction


class Work:
    """One run.

    Args:
        ground: What it stands on.
        span: The only frames that are answered; ``None`` for all.
        stopped: Asked before every frame.
    """

    def __init__(self, ground: Ground, span: range | None, stopped: Callable[[], bool]) -> None:
        self.ground = ground
        self.watch = Stopwatch()
        self.plan = Plan(ground, span)
        self.tape = Tape(self.plan)
        self.held: Pacer | None = None
        """Held the pace, if there is one to hold."""
        lost = self._drop_lost()
        self.writer = WriteBehind(self.watch, room_for(ground.video.size_hw))
        self.answers = Answers(self.plan, self.writer)
        self.answers.notes += lost
        self.feeding = Feeding(self.answers, self.watch, stopped)

    def go(self) -> RunReport:
        """Answer the stale frames of the span.

        Raises:
            DecodeError: A frame does not decode; what came before it is answered.
            MaskError: There are masks of frames that never came.
            WriteError: The disk refuses.
            Exception: What a listener raised.
        """
        local = LocalPasses(self.tape, self.feeding)
        with self.writer:
            self.answers.say(Began(self.plan.num_stale(), self.plan.total()))
            for phase in (self._forward, self._nothing, self._backward, local.go):
                if not self.feeding.ended:
                    phase()
                    self.writer.finish()
        if self.feeding.broken is not None:
            raise self.feeding.broken
        if not self.feeding.cancelled:
            self._check_masks()
        return self.report()

    def report(self) -> RunReport:
        """What was done so far."""
        feeding, answers = self.feeding, self.answers
        seconds = feeding.decoding.seconds | self.watch.seconds | answers.writing.seconds
        return RunReport(
            answered=answers.written,
            recomputed=answers.again + feeding.passed,
            cancelled=feeding.cancelled,
            stale=self.plan.num_stale() or 0,
            seconds=self.watch.total,
            first_frame=feeding.first_frame,
            means=feeding.pace.means(),
            live=feeding.live,
            notes=tuple(answers.notes),
            timings=seconds,
        )

    def _forward(self) -> None:
        def wanted(index: int) -> bool:
            return self.plan.wants(index, "forward") or (
                self.plan.wants(index, "both") and self.plan.wants_side(index)
            )

        todo = self.plan.stretches(filter(wanted, self.plan.known()), ("forward",))
        if todo:
            self._pass("forward", todo, self._take_forward)

    def _take_forward(self, frame: VideoFrame, prediction: Prediction, sure: bool) -> None:
        if self.plan.wants(frame.index, "forward"):
            self.answers.keep(frame, prediction, sure)
        elif self.plan.wants(frame.index, "both") and self.plan.wants_side(frame.index):
            self.answers.put_side(frame, prediction)
        else:
            self.feeding.passed += 1

    def _nothing(self) -> None:
        """Frames about which a backward pass says nothing: those after the last mask."""
        frames = (i for i in self.plan.known() if self.plan.wants(i, "nothing"))
        for first, last in self.plan.stretches(frames, ("nothing", "backward")):
            self.feeding.feed(None, "forward", first, last, self._take_nothing)

    def _take_nothing(self, frame: VideoFrame, prediction: Prediction, sure: bool) -> None:
        if self.plan.wants(frame.index, "nothing"):
            self.answers.keep(frame, prediction, sure)

    def _backward(self) -> None:
        frames = (i for i in reversed(self.plan.known()) if self.plan.wants(i, "backward", "both"))
        todo = list(stretches(frames))
        if todo:
            self._pass("backward", todo, self._take_backward)

    def _take_backward(self, frame: VideoFrame, prediction: Prediction, sure: bool) -> None:
        index = frame.index
        if self.plan.wants(index, "backward"):
            self.answers.keep(frame, prediction, sure)
        elif self.plan.wants(index, "both"):
            tape = self.plan.edits.tape
            before = max(f for f in tape if f < index)
            after = min(f for f in tape if f > index)
            self.answers.fuse(frame, prediction, index - before, after - index)
        else:
            self.feeding.passed += 1

    def _pass(self, way: Way, todo: list[Stretch], take: Take) -> None:
        """A pass over the tape, which answers some stretches, each from the nearest memory before it."""
        edits, video = self.plan.edits, self.ground.video
        self.answers.writer.finish()
        self.ground.history.prune(edits)
        runner = self.tape.runner(self.tape.masks, self.tape.begins(way) if edits.free else None)
        paced = way == "forward"
        pacer = self.ground.pacer(runner.working_hw, self.tape.masks) if paced else None
        self.held = pacer or self.held
        sign = 1 if way == "forward" else -1
        self.feeding.begin(on_tape=True)
        for first, last in todo:
            self.feeding.rewind(runner, way, first, pacer)
            place = self.feeding.position
            if place is not None:
                begin = following(video.indices, place, way)
            else:
                start = self.tape.begins(way)
                begin = first if sign * first < sign * start and not edits.free else start
            self.feeding.feed(runner, way, begin, last, take, pacer)
            if self.feeding.ended:
                break
        self.feeding.begin(on_tape=False)

    def _drop_lost(self) -> list[str]:
        """Frames whose label map is gone or cut are computed again; returns what is said about it."""
        lost = self.ground.store.missing()
        for record in lost:
            self.ground.store.drop(record.index)
        if not lost:
            return []
        text = lost_sentence([record.name for record in lost])
        self.ground.emit(Noted(text))
        return [text]

    def _check_masks(self) -> None:
        """Refuse masks of frames that never came."""
        store, edits = self.ground.store, self.plan.edits
        if store.end is None:
            return
        never = {frame for frame in edits.frames if frame >= store.end}
        if never:
            raise MaskError(absent_sentence(never, range(store.end)))
