"""All that touches foreign bytes; it runs in worker processes and no module outside imports it."""
