"""Figures 1 and 6 to 9 and tables 1 to 3 of the paper on the reuse gate (Park et al., CVPR 2021)."""
