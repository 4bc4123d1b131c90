"""Delay, drops and memory of a live source that is faster than the model.

    python benchmarks/live.py [--fps 60] [--frames 3000] [--model work | segue-lite] [--model-fps 20]

A process of its own paces an MPEG-TS stream (H.264, encoded before) into a pipe, one frame every 1/60 s.
``LatestFrame`` hands the newest frame to the model. The delay of an answer is the time from the moment at which the
frame was written into the pipe to the moment at which the answer is there: so it holds the pipe, the demultiplexer, the
decoder, the waiting and the model. The model ``work`` convolves until 1/20 s has passed. Frame 0, which carries the
mask, is left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
import torch
from record import write

from segue import load_model
from segue.inference.pace.latest import LatestFrame
from segue.inference.stopwatch import Stopwatch
from segue.media.live import open_live

PAGE_KB = 4
"""Of memory, on Linux."""


def encoded(count: int, fps: int, height: int, width: int) -> list[bytes]:
    """The bytes of an MPEG-TS stream, frame by frame: a square that moves over noise."""
    parts: list[bytes] = []

    class Collector:
        def write(self, data: bytes) -> int:
            parts[-1] += data
            return len(data)

    ground = np.random.default_rng(0).integers(60, 120, (height, width, 3), np.uint8)
    with av.open(Collector(), "w", format="mpegts", options={"flush_packets": "1"}) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.gop_size = fps
        stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
        for index in range(count):
            parts.append(b"")
            picture = ground.copy()
            left = 4 * index % (width - 80)
            picture[120:200, left : left + 80] = (200, 40, 40)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
    return parts


def send(options: argparse.Namespace) -> None:
    """Pace the stream into standard output; standard error says when frame 0 is due, and when each was written."""
    parts = encoded(options.frames, options.fps, *options.size)
    begin = time.monotonic() + 0.1
    sys.stderr.write(f"{begin!r}\n")
    sys.stderr.flush()
    written: list[float] = []
    for index, part in enumerate(parts):
        time.sleep(max(0.0, begin + index / options.fps - time.monotonic()))
        written.append(round(time.monotonic(), 4))
        sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
    # MPEG-TS gives the last frame only at its end, which is not when this process ends.
    os.close(sys.stdout.fileno())
    sys.stderr.write(f"{json.dumps(written)}\n")
    sys.stderr.flush()
    os._exit(0)  # Python would flush the closed output


def worker(seconds: float) -> Callable[[np.ndarray], None]:
    """Computes with torch until so many seconds have passed."""
    layer = torch.nn.Conv2d(16, 16, 3, padding=1).eval()
    planes = torch.zeros(1, 16, 128, 128)

    def work(image: np.ndarray) -> None:
        end = time.perf_counter() + seconds
        with torch.inference_mode():
            while time.perf_counter() < end:
                layer(planes)

    return work


def tracker(name: str, height: int, width: int) -> Callable[[np.ndarray], None]:
    """A real model that follows the square."""
    model = load_model(name)
    labels = np.zeros((height, width), np.uint8)
    labels[120:200, :80] = 1
    state: Any = None

    def work(image: np.ndarray) -> None:
        nonlocal state
        if state is None:
            _, state = model.start(image, labels)
        else:
            _, state = model.step(image, state)

    return work


def resident_kb() -> int:
    """Memory of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE_KB


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run the whole of it once."""
    height, width = options.size
    busy = options.model == "work"
    work = worker(1 / options.model_fps) if busy else tracker(options.model, height, width)
    sizes = ["--size", str(height), str(width), "--frames", str(options.frames)]
    command = [sys.executable, __file__, "--send", "--fps", str(options.fps), *sizes]
    answers: dict[int, float] = {}
    memory: list[int] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sender:
        assert sender.stdout
        assert sender.stderr
        begin = float(sender.stderr.readline())
        video = open_live(sender.stdout, live=True)
        with LatestFrame(video, Stopwatch(), Stopwatch(), keep={0}) as frames:
            started = time.monotonic()
            for frame in frames:
                work(frame.image)
                frames.answered()
                answers[frame.index] = time.monotonic()
                memory.append(resident_kb())
            seconds = time.monotonic() - started
            report = frames.report
        written = json.loads(sender.stderr.readline())
    late = max(when - begin - index / options.fps for index, when in enumerate(written))
    delays = [when - written[index] for index, when in answers.items() if index > 0]
    return summary(delays, memory[1:], seconds, late) | {
        "read": report.read,
        "dropped": report.dropped,
        "waited_ms": {"median": report.waited_ms_median, "max": report.waited_ms_max},
    }


def summary(delays: list[float], memory: list[int], seconds: float, late: float) -> dict[str, Any]:
    """The numbers of the table."""
    ms = sorted(1e3 * delay for delay in delays)
    half = memory[len(memory) // 2 :]
    slope = float(np.polyfit(np.arange(len(half)), half, 1)[0])
    return {
        "answered": len(ms),
        "answered_per_s": round(len(ms) / seconds, 1),
        "delay_ms": {
            "median": round(statistics.median(ms), 1),
            "p95": round(ms[int(0.95 * len(ms))], 1),
            "p99": round(ms[int(0.99 * len(ms))], 1),
            "max": round(ms[-1], 1),
            "above_150": sum(value > 150 for value in ms),
        },
        "sender_late_ms_max": round(1e3 * late, 1),
        "resident_mb": {"begin": round(memory[0] / 1024, 1), "end": round(memory[-1] / 1024, 1)},
        "resident_kb_per_1000_answers": round(1000 * slope, 1),
    }


def main() -> None:
    """Measure and write ``results/live*.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--send", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--fps", type=int, default=60)
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--size", type=int, nargs=2, default=[480, 854])
    parser.add_argument("--model", default="work")
    parser.add_argument("--model-fps", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="live")
    options = parser.parse_args()
    if options.send:
        send(options)
        return
    torch.set_num_threads(options.threads)
    settings = {key: value for key, value in vars(options).items() if key not in ("send", "name")}
    print(write(options.name, settings, measure(options)).read_text())


if __name__ == "__main__":
    main()
