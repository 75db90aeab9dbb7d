"""PLAIN, RFC 4616: for streams that are encrypted, or where the operator allows it without."""

from chatops.xmpp.sasl.scram import SaslFailure


def read_plain(message: bytes) -> tuple[str, str, str]:
    """Authorisation identity, user name and password. Raises SaslFailure."""
    try:
        authzid, username, password = message.decode().split("\0")
    except ValueError as error:  # also UnicodeDecodeError
        raise SaslFailure("malformed-request", "The message is not PLAIN's.") from error
    if not username or not password:
        raise SaslFailure("malformed-request", "A name and a password are needed.")
    return authzid, username, password
