"""Sessions: corrections anywhere, both directions, cancel, two processes; results as those of one whole run."""

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fakes.colour_model import ColourModel
from fakes.scenes import scene
from segue.errors import InputError, MaskError, NotFoundError, OutputError
from segue.inference.session import stored_changes
from segue.inference.session.changes import Absent, Check, Forget, Give, Rename
from segue.inference.session.events import Answered, Began, Ended, Event, Noted, RunReport
from segue.inference.session.opening import Options
from segue.inference.session.session import Session
from segue.media.span import Span
from segue.media.video import ArrayVideo
from segue.types import Labels

NUM_FRAMES = 40
SCENE = scene(NUM_FRAMES)


def video() -> ArrayVideo:
    return ArrayVideo([frame for frame, _ in SCENE])


def mask(index: int) -> Labels:
    return SCENE[index][1]


def wrong(index: int) -> Labels:
    """A mask that teaches the model other colours."""
    return np.roll(mask(index), 5, axis=0)


def whole(masks: Mapping[int, Labels], lookahead: int = 0) -> dict[int, Labels]:
    with Session(video(), ColourModel(lookahead=lookahead)) as session:
        session.give_all(masks)
        session.run()
        return {answer.record.index: answer.labels for answer in session}


def same(found: Mapping[int, Labels], expected: Mapping[int, Labels]) -> bool:
    return list(found) == list(expected) and all(
        np.array_equal(found[index], expected[index]) for index in expected
    )


def labels(session: Session) -> dict[int, Labels]:
    return {answer.record.index: answer.labels for answer in session}


@pytest.mark.parametrize("place", ["memory", "folder"])
@pytest.mark.parametrize("lookahead", [0, 2])
@pytest.mark.parametrize("frame", [1, 9, 20, 31, 39])
def test_a_correction_equals_a_run_that_knew_it(
    tmp_path: Path, frame: int, lookahead: int, place: str
) -> None:
    expected = whole({0: mask(0), 6: mask(6), frame: wrong(frame)}, lookahead)
    before = whole({0: mask(0), 6: mask(6)}, lookahead)
    folder = tmp_path / "out" if place == "folder" else None
    with Session(video(), ColourModel(lookahead=lookahead), folder=folder) as session:
        session.give_all({0: mask(0), 6: mask(6)})
        session.run()
        session.correct(frame, wrong(frame))
        report = session.run()
        found = labels(session)
    for index in range(NUM_FRAMES):
        told = expected if index >= frame else before
        assert np.array_equal(found[index], told[index]), index
    assert report.answered == NUM_FRAMES - frame
    if folder is None:  # in a folder, memories are kept more seldom where saving them takes long
        assert report.recomputed <= NUM_FRAMES - frame + 16 + lookahead


def reversed_video() -> ArrayVideo:
    return ArrayVideo([frame for frame, _ in reversed(SCENE)])


def mirrored(index: int) -> int:
    return NUM_FRAMES - 1 - index


@pytest.mark.parametrize("lookahead", [0, 2])
def test_backward_is_forward_over_the_reversed_video(tmp_path: Path, lookahead: int) -> None:
    with Session(reversed_video(), ColourModel(lookahead=lookahead)) as session:
        session.give_all({mirrored(30): mask(30), mirrored(12): mask(12)})
        session.run()
        expected = labels(session)
    with Session(video(), ColourModel(lookahead=lookahead), folder=tmp_path / "out") as session:
        session.give_all({30: mask(30), 12: mask(12)})
        session.run(direction="backward")
        found = labels(session)
        records = dict(session.store.records)
    for index in range(NUM_FRAMES):
        assert np.array_equal(found[index], expected[mirrored(index)]), index
        assert records[index].origin == (
            "none" if index > 30 else "given" if index in (12, 30) else "backward"
        )
    assert not found[35].any()


def test_both_sides_answer_frames_between_masks(tmp_path: Path) -> None:
    masks = {5: mask(5), 30: mask(30)}
    with Session(video(), ColourModel(), folder=tmp_path / "out") as session:
        session.give_all(masks)
        report = session.run(direction="both")
        found, records = labels(session), dict(session.store.records)
        again = session.run(direction="both")
    assert (report.answered, report.stale, again.answered) == (NUM_FRAMES, 0, 0)
    origins = [records[index].origin for index in (0, 5, 6, 29, 30, 31)]
    assert origins == ["backward", "given", "both", "both", "given", "forward"]
    for index, given in masks.items():
        assert np.array_equal(found[index], given)
    assert not list((tmp_path / "out/_session/forward").glob("*"))
    forward = whole(masks)
    assert all(np.array_equal(found[i], forward[i]) for i in range(30, NUM_FRAMES))


