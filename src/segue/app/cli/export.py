"""Write a model as graphs that run without its code: on another computer, in another program.

$ segue export segue-lite --out exports/lite
$ segue export segue-lite --out exports/lite-half --precision fp16
$ segue export temporal-unet-lite --out exports/classes --format onnx
$ segue track clip.mp4 --mask first.png --model exports/lite --out result

The folder holds manifest.json, the graphs, the constants that no graph holds, and a probe: a small input of every graph
with the output that is expected. All graphs are computed once before the folder appears, with inputs of several sizes.
segue track and segue label take the folder as --model; segue doctor DIR checks it.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.output import STDOUT, add_json_argument, check_json_target, write_document
from segue.errors import InputError
from segue.models.catalog import find
from segue.settings import override

if TYPE_CHECKING:
    from segue.exporting.writing import Exported


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue export``."""
    parser.usage = "segue export MODEL --out DIR [options] [key=value ...]"
    add = parser.add_argument
    add("words", nargs="*", metavar="MODEL | key=value", help="a model, and settings of it")
    add("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    add("--weights", type=Path, metavar="FILE", help="a .safetensors file (those that ship)")
    add(
        "--precision",
        choices=("fp32", "fp16", "int8"),
        default="fp32",
        help="fp16: files of half the size; int8: convolutions in bytes (default: fp32)",
    )
    add(
        "--format",
        choices=("openvino", "onnx"),
        default="openvino",
        help="what computes the graphs: OpenVINO, or ONNX Runtime (default: openvino)",
    )
    add("--overwrite", action="store_true", help="replace an older export")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write one export."""
    check_json_target(arguments.json)
    models = [word for word in arguments.words if "=" not in word]
    if len(models) != 1:
        raise InputError(f"Give one MODEL (got: {', '.join(models) or 'none'}).")
    find(models[0])
    from segue.exporting.writing import export_model

    exported = export_model(
        models[0],
        arguments.out,
        weights=arguments.weights,
        settings=override({}, [word for word in arguments.words if "=" in word]),
        precision=arguments.precision,
        graph_format=arguments.format,
        overwrite=arguments.overwrite,
    )
    if arguments.json:
        write_document(_document(exported, arguments.out), arguments.json)
    if arguments.json != STDOUT:
        _print(exported, arguments.out)
    return 0


def _document(exported: "Exported", out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "bytes": _bytes(out),
        "differences": dict(exported.differences),
        "agreement": exported.agreement,
        "manifest": exported.manifest.model_dump(mode="json"),
    }


def _print(exported: "Exported", out: Path) -> None:
    manifest = exported.manifest
    width = max(map(len, manifest.graphs))
    for name, graph in manifest.graphs.items():
        size = sum(path.stat().st_size for path in out.glob(f"{Path(graph.file).stem}.*"))
        print(
            f"  {name:{width}}  {len(graph.inputs)} in, {len(graph.outputs)} out, {size / 1e6:5.1f} MB, differs from "
            f"torch by {exported.differences[name]:.1e}"
        )
    print(
        f"{out}: {manifest.model} for {manifest.graph_format} in {manifest.precision}, {_bytes(out) / 1e6:.1f} MB. On "
        f"small videos {exported.agreement:.2%} of the pixels get the label that the model gives."
    )


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
