"""The panels of the inspector, one a file."""
