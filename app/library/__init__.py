"""What was opened, what a person made of it, and how it is listed."""