@pytest.mark.parametrize("frame", [15, 25])
def test_next_given_touches_nothing_beyond_the_neighbours(tmp_path: Path, frame: int) -> None:
    with Session(video(), ColourModel(), folder=tmp_path / "out") as session:
        session.give_all({0: mask(0), 6: mask(6), 30: mask(30)})
        session.run()
        before = labels(session)
        session.check(range(10, 13))
        session.correct(frame, wrong(frame), until="next-given")
        report = session.run()
        found, records = labels(session), dict(session.store.records)
    assert report.answered == 30 - 13
    for index in range(NUM_FRAMES):
        inside = 12 < index < 30
        assert records[index].reach == ("next-given" if inside else None), index
        if not inside:
            assert np.array_equal(found[index], before[index]), index
    assert np.array_equal(found[frame][wrong(frame) > 0], wrong(frame)[wrong(frame) > 0])
    assert records[13].origin == records[29].origin == "both"
    assert records[frame].origin == "given"


def test_next_given_without_a_mask_behind_goes_to_the_end() -> None:
    with Session(video(), ColourModel()) as session:
        session.give(10, mask(10))
        session.run()
        before = labels(session)
        session.correct(20, wrong(20), until="next-given")
        session.correct(4, mask(4), until="next-given")
        report = session.run()
        records = session.store.records
        assert {i for i in records if records[i].reach == "next-given"} == {
            *range(10),
            *range(11, NUM_FRAMES),
        }
        assert records[0].origin == "backward"
        assert records[39].origin == "forward"
        assert records[7].origin == "both"
        assert np.array_equal(session.result(10).labels, before[10])
        assert report.stale == 0


def test_checked_frames_stay(tmp_path: Path) -> None:
    with Session(video(), ColourModel()) as session:
        session.give(0, mask(0))
        session.run()
        before = labels(session)
        session.check(range(20, 25))
        session.correct(10, wrong(10))
        report = session.run()
        assert report.answered == NUM_FRAMES - 10 - 5
        found = labels(session)
        assert all(np.array_equal(found[i], before[i]) for i in range(20, 25))
        # A mask on a checked frame is a word of the user too.
        session.correct(22, mask(22))
        session.run()
        assert np.array_equal(session.result(22).labels, mask(22))


@pytest.mark.parametrize("place", ["memory", "folder"])
def test_cancel_stops_within_a_frame_and_the_next_run_goes_on(tmp_path: Path, place: str) -> None:
    expected = whole({0: mask(0)})
    folder = tmp_path / "out" if place == "folder" else None
    told: list[Event] = []
    session = Session(video(), ColourModel(), folder=folder, listeners=[told.append])

    def stop(event: Event) -> None:
        if isinstance(event, Answered) and event.frame.index == 7:
            session.cancel()

    session.listen(stop)
    session.give(0, mask(0))
    report = session.run()
    assert report.cancelled
    assert 8 <= report.answered <= 8 + 6  # those that wait for the writing thread are written
    assert isinstance(told[0], Began)
    assert isinstance(told[-1], Ended)
    again = session.run()
    assert not again.cancelled
    assert again.answered == NUM_FRAMES - report.answered
    assert again.recomputed == 0
    assert same(labels(session), expected)
    session.close()


def test_cancel_from_another_thread_returns_soon() -> None:
    event = threading.Event()

    class Slow(ColourModel):
        def step(self, *arguments):
            time.sleep(0.02)
            return super().step(*arguments)

    with Session(video(), Slow()) as session:
        session.give(0, mask(0))
        began = threading.Event()
        session.listen(lambda e: began.set() if isinstance(e, Answered) else None)
        reports = []
        thread = threading.Thread(target=lambda: reports.append(session.run(cancel=event)))
        thread.start()
        assert began.wait(10)
        begin = time.perf_counter()
        event.set()
        thread.join()
        assert time.perf_counter() - begin < 0.5  # 0.2 on a machine that is not busy
    assert reports[0].cancelled


def test_a_listener_that_raises_ends_the_run_cleanly(tmp_path: Path) -> None:
    def bad(event: Event) -> None:
        if isinstance(event, Answered) and event.frame.index == 5:
            raise ZeroDivisionError

    session = Session(video(), ColourModel(), folder=tmp_path / "out", listeners=[bad])
    session.give(0, mask(0))
    with pytest.raises(ZeroDivisionError):
        session.run()
    session.close()
    with Session.open(tmp_path / "out", ColourModel(), video()) as session:
        session.run()
        assert same(labels(session), whole({0: mask(0)}))


