"""What computes trained networks: torch, or OpenVINO on a processor."""
