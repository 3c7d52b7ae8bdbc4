"""Mouse tools, a tool a file: pointer in, edit out; no Qt, no pixels."""
