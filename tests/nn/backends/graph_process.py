"""Computes one graph with a cache, and may be killed while it writes; see ``test_graph_cache.py``.

usage: graph_process.py FOLDER [kill]
"""

import os
import signal
import sys
from pathlib import Path

from fakes.graphs import carrying, inputs
from segue.nn.backends.cache import GraphCache
from segue.nn.backends.openvino_backend import OpenVinoBackend


def killed_halfway(path: Path, data: bytes) -> int:
    with path.open("wb") as file:
        file.write(data[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


if __name__ == "__main__":
    backend = OpenVinoBackend(GraphCache(Path(sys.argv[1])))
    if "kill" in sys.argv:
        Path.write_bytes = killed_halfway  # type: ignore[method-assign]
    print(f"{float(backend.prepare(carrying())(*inputs())[0].sum()):.6f}")