def test_a_mask_given_while_it_runs_is_taken_up() -> None:
    with Session(video(), ColourModel()) as session:

        def give(event: Event) -> None:
            if isinstance(event, Answered) and event.frame.index == 4:
                session.give(30, wrong(30))

        session.listen(give)
        session.give(0, mask(0))
        report = session.run()
        assert report.stale == 0
        assert same(labels(session), whole({0: mask(0), 30: wrong(30)}))


def test_a_mask_for_a_passed_frame_makes_frames_stale_and_is_said() -> None:
    said: list[str] = []
    with Session(video(), ColourModel()) as session:

        def give(event: Event) -> None:
            if isinstance(event, Noted):
                said.append(event.text)
            if isinstance(event, Answered) and event.frame.index == 20:
                session.give(10, wrong(10))

        session.listen(give)
        session.give(0, mask(0))
        report = session.run()
        assert report.stale == NUM_FRAMES - 10
        assert ["passed frame 10" in text for text in said] == [True]
        session.run()
        assert same(labels(session), whole({0: mask(0), 10: wrong(10)}))


def test_forget_and_rename_apply_at_once_and_to_what_comes(tmp_path: Path) -> None:
    expected = whole({0: mask(0), 6: mask(6)})
    with Session(video(), ColourModel(), folder=tmp_path / "out") as session:
        session.give_all({0: mask(0), 6: mask(6)})
        session.run(span=range(20))
        session.rename(1, 7)
        session.forget(2)
        assert session.objects() == {7}
        session.run()
        for index, answer in enumerate(session):
            told = np.where(expected[index] == 1, 7, 0)
            assert np.array_equal(answer.labels, told), index
            assert set(answer.record.objects) == {7}
        # The user's number counts in masks, and an object comes back where it is given again.
        again = np.where(mask(30) == 1, 7, mask(30)).astype(np.uint8)
        session.correct(30, again)
        session.run()
        found = whole({0: mask(0), 6: mask(6), 30: mask(30)})
        for index, answer in enumerate(session):
            names = {1: 7, 2: 2 if index >= 30 else 0}
            told = np.vectorize(lambda n, names=names: names.get(n, n))(found[index])
            assert np.array_equal(answer.labels, told), index


def test_a_rename_that_is_cut_off_is_finished_by_the_next_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(video(), ColourModel(), folder=tmp_path / "out")
    session.give(0, mask(0))
    session.run()
    calls = iter(range(99))
    original = stored_changes._apply

    def once(*arguments):
        if next(calls) == 17:
            raise KeyboardInterrupt
        original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(stored_changes, "_apply", once)
        with pytest.raises(KeyboardInterrupt):
            session.rename(1, 9)
    session.close()
    with Session.open(tmp_path / "out", ColourModel(), video()) as session:
        assert all(set(answer.record.objects) == {9} for answer in session)
        assert session.run().answered == 0


def test_an_absent_object_is_not_on_the_frame() -> None:
    with Session(video(), ColourModel()) as session:
        session.give_all({0: mask(0), 6: mask(6)})
        session.run()
        session.absent(2, 12)
        report = session.run()
        answer = session.result(12)
        assert not (answer.labels == 2).any()
        assert answer.record.objects[2].absent
        # This model cannot be told, so that only the frame changes.
        assert report.answered == 1


def test_a_span_restricts_what_is_answered() -> None:
    with Session(video(), ColourModel()) as session:
        session.give(0, mask(0))
        report = session.run(span=range(10, 20))
        assert report.answered == 10
        assert sorted(session.store.records) == list(range(10, 20))
        assert session.run().answered == NUM_FRAMES - 10
        assert same(labels(session), whole({0: mask(0)}))


def test_two_sessions_in_one_folder_are_refused(tmp_path: Path) -> None:
    import os

    with (
        Session(video(), ColourModel(), folder=tmp_path / "out"),
        pytest.raises(OutputError, match=f"Process {os.getpid()} is working"),
    ):
        Session(video(), ColourModel(), folder=tmp_path / "out")


