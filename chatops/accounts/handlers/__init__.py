"""What clients ask about people, and keep here."""
