"""One window and one command line round the viewer and the assistant."""
