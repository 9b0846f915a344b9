"""Messages about messages: delivery status notifications and complaint reports."""
