"""J and F as the official evaluation computes them: whole images, dilation by scikit-image."""

import math

import numpy as np
from skimage.morphology import dilation, disk


def plain_boundary(mask: np.ndarray) -> np.ndarray:
    """The rule of the DAVIS code: a pixel that differs from its neighbour to the right, below, or both."""
    edges = np.zeros(mask.shape, bool)
    edges[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    edges[:-1] |= mask[:-1] != mask[1:]
    edges[:-1, :-1] |= mask[:-1, :-1] != mask[1:, 1:]
    return edges


def plain_dilation(mask: np.ndarray, radius: int) -> np.ndarray:
    """Everything within a disk's radius; padded, for scikit-image 0.26 returns stray values (such as 50 from zeros and
    ones) where the disk is larger than the image."""
    padded = np.pad(mask.astype(np.uint8), radius)
    height, width = mask.shape
    return dilation(padded, disk(radius))[radius : radius + height, radius : radius + width] > 0


def plain_f(predicted: np.ndarray, truth: np.ndarray, bound: float = 0.008) -> float:
    """F with dilations of the whole image."""
    radius = math.ceil(bound * np.linalg.norm(truth.shape))
    ours, theirs = plain_boundary(predicted), plain_boundary(truth)
    near_ours, near_theirs = plain_dilation(ours, radius), plain_dilation(theirs, radius)
    num_ours, num_theirs = ours.sum(), theirs.sum()
    precision = (ours & near_theirs).sum() / num_ours if num_ours else 1.0
    recall = (theirs & near_ours).sum() / num_theirs if num_theirs else 1.0
    if num_ours and not num_theirs:
        precision, recall = 0.0, 1.0
    if num_theirs and not num_ours:
        precision, recall = 1.0, 0.0
    total = precision + recall
    return float(2 * precision * recall / total) if total else 0.0


def plain_j(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Intersection over union of the whole image."""
    union = (predicted | truth).sum()
    return float((predicted & truth).sum() / union) if union else 1.0
