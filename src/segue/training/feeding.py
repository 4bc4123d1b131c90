"""Schedule sampling: which frames of a clip are entered with the model's own last mask (Bengio et al., NIPS 2015)."""

import torch

from segue.training.curriculum import Conditions


def draw_fed(conditions: Conditions, num_frames: int) -> list[bool]:
    """For each frame, whether it is fed the prediction instead of the truth.

    The draw is that of torch, which the loop seeds for each batch, so a run that goes on draws the same. It holds for
    all clips of the batch, as in the released code of RVOS-MOTS.
    """
    draws = torch.rand(num_frames if conditions.feed_draw == "frame" else 1)
    fed: list[bool] = (draws < conditions.feed_prediction).expand(num_frames).tolist()
    return fed
