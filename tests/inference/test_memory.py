"""In a process of its own: what malloc was told holds for the rest of a process."""

import os
import subprocess
import sys

import pytest

CODE = """
import sys
import numpy as np
from segue.inference.memory import give_back_frames

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

for _ in range(3):  # malloc learns that such pieces come and go
    np.ones(25_000_000, np.uint8)
told = give_back_frames((int(sys.argv[1]), 3840))
frames = []
for _ in range(8):
    frames.append(np.ones(25_000_000, np.uint8))
    frames.append(np.ones(30_000, np.uint8))
held = resident()
del frames[::2]
print(told, round((held - resident()) / 25e6))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone")
@pytest.mark.parametrize(("height", "told"), [("2160", "True"), ("480", "False")])
def test_large_frames_go_back_to_the_system(height: str, told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, height],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    said, gone = done.stdout.split()
    assert said == told
    assert (int(gone) >= 6) == (told == "True")
