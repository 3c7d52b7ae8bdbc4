"""A decoder a file; ``viewer.parsing.decode.DECODERS`` says which syntax goes where."""
