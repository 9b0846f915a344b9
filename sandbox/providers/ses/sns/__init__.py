"""Amazon SNS as far as SES needs it: topics, subscriptions by HTTP, and notifications that are signed."""
