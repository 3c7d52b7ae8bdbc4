"""What is asked of the assistant, and what comes back."""
