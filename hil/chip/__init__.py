"""What the chip's stages and networks cost."""
