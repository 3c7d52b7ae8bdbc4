"""Language models in a process of their own: messages, the window's side, the child's side."""
