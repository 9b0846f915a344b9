"""What SES tells its customers about their mail: the events, in its own JSON, and the ways they travel."""
