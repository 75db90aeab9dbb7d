"""SASL (RFC 4422) for XMPP: pure exchanges, fed with bytes by the stream."""
