"""The BOSH door, XEP-0124 and XEP-0206, at ``/http-bind``.

`door` speaks HTTP and finds the session, `session` is the door of one stream, `exchange` is what
both know of a request and of the answers that were given, `keys` protects sessions without TLS.
"""
