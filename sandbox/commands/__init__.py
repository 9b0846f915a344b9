"""The subcommands of `email-sandbox`, one family a file."""
