"""The small model that ships: its network, what it learns from, and how it becomes GGUF."""
