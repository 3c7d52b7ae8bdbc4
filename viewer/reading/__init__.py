"""The window's side of reading: requests to workers, their answers checked, frames and volumes."""
