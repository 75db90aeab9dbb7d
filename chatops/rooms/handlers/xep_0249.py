"""Direct MUC invitations, XEP-0249: they pass from client to client, and wait for the absent."""

from chatops.core.features import Feature

invitations = Feature("XEP-0249", at=())
