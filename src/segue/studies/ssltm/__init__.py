"""The table and the figures of SSLTM (Lao et al., CVPR 2023), and what the number of labels does."""
