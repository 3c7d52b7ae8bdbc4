"""Questions to a model, from words to boxes."""
