"""Images, from bytes to pixels on screen; knows nothing of models."""