def test_a_session_goes_on_from_its_folder(tmp_path: Path) -> None:
    with Session(video(), ColourModel(), folder=tmp_path / "out") as session:
        session.give(0, mask(0))
        session.run(span=range(25))
    with Session.open(tmp_path / "out", ColourModel(), video()) as session:
        report = session.run()
        assert (report.answered, report.recomputed) == (NUM_FRAMES - 25, 0)
        assert same(labels(session), whole({0: mask(0)}))


def test_a_folder_without_a_session_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no results that this version"):
        Session.open(tmp_path, ColourModel(), video())


def test_bad_input_is_refused_before_anything_changes(tmp_path: Path) -> None:
    with Session(video(), ColourModel(), folder=tmp_path / "out") as session:
        with pytest.raises(MaskError, match="mask"):
            session.run()
        session.give(0, mask(0))
        session.run()
        before = session.edits
        with pytest.raises(MaskError, match="frames 0 to 39"):
            session.correct(40, mask(0))
        with pytest.raises(MaskError, match=r"size|pixels"):
            session.correct(5, mask(0)[:10])
        with pytest.raises(MaskError, match="no object"):
            session.correct(5, np.zeros_like(mask(0)))
        with pytest.raises(MaskError, match=r"no object 4\. Known are: 1"):
            session.forget(4)
        with pytest.raises(MaskError, match="no object 4"):
            session.absent(4, 0)
        with pytest.raises(MaskError, match="from 1 to 254"):
            session.rename(1, 0)
        with pytest.raises(InputError, match="at least one frame"):
            session.run(span=range(5, 5))
        with pytest.raises(InputError, match="at least one frame"):
            session.check(range(5, 5))
        with pytest.raises(NotFoundError, match="no result yet"):
            session.result(99)
        assert session.edits == before


def test_sessions_share_a_model_in_threads() -> None:
    model = ColourModel()
    masks = [{0: mask(0)}, {3: mask(3)}, {0: mask(0), 9: wrong(9)}]
    found: dict[int, dict[int, Labels]] = {}

    def work(number: int) -> None:
        with Session(video(), model) as session:
            session.give_all(masks[number])
            session.run()
            found[number] = labels(session)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, given in enumerate(masks):
        assert same(found[number], whole(given))


