"""Prints how far OpenVINO's bytes are from torch's imitation; see ``test_int8.py``.

A process of its own, since oneDNN reads the variable that limits its instructions once.

usage: ONEDNN_MAX_CPU_ISA=AVX2 int8_process.py FOLDER
"""

import sys
from pathlib import Path

from fakes.convolutions import difference, make_chain, samples
from segue.nn.backends.cache import GraphCache
from segue.nn.backends.int8 import calibrate
from segue.nn.backends.openvino_backend import OpenVinoBackend
from segue.nn.backends.torch_backend import TorchBackend

if __name__ == "__main__":
    chain = make_chain()
    ranges = calibrate(chain, samples())
    (given,) = samples(1)
    (imitated,) = TorchBackend().prepare(chain, ranges)(given[0])
    graph = OpenVinoBackend(GraphCache(Path(sys.argv[1]))).prepare(chain, ranges)
    (computed,) = graph(given[0])
    assert graph._compiled, "torch computed instead of OpenVINO"
    print(f"{difference(computed, imitated):.6f}")
