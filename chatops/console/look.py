"""How the console looks, for django-unfold: its colours, its sidebar and who sees what in it."""

from collections.abc import Callable

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: bool(request.user.has_perm(permission))


def _link(title: str, icon: str, model: str) -> dict[str, object]:
    """A line of the sidebar, for who may look at the model."""
    app, _, name = model.partition(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _may(f"{app}.view_{name}"),
    }


def console_look(domain: str) -> dict[str, object]:
    """The setting UNFOLD."""
    return {
        "SITE_TITLE": "ChatOps",
        "SITE_HEADER": "ChatOps",
        "SITE_SUBHEADER": domain,
        "SITE_ICON": lambda request: static("console/logo.svg"),
        "SITE_FAVICONS": [
            {
                "rel": "icon",
                "type": "image/svg+xml",
                "href": lambda request: static("console/logo.svg"),
            }
        ],
        "LOGIN": {"form": "chatops.accounts.pages.forms.ConsoleLoginForm"},
        "SHOW_HISTORY": False,
        "SHOW_VIEW_ON_SITE": False,
        "DASHBOARD_CALLBACK": "chatops.console.dashboard.fill",
        "STYLES": [lambda request: static("console/console.css")],
        "SCRIPTS": [lambda request: static("console/live.js")],
        "COLORS": {
            "primary": {
                "50": "#f0fdfa",
                "100": "#ccfbf1",
                "200": "#99f6e4",
                "300": "#5eead4",
                "400": "#2dd4bf",
                "500": "#14b8a6",
                "600": "#0f766e",
                "700": "#0f766e",
                "800": "#115e59",
                "900": "#134e4a",
                "950": "#042f2e",
            }
        },
        "SIDEBAR": {
            "show_search": True,
            "navigation": [
                {
                    "items": [
                        {
                            "title": "Overview",
                            "icon": "monitoring",
                            "link": reverse_lazy("admin:index"),
                        }
                    ]
                },
                {
                    "title": "Messaging",
                    "items": [
                        _link("Rooms", "forum", "rooms.room"),
                        _link("Rules for rooms", "rule_settings", "rooms.roompolicy"),
                        _link("Notices", "campaign", "notices.notice"),
                        _link("Delivery log", "fact_check", "delivery.delivery"),
                        {
                            "title": "Delivery figures",
                            "icon": "query_stats",
                            "link": reverse_lazy("figures"),
                            "permission": _may("delivery.view_delivery"),
                        },
                        _link("Dead letters", "unsubscribe", "delivery.deadletter"),
                        _link("Exports", "download", "delivery.exportjob"),
                        _link("Archive", "inventory_2", "archive.message"),
                    ],
                },
                {
                    "title": "People",
                    "items": [
                        _link("People", "person", "accounts.user"),
                        _link("Invitations", "mail", "accounts.invitation"),
                        _link("Devices", "devices", "accounts.device"),
                        _link("Push notifications", "notifications", "push.registration"),
                        _link("Contacts", "contacts", "contacts.rosteritem"),
                        _link("Waiting requests", "person_add", "contacts.subscriptionrequest"),
                        _link("Blocked addresses", "block", "contacts.blocked"),
                        _link("Privacy lists", "rule", "contacts.privacylist"),
                        _link("Private storage", "lock", "accounts.privatedata"),
                        _link("Groups", "group", "auth.group"),
                    ],
                },
                {
                    "title": "Control",
                    "items": [
                        _link("Reports", "report", "contacts.report"),
                        _link("Audit trail", "policy", "audit.entry"),
                        _link("Proof of the ledger", "link", "delivery.verification"),
                        _link("Failed logins", "no_accounts", "accounts.failedlogin"),
                        {
                            "title": "Limits",
                            "icon": "speed",
                            "link": reverse_lazy("limits"),
                            "permission": _may("audit.view_entry"),
                        },
                        _link("Periodic jobs", "schedule", "django_celery_beat.periodictask"),
                    ],
                },
            ],
        },
    }
