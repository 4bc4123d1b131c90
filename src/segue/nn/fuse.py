"""Rewrite a trained network into one that computes the same with fewer passes over memory. For inference only."""

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from segue.nn.same import SameConv2d

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def for_inference(module: ModuleT) -> ModuleT:
    """A fast copy of a network, in eval mode and channels-last; the network itself is not changed."""
    fast = copy.deepcopy(module).eval()
    fuse_batch_norm(fast)
    fuse_same_padding(fast)
    for held in (*fast.parameters(), *fast.buffers()):
        if held.dim() == 4:  # weights of 3-D convolutions have five, which Module.to refuses
            held.data = held.data.contiguous(memory_format=torch.channels_last)
    return fast


def fuse_batch_norm(module: nn.Module) -> None:
    """Fold every batch norm that directly follows a convolution into it, in place.

    The module must be in eval mode. An activation that timm keeps inside the norm layer stays.
    """
    previous_name, previous = "", nn.Module()
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and isinstance(previous, nn.Conv2d):
            setattr(module, previous_name, fuse_conv_bn_eval(previous, child))
            setattr(module, name, getattr(child, "act", nn.Identity()))
        else:
            fuse_batch_norm(child)
        previous_name, previous = name, child


def fuse_same_padding(module: nn.Module) -> None:
    """Give "same" convolutions of stride 2 a kernel that pads evenly, in place; inputs must have even sides.

    TensorFlow pads such an input by one more pixel below and on the right, for which torch copies the whole map. With a
    row and a column of zeros before the kernel, the same result needs even padding only, which costs no copy.
    """
    for name, child in list(module.named_children()):
        if isinstance(child, SameConv2d):
            setattr(module, name, _evenly_padded(child))
        else:
            fuse_same_padding(child)


def _evenly_padded(old: SameConv2d) -> nn.Conv2d:
    size = old.kernel_size[0]
    new = nn.Conv2d(
        old.in_channels,
        old.out_channels,
        size + 1,
        stride=2,
        padding=(size - 1) // 2,
        groups=old.groups,
        bias=old.bias is not None,
    )
    new.weight.data = F.pad(old.weight.data, (1, 0, 1, 0))
    if old.bias is not None and new.bias is not None:
        new.bias.data = old.bias.data
    new.requires_grad_(old.weight.requires_grad)
    return new