class After(threading.Event):
    """Is set once it was asked so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


@pytest.mark.parametrize("lookahead", [0, 2])
@pytest.mark.parametrize("times", [3, 20, 41, 55, 65])
def test_both_directions_go_on_wherever_they_were_stopped(
    tmp_path: Path, times: int, lookahead: int
) -> None:
    masks = {5: mask(5), 18: mask(18), 33: mask(33)}

    def work(folder: Path, *cancels: threading.Event | None) -> dict[int, Labels]:
        for cancel in cancels:
            model = ColourModel(lookahead=lookahead)
            with Session(video(), model, folder=folder) as session:
                if not session.edits.newest:
                    session.give_all(masks)
                report = session.run(direction="both", cancel=cancel)
                assert report.cancelled == (cancel is not None)
                found = labels(session)
        return found

    expected = work(tmp_path / "whole", None)
    assert same(work(tmp_path / "cut", After(times), None), expected)


def test_a_model_that_can_be_told_forgets_what_is_absent() -> None:
    told: list[tuple[int, ...]] = []

    class Hiding(ColourModel):
        def hidden(self, state, object_ids):
            told.append(tuple(object_ids))
            return replace(state, objects={n: o for n, o in state.objects.items() if n == 2})

    with Session(video(), Hiding()) as session:
        session.give_all({0: mask(0), 6: mask(6)})
        session.run()
        session.absent(1, 12)
        assert session.run().answered == NUM_FRAMES - 12
        assert told == [(1,)]
        assert not any((answer.labels == 1).any() for answer in session if answer.record.index > 11)


def test_a_damaged_memory_is_said_and_an_older_one_taken(tmp_path: Path) -> None:
    options = Options(checkpoint_seconds=0.0)
    with Session(video(), ColourModel(), folder=tmp_path / "out", options=options) as session:
        session.give(0, mask(0))
        session.run()
        (tmp_path / "out/_session/states/forward-00000019-20-1.safetensors").write_bytes(b"no")
        session.correct(20, wrong(20))
        report = session.run()
        assert report.notes == ("The memory kept at frame 19 is damaged: an older one is taken.",)
        assert report.recomputed == NUM_FRAMES - 20 + 1
        assert same(
            {i: x for i, x in labels(session).items() if i >= 20},
            {i: x for i, x in whole({0: mask(0), 20: wrong(20)}).items() if i >= 20},
        )


def test_a_local_correction_of_an_interrupted_run_is_answered_to_the_end() -> None:
    with Session(video(), ColourModel()) as session:
        session.give(0, mask(0))
        session.correct(3, wrong(3), until="next-given")
        assert session.run(range(10)).answered == 10
        assert max(session.store.records) == 9
        session.run()
        assert sorted(session.store.records) == list(range(NUM_FRAMES))
        assert session.store.end == NUM_FRAMES


def test_what_is_forgotten_leaves_no_frame_stale() -> None:
    with Session(video(), ColourModel()) as session:
        session.give(0, mask(0))
        session.run(direction="backward")
        session.correct(4, mask(4), until="next-given")
        session.forget(1)
        session.run()
        again = session.run()
    assert (again.answered, again.recomputed) == (0, 0)


def test_changes_are_refused_before_the_first_is_made() -> None:
    with Session(video(), ColourModel()) as session:
        session.give(0, mask(0))
        session.check_changes([Give(6, (2,)), Rename(2, 3), Forget(3), Absent(39, 1, hides=False)])
        for wanted, sentence in (
            ([Forget(1), Rename(1, 2)], "no object 1"),
            ([Give(6, (2,)), Rename(1, 2)], "an object 2 already"),
            ([Rename(1, 300)], "from 1 to"),
            ([Check(38, 50), Check(40, 50)], "but not 40 to 49"),
        ):
            with pytest.raises(MaskError, match=sentence):
                session.check_changes(wanted)


def test_a_span_may_begin_between_two_frames_of_the_video() -> None:
    every_third = Span(video(), every=3)
    with Session(every_third, ColourModel()) as session:
        session.give(0, mask(0))
        session.check(range(1, 5))
        assert session.run(range(1, 5)).answered == 1
        with pytest.raises(MaskError, match="but not 1 to 2"):
            session.run(range(1, 3))


def test_a_damaged_session_lets_go_of_its_folder(tmp_path: Path) -> None:
    with Session(video(), ColourModel(), folder=tmp_path) as session:
        session.give(0, mask(0))
    path = tmp_path / "_session/session.json"
    content = path.read_text()
    for damaged in (
        content.replace('"give"', '"nothing"'),
        content.replace('"pending": null', '"pending": 9'),
    ):
        path.write_text(damaged)
        with pytest.raises(OutputError, match="no results that this version of Segue can"):
            Session(video(), ColourModel(), folder=tmp_path)
    path.write_text(content)
    with Session(video(), ColourModel(), folder=tmp_path) as session:
        assert session.objects() == {1}


def test_a_run_without_masks_can_be_given_one() -> None:
    with Session(video(), ColourModel()) as session:
        with pytest.raises(MaskError, match="Give a mask"):
            session.run()
        session.give(0, mask(0))
        session.run()
        assert same(labels(session), whole({0: mask(0)}))


def test_close_stops_the_run_and_what_follows_is_refused(tmp_path: Path) -> None:
    session = Session(video(), ColourModel(), folder=tmp_path)
    session.give(0, mask(0))
    reached, go_on = threading.Event(), threading.Event()

    def wait(event: Event) -> None:
        if isinstance(event, Answered) and event.done == 5:
            reached.set()
            go_on.wait(10)

    session.listen(wait)
    reports: list[RunReport] = []
    thread = threading.Thread(target=lambda: reports.append(session.run()))
    thread.start()
    assert reached.wait(10)
    threading.Timer(0.05, go_on.set).start()
    session.close()
    thread.join()
    assert reports[0].cancelled
    for refused in (session.run, lambda: session.give(3, mask(3)), lambda: session.rename(1, 5)):
        with pytest.raises(OutputError, match="was closed"):
            refused()
    with Session.open(tmp_path, ColourModel(), video()) as again:
        again.run()
        assert same(dict(sorted(labels(again).items())), whole({0: mask(0)}))


def test_a_listener_may_close_the_session() -> None:
    session = Session(video(), ColourModel())
    session.give(0, mask(0))
    session.listen(lambda event: session.close() if isinstance(event, Answered) else None)
    assert session.run().cancelled


def test_a_refused_run_leaves_the_cancel_of_the_other() -> None:
    with Session(video(), ColourModel()) as session:
        session.give(0, mask(0))

        def listener(event: Event) -> None:
            if isinstance(event, Answered) and event.done == 3:
                session.cancel()
                with pytest.raises(OutputError, match="going on"):
                    session.run()

        session.listen(listener)
        assert session.run().cancelled
