"""SSLTM: classes per pixel from short- and long-term context of the video, and from that of the whole data set."""
