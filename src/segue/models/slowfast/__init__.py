"""SlowFast VOS: Mask R-CNN with a module that sees a few frames more, at two widths; see README.md of this folder."""
