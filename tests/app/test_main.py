import subprocess
import sys
import time

import pytest

from segue.app.cli import main as cli
from segue.app.cli.main import VERBS, main
from segue.errors import DecodeError, WriteError


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_help_is_quick_and_imports_no_torch() -> None:
    code = (
        "import sys; from segue.app.cli.main import main; main(['--help']);"
        "heavy = {'torch', 'cv2', 'av', 'numpy', 'rich', 'timm'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    best = float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        done = python(code)
        best = min(best, time.perf_counter() - begin)
        assert done.returncode == 0, done.stderr
    assert best < 0.4
    for name, verb in VERBS.items():
        assert f"  {name} " in done.stdout
        assert verb.help in done.stdout


@pytest.mark.parametrize("name", [*VERBS])
def test_help_of_a_verb_imports_no_torch(name: str) -> None:
    code = (
        "import sys; from segue.app.cli.main import main\n"
        f"try: main(['{name}', '--help'])\n"
        "except SystemExit as end: assert not end.code\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert f"usage: segue {name}" in done.stdout
    assert "exit codes:" in done.stdout


def test_the_public_names_are_all_there_and_lazy() -> None:
    code = (
        "import sys, segue; assert 'torch' not in sys.modules and 'numpy' not in sys.modules\n"
        "for name in segue.__all__: assert getattr(segue, name).__name__ == name\n"
        "assert set(segue.__all__) <= set(dir(segue))"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import segue

    with pytest.raises(AttributeError, match="'segue' has no attribute 'tarck'"):
        _ = segue.tarck


def test_version(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "segue 0.1.0\n"


def test_an_unknown_verb_names_the_nearest(capsys) -> None:
    assert main(["trak", "x"]) == 2
    assert "no command 'trak'; did you mean 'track'?" in capsys.readouterr().err


def test_an_unknown_option_is_one_sentence(capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["track", "--owt", "x"])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("segue: error: ")
    assert error.endswith("See segue track --help.\n")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("raised", "code", "text"),
    [
        (DecodeError("Frame 3 is\n  broken."), 3, "segue: error: Frame 3 is broken.\n"),
        (WriteError("Disk full."), 4, "segue: error: Disk full. Go on with --resume.\n"),
        (KeyboardInterrupt(), 130, "segue: interrupted. Go on with --resume.\n"),
    ],
)
def test_errors_become_one_line_and_an_exit_code(monkeypatch, capsys, raised, code, text) -> None:
    def fail(words):
        raise raised

    monkeypatch.setattr(cli, "_dispatch", fail)
    assert main(["track"]) == code
    assert capsys.readouterr().err == text


def test_a_fault_of_our_own_is_not_hidden(monkeypatch) -> None:
    def fail(words):
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "_dispatch", fail)
    with pytest.raises(ZeroDivisionError):
        main(["track"])
