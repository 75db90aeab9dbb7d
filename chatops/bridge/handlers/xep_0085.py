"""Chat states, XEP-0085: passed between clients, stored nowhere (`xmpp.content.is_momentary`).

A client that reported itself inactive does not hear of them (XEP-0352). Which clients speak of
their state is for themselves to announce, so the service announces nothing.
"""

from chatops.core.features import Feature

chat_states = Feature("XEP-0085")
