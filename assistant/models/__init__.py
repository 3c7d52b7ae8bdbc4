"""Models on this computer, and where others are to be had."""
