"""The command line: arguments in, JSON out, the same functions as the window."""
