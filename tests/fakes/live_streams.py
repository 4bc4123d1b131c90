"""Small live streams for tests: MPEG-TS of coloured frames, and processes and servers that send them."""

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import IO

import av
import numpy as np
from PIL import Image

RATE = 25


def scene(index: int, size_hw: tuple[int, int] = (48, 64)) -> np.ndarray:
    """Noise that compresses badly, so that a frame is many packets."""
    return np.random.default_rng(index).integers(0, 255, (*size_hw, 3), np.uint8)


def stream_bytes(
    count: int = 12,
    *,
    kind: str = "mpegts",
    codec: str = "libx264",
    size_hw: tuple[int, int] = (48, 64),
    gop: int = 12,
    begin: int = 0,
) -> bytes:
    """A stream of ``scene`` at 25 frames per second, without frames out of order; the first one at ``begin``."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.height, stream.width = size_hw
        stream.pix_fmt = "yuv420p"
        stream.gop_size = gop
        stream.codec_context.thread_count = 1
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(scene(index, size_hw), format="rgb24")
            frame.pts, frame.time_base = begin + index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def picture_bytes(count: int = 4, kind: str = "PNG") -> list[bytes]:
    """The files of ``scene``."""
    files = []
    for index in range(count):
        buffer = io.BytesIO()
        Image.fromarray(scene(index)).save(buffer, kind)
        files.append(buffer.getvalue())
    return files


@contextmanager
def sending(*parts: bytes, hold_s: float = 0.0, pause_s: float = 0.0) -> Iterator[IO[bytes]]:
    """The output of a process that writes parts, each after a pause, then waits and ends."""
    script = (
        "import sys, time\n"
        f"sizes, pause, hold = {[len(part) for part in parts]}, {pause_s}, {hold_s}\n"
        "for size in sizes:\n"
        "    sys.stdout.buffer.write(sys.stdin.buffer.read(size))\n"
        "    sys.stdout.buffer.flush()\n"
        "    time.sleep(pause)\n"
        "time.sleep(hold)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin
    assert process.stdout
    feeder = Thread(target=_feed, args=(process.stdin, b"".join(parts)), daemon=True)
    feeder.start()
    try:
        yield process.stdout
    finally:
        process.kill()
        process.wait()
        feeder.join()
        process.stdout.close()


def _feed(pipe: IO[bytes], data: bytes) -> None:
    try:
        with pipe:
            pipe.write(data)
    except (BrokenPipeError, ValueError):
        pass


@contextmanager
def http_server(data: bytes, *, hold_s: float = 0.0, promised: int | None = None) -> Iterator[str]:
    """The address of a file on a server of this machine.

    Args:
        data: What is sent.
        hold_s: Seconds until the connection is closed.
        promised: Length in the header, if not that of the data.
    """
    stop = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.send_header("Content-Length", str(promised or len(data)))
            self.end_headers()
            try:
                self.wfile.write(data)
                self.wfile.flush()
                stop.wait(hold_s)
            except OSError:
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/clip.ts"
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
