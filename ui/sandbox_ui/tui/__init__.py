"""The inspector: a terminal program that shows what a running sandbox does, and lets one act on it."""
