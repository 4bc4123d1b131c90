"""Frame by frame and with memory: the scene parsing networks that SSLTM is compared with."""
