"""Client state indication, XEP-0352: a client that nobody looks at hears of what is urgent alone.

What waits meanwhile, and what goes nowhere, is in `bridge.holdback`.
"""

from chatops.core.features import Feature
from chatops.core.wire import Session
from chatops.xmpp.elements import Element, make
from chatops.xmpp.names import CSI

csi = Feature("XEP-0352", (), at=())


@csi.stream_feature
def announce() -> Element:
    """Section 4.1."""
    return make(f"{{{CSI}}}csi")


@csi.with_bind(f"{{{CSI}}}inactive", CSI)
@csi.nonza(f"{{{CSI}}}inactive")
def rest(session: Session, element: Element) -> None:
    """Section 4.2."""
    session.rest()


@csi.with_bind(f"{{{CSI}}}active", CSI)
@csi.nonza(f"{{{CSI}}}active")
def wake(session: Session, element: Element) -> None:
    """Section 4.2: what has waited comes first."""
    session.wake()
