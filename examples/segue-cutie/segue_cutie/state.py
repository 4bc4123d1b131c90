"""Cutie's memory as a value: what an ``InferenceCore`` has gathered is taken out of it, and put into a new one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutie.inference.inference_core import InferenceCore
from torch import Tensor


@dataclass(frozen=True)
class CutieState:
    """The memory of a video; tensors are never changed in place."""

    size_hw: tuple[int, int]
    ids: tuple[int, ...]
    """In the order of the channels of ``last_mask``."""
    frame: int
    last_learned: int
    """Number of the frame that was last put into the memory."""
    last_mask: Tensor
    sensory: dict[int, Tensor]
    """By object, as all that follow unless said otherwise."""
    summaries: dict[int, Tensor]
    values: dict[int, Tensor]
    buckets: dict[int, tuple[int, ...]]
    """Objects that were first seen together share keys; these are by bucket."""
    keys: dict[int, Tensor]
    shrinkages: dict[int, Tensor]
    permanent: dict[int, int]
    """Tokens that are never forgotten."""


def taken_from(core: InferenceCore, size_hw: tuple[int, int]) -> CutieState:
    """What a core remembers; the core must not be used again."""
    memory, work = core.memory, core.memory.work_mem
    return CutieState(
        size_hw,
        tuple(core.object_manager.all_obj_ids),
        core.curr_ti,
        core.last_mem_ti,
        core.last_mask.contiguous(),
        _own(memory.sensory),
        _own(memory.obj_v),
        _own(work.v),
        {bucket: tuple(ids) for bucket, ids in work.buckets.items()},
        _own(work.k),
        _own(work.s),
        dict(work.perm_end_pt),
    )


def core_with(network: Any, config: Any, state: CutieState | None) -> InferenceCore:
    """A core that goes on from a memory; without one it begins a video."""
    core = InferenceCore(network, config)
    if state is None:
        return core
    core.object_manager.add_new_objects(list(state.ids))
    core.curr_ti, core.last_mem_ti = state.frame, state.last_learned
    core.last_mask = state.last_mask
    memory, work = core.memory, core.memory.work_mem
    memory.engaged = True
    memory.sensory = dict(state.sensory)
    memory.obj_v = {
        i: summary.clone() for i, summary in state.summaries.items()
    }  # added to in place
    memory.CV = next(iter(state.values.values())).shape[1]
    work.v, work.k, work.s = dict(state.values), dict(state.keys), dict(state.shrinkages)
    # Tiny frames have fewer places than a pixel is to be compared with.
    memory.top_k = min(memory.top_k, *(key.shape[-1] for key in state.keys.values()))
    work.buckets = {bucket: list(ids) for bucket, ids in state.buckets.items()}
    work.global_bucket_id = max(work.buckets, default=-1) + 1
    work.perm_end_pt.update(state.permanent)
    return core


def _own(tensors: Mapping[int, Tensor]) -> dict[int, Tensor]:
    """Not views into larger tensors, which would be stored whole."""
    return {key: tensor.contiguous() for key, tensor in tensors.items()}
