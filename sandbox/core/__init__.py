"""The mail service itself: rules, time, storage, delivery. No sockets, no frameworks, no provider's name."""
