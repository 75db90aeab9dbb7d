"""Server acknowledgement ("CRS"), a private extension: docs/crs.md has what goes over the wire.

`people` knows who has it switched on, `stanzas` reads and writes its shapes, `confirming` takes
what devices confirm, `waits` has the timers; `policies` is its part of the message pipeline.
"""
