"""Pictures from arrays: frames, planes, slabs and volumes; no state, no Qt."""
