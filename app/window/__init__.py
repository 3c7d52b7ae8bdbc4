"""The program's window and its own parts."""
