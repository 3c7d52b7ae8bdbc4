"""The assistant's side of the window (Qt): conversation, findings, question box, model dialog."""
