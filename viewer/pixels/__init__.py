"""From stored values to grey levels and colours, one step a module (PS3.3 C.11)."""
