"""Widgets on the image: they show a state and report gestures."""
