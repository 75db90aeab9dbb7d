"""What clients say about push notifications."""
