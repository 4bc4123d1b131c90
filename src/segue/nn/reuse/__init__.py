"""The reuse gate as a part: is this frame so like the last computed one that its result can be carried over?"""
