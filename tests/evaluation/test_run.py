import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.davis import moving_square, write_davis
from fakes.meeting import Meeting
from segue.errors import MaskError
from segue.evaluation.run import evaluate_gathered


def run(rules: Meeting) -> list[tuple[str, int]]:
    gathered = rules.gather(Path(), Path(), None)
    report = evaluate_gathered("meeting", rules, gathered, workers=2, strict=False)
    return [(item.sequence, item.tally) for item in report.scored]


def test_two_processes_take_turns_and_order_is_kept(tmp_path: Path) -> None:
    scored = run(Meeting(tmp_path))
    assert [name for name, _ in scored] == [f"case{number}" for number in range(6)]
    processes = {process for _, process in scored}
    assert len(processes) == 2
    assert os.getpid() in processes


@pytest.mark.parametrize("number", range(3))
def test_an_error_in_either_process_ends_both(tmp_path: Path, number: int) -> None:
    with pytest.raises(MaskError, match=f"case{number} is broken"):
        run(Meeting(tmp_path, fails=f"case{number}"))


def test_a_process_without_threads_forks(tmp_path: Path) -> None:
    """The command line, which loads neither torch nor OpenCV for masks."""
    davis = write_davis(tmp_path / "davis", {name: moving_square(6) for name in "abcd"})
    script = (
        "import sys; from segue.app.cli.main import main; import segue.evaluation.run as run\n"
        "code = main(sys.argv[1:]); print(run._context().get_start_method()); sys.exit(code)"
    )
    masks = davis / "Annotations/480p"
    words = ["evaluate", str(masks), str(davis), "--workers", "2"]
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "100.0" in done.stdout
    assert done.stdout.splitlines()[-1] == ("fork" if sys.platform == "linux" else "spawn")
