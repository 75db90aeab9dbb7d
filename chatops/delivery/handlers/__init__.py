"""What the ledger answers on the wire."""
