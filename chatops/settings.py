"""Django's settings, and the service's own: from the environment, with defaults that work."""

import os
import secrets
from pathlib import Path

import dj_database_url
import django_stubs_ext
from django.urls import reverse_lazy

from chatops.console.look import console_look
from chatops.core.addresses import read_addresses
from chatops.core.environment import env, env_choice, env_int, env_on, env_seconds
from chatops.xmpp.jid import InvalidJID, in_ascii, parse

django_stubs_ext.monkeypatch()  # lets Django's generic classes be subscripted at run time

BASE_DIR = Path(__file__).resolve().parent.parent


def as_compared(domain: str) -> str:
    """As addresses have it (RFC 7622); of what is no domain, the checks tell."""
    try:
        return parse(domain).domain
    except InvalidJID:
        return domain


# Where it stands

CHATOPS_DATA = Path(env("CHATOPS_DATA", str(BASE_DIR / "var"))).resolve()
CHATOPS_DOMAIN = as_compared(env("CHATOPS_DOMAIN", "localhost"))
DNS_DOMAIN = in_ascii(CHATOPS_DOMAIN)
# Several with commas; IPv6 in brackets.
CHATOPS_HTTP = env("CHATOPS_HTTP", "127.0.0.1:8000")
CHATOPS_C2S = env("CHATOPS_C2S", "127.0.0.1:5222")
CHATOPS_C2S_TLS = env("CHATOPS_C2S_TLS", "")
# STUN and TURN servers for clients' calls, as URIs of RFC 7064 and 7065, with blanks between.
CHATOPS_EXTERNAL_SERVICES = env("CHATOPS_EXTERNAL_SERVICES", "")
CHATOPS_TURN_SECRET = env("CHATOPS_TURN_SECRET", "")
CHATOPS_TURN_SECONDS = env_int("CHATOPS_TURN_SECONDS", 86_400)
# Whom to write to about this service, by kind, as URIs: CHATOPS_CONTACT_ABUSE="mailto:a@b xmpp:c@d"
CHATOPS_CONTACTS = {
    kind: addresses
    for kind in ("abuse", "admin", "feedback", "sales", "security", "status", "support")
    if (addresses := env(f"CHATOPS_CONTACT_{kind.upper()}", "").split())
}
CHATOPS_TLS_CERTIFICATE = env("CHATOPS_TLS_CERTIFICATE", "")
CHATOPS_TLS_KEY = env("CHATOPS_TLS_KEY", "")
CHATOPS_REDIS_URL = env("CHATOPS_REDIS_URL", "")
CHATOPS_NODE = env_int("CHATOPS_NODE", 0)

# What it allows

CHATOPS_ALLOW_PLAINTEXT = env_choice("CHATOPS_ALLOW_PLAINTEXT", "loopback", "never", "always")
CHATOPS_DEVICE_REQUESTS = env_choice("CHATOPS_DEVICE_REQUESTS", "everybody", "contacts")
CHATOPS_REGISTRATION = env_choice("CHATOPS_REGISTRATION", "invite", "off", "captcha", "open")
CHATOPS_INVITES = env_choice("CHATOPS_INVITES", "admins", "everybody")
CHATOPS_INVITATION_DAYS = env_int("CHATOPS_INVITATION_DAYS", 7)
CHATOPS_MAX_OPEN_INVITATIONS = env_int("CHATOPS_MAX_OPEN_INVITATIONS", 20)
CHATOPS_REGISTRATIONS_PER_HOUR = env_int("CHATOPS_REGISTRATIONS_PER_HOUR", 10)
CHATOPS_REGISTRATION_ATTEMPTS_PER_HOUR = env_int("CHATOPS_REGISTRATION_ATTEMPTS_PER_HOUR", 100)
CHATOPS_REGISTRATION_SECONDS = env_int("CHATOPS_REGISTRATION_SECONDS", 600)
CHATOPS_WEB_LOGIN_FAILURES_PER_HOUR = env_int("CHATOPS_WEB_LOGIN_FAILURES_PER_HOUR", 60)
CHATOPS_ACCOUNT_REMOVAL = env_on("CHATOPS_ACCOUNT_REMOVAL", default=True)
CHATOPS_CAPTCHA_SECONDS = env_int("CHATOPS_CAPTCHA_SECONDS", 600)
CHATOPS_MAX_OPEN_CAPTCHAS = env_int("CHATOPS_MAX_OPEN_CAPTCHAS", 5_000)
CHATOPS_CAPTCHA_QUESTION = env_on("CHATOPS_CAPTCHA_QUESTION", default=True)
# Names that would be taken for the service's own; RFC 2142 has most of them.
CHATOPS_RESERVED_NAMES = frozenset(
    name.strip().lower()
    for name in env(
        "CHATOPS_RESERVED_NAMES",
        "abuse,admin,administrator,hostmaster,info,noreply,postmaster,root,security,support,"
        "webmaster,xmpp",
    ).split(",")
)
CHATOPS_SCRAM_ITERATIONS = env_int("CHATOPS_SCRAM_ITERATIONS", 10_000)
CHATOPS_MAX_STANZA_BYTES = env_int("CHATOPS_MAX_STANZA_BYTES", 262_144)
CHATOPS_MAX_STANZA_BYTES_UNAUTHENTICATED = env_int(
    "CHATOPS_MAX_STANZA_BYTES_UNAUTHENTICATED", 65_536
)
CHATOPS_AUTH_TIMEOUT_SECONDS = env_int("CHATOPS_AUTH_TIMEOUT_SECONDS", 30)
CHATOPS_IDLE_TIMEOUT_SECONDS = env_int("CHATOPS_IDLE_TIMEOUT_SECONDS", 300)
CHATOPS_ANSWER_TIMEOUT_SECONDS = env_int("CHATOPS_ANSWER_TIMEOUT_SECONDS", 60)
CHATOPS_RESUME_SECONDS = env_int("CHATOPS_RESUME_SECONDS", 300)
CHATOPS_MAX_AUTH_FAILURES = env_int("CHATOPS_MAX_AUTH_FAILURES", 5)
CHATOPS_AUTH_PAUSE_MILLISECONDS = env_int("CHATOPS_AUTH_PAUSE_MILLISECONDS", 250)
CHATOPS_AUTH_FREE_FAILURES = env_int("CHATOPS_AUTH_FREE_FAILURES", 10)
CHATOPS_AUTH_LOCK_SECONDS = env_int("CHATOPS_AUTH_LOCK_SECONDS", 300)
CHATOPS_AUTH_FORGET_SECONDS = env_int("CHATOPS_AUTH_FORGET_SECONDS", 900)
CHATOPS_KEEP_FAILED_LOGINS_DAYS = env_int("CHATOPS_KEEP_FAILED_LOGINS_DAYS", 90)
CHATOPS_MAX_SESSIONS_PER_ACCOUNT = env_int("CHATOPS_MAX_SESSIONS_PER_ACCOUNT", 50)
CHATOPS_SEND_BUFFER_BYTES = env_int("CHATOPS_SEND_BUFFER_BYTES", 4_194_304)
# Flood control: 0 lifts a limit, a burst of 0 is a second's worth.
CHATOPS_STANZAS_PER_SECOND = env_int("CHATOPS_STANZAS_PER_SECOND", 2_000)
CHATOPS_STANZA_BURST = env_int("CHATOPS_STANZA_BURST", 10_000)
CHATOPS_BYTES_PER_SECOND = env_int("CHATOPS_BYTES_PER_SECOND", 4_194_304)
CHATOPS_BYTE_BURST = env_int("CHATOPS_BYTE_BURST", 16_777_216)
CHATOPS_STANZAS_PER_SECOND_UNAUTHENTICATED = env_int(
    "CHATOPS_STANZAS_PER_SECOND_UNAUTHENTICATED", 20
)
CHATOPS_BYTES_PER_SECOND_UNAUTHENTICATED = env_int(
    "CHATOPS_BYTES_PER_SECOND_UNAUTHENTICATED", 65_536
)
CHATOPS_MAX_BACKLOG_BYTES = env_int("CHATOPS_MAX_BACKLOG_BYTES", 4_194_304)
CHATOPS_MAX_HELD_BACK = env_int("CHATOPS_MAX_HELD_BACK", 1_000)
CHATOPS_MAX_CONNECTIONS_PER_ADDRESS = env_int("CHATOPS_MAX_CONNECTIONS_PER_ADDRESS", 5_000)
CHATOPS_MAX_CONNECTIONS_WAITING = env_int("CHATOPS_MAX_CONNECTIONS_WAITING", 10_000)
CHATOPS_MAX_UNACKNOWLEDGED = env_int("CHATOPS_MAX_UNACKNOWLEDGED", 10_000)
# What a device did not confirm is offered again; 0: without a limit.
CHATOPS_DELIVERY_ATTEMPTS = env_int("CHATOPS_DELIVERY_ATTEMPTS", 50)
CHATOPS_RETRY_SECONDS = env_int("CHATOPS_RETRY_SECONDS", 30)
CHATOPS_RETRY_LONGEST_SECONDS = env_int("CHATOPS_RETRY_LONGEST_SECONDS", 3_600)
# A device that comes is offered what others of its account got in these hours; 0: nothing.
CHATOPS_CATCH_UP_HOURS = env_int("CHATOPS_CATCH_UP_HOURS", 72)
CHATOPS_MAX_CATCH_UP = env_int("CHATOPS_MAX_CATCH_UP", 1_000)
CHATOPS_MESSAGE_LIFETIME_DAYS = env_int("CHATOPS_MESSAGE_LIFETIME_DAYS", 0)
# How often the whole ledger is compared with its chains, beside what is new; 0: only by hand.
CHATOPS_LEDGER_VERIFY_HOURS = env_int("CHATOPS_LEDGER_VERIFY_HOURS", 24)
CHATOPS_EXPORT_HOURS = env_int("CHATOPS_EXPORT_HOURS", 24)
CHATOPS_MAX_EXPORTS = env_int("CHATOPS_MAX_EXPORTS", 10)
CHATOPS_MAX_OFFLINE_MESSAGES = env_int("CHATOPS_MAX_OFFLINE_MESSAGES", 10_000)
CHATOPS_MAX_ADDRESSES = env_int("CHATOPS_MAX_ADDRESSES", 50)
CHATOPS_BOSH = env_on("CHATOPS_BOSH", default=True)
CHATOPS_BOSH_ORIGINS = [
    origin.strip().rstrip("/") for origin in env("CHATOPS_BOSH_ORIGINS", "*").split(",")
]
CHATOPS_BOSH_WAIT_SECONDS = env_int("CHATOPS_BOSH_WAIT_SECONDS", 60)
CHATOPS_BOSH_MAX_HOLD = env_int("CHATOPS_BOSH_MAX_HOLD", 2)
CHATOPS_BOSH_INACTIVITY_SECONDS = env_int("CHATOPS_BOSH_INACTIVITY_SECONDS", 60)
CHATOPS_BOSH_POLLING_SECONDS = env_int("CHATOPS_BOSH_POLLING_SECONDS", 5)
CHATOPS_BOSH_MAX_PAUSE_SECONDS = env_int("CHATOPS_BOSH_MAX_PAUSE_SECONDS", 120)
CHATOPS_BOSH_MAX_BODY_BYTES = env_int("CHATOPS_BOSH_MAX_BODY_BYTES", 1_048_576)
CHATOPS_MAX_PRIVACY_LISTS = env_int("CHATOPS_MAX_PRIVACY_LISTS", 20)
CHATOPS_MAX_PRIVACY_RULES = env_int("CHATOPS_MAX_PRIVACY_RULES", 1_000)
CHATOPS_MAX_ROSTER_ITEMS = env_int("CHATOPS_MAX_ROSTER_ITEMS", 5_000)
# Of all rooms; a room may have a lower one of its own.
CHATOPS_MAX_OCCUPANTS = env_int("CHATOPS_MAX_OCCUPANTS", 5_000)
CHATOPS_MAX_ROOM_PRESENCE_BYTES = env_int("CHATOPS_MAX_ROOM_PRESENCE_BYTES", 10_000)
# What a room keeps in memory of its last messages, for newcomers; the rest is in its archive.
CHATOPS_ROOM_HISTORY_BYTES = env_int("CHATOPS_ROOM_HISTORY_BYTES", 2_097_152)
CHATOPS_MAX_ROOMS_PER_PERSON = env_int("CHATOPS_MAX_ROOMS_PER_PERSON", 100)
CHATOPS_MAX_VCARD_BYTES = env_int("CHATOPS_MAX_VCARD_BYTES", 150_000)
CHATOPS_MAX_PHOTO_BYTES = env_int("CHATOPS_MAX_PHOTO_BYTES", 8_388_608)
CHATOPS_MAX_PRIVATE_BYTES = env_int("CHATOPS_MAX_PRIVATE_BYTES", 1_048_576)
CHATOPS_MAX_PRIVATE_ELEMENTS = env_int("CHATOPS_MAX_PRIVATE_ELEMENTS", 200)
# Server acknowledgements ("CRS") for all; else for those accounts that have them switched on.
CHATOPS_CRS = env_on("CHATOPS_CRS", default=False)
CHATOPS_CRS_TIMEOUT_SECONDS = env_int("CHATOPS_CRS_TIMEOUT_SECONDS", 10)
CHATOPS_MAX_CRS_WAITING = env_int("CHATOPS_MAX_CRS_WAITING", 1_000)
CHATOPS_MAX_UNCONFIRMED = env_int("CHATOPS_MAX_UNCONFIRMED", 5_000)
# Push notifications (XEP-0357); who wrote, and what, is private: app servers are others' machines.
CHATOPS_PUSH = env_on("CHATOPS_PUSH", default=True)
CHATOPS_PUSH_SENDER = env_on("CHATOPS_PUSH_SENDER", default=False)
CHATOPS_PUSH_BODY = env_on("CHATOPS_PUSH_BODY", default=False)
CHATOPS_PUSH_GRACE_SECONDS = env_int("CHATOPS_PUSH_GRACE_SECONDS", 10)
CHATOPS_PUSH_RETRY_SECONDS = env_int("CHATOPS_PUSH_RETRY_SECONDS", 10)
CHATOPS_PUSH_FAILURES = env_int("CHATOPS_PUSH_FAILURES", 16)
CHATOPS_MAX_PUSH_REGISTRATIONS = env_int("CHATOPS_MAX_PUSH_REGISTRATIONS", 20)
# Who sees people's vCards: everybody with an account, or who may see their presence.
CHATOPS_VCARDS = env_choice("CHATOPS_VCARDS", "everybody", "contacts")
CHATOPS_DATABASE_THREADS = env_int("CHATOPS_DATABASE_THREADS", 4)
# How long a sender waits for his message to be stored before he is told to try again.
CHATOPS_STORE_SECONDS = env_seconds("CHATOPS_STORE_SECONDS", 0.9)

# A message passes these in this order; each may change, answer or end it (core.envelope).
MESSAGE_POLICY = [
    "chatops.delivery.crs.policies.take_confirmation",
    "chatops.delivery.policies.note_receipts",
    "chatops.bridge.policies.choose_sessions",
    "chatops.contacts.policies.refuse_blocked",
    "chatops.push.policies.hear_of_end",
    "chatops.delivery.policies.apply_amp_rules",
    "chatops.bridge.policies.stop_undeliverable",
    "chatops.delivery.queues.limit",
    "chatops.delivery.policies.answer_event_requests",
    "chatops.archive.policies.retract",
    "chatops.archive.policies.keep",
    "chatops.delivery.policies.track",
    "chatops.delivery.crs.policies.follow",
    "chatops.bridge.policies.copy_to_own_devices",
    "chatops.delivery.carbons.follow",
    "chatops.push.policies.wake_devices",
]


def _secret_key() -> str:
    """From the environment, else made once and kept in the data folder for its owner."""
    if key := os.environ.get("CHATOPS_SECRET_KEY"):
        return key
    file = CHATOPS_DATA / "secret-key"
    if not file.exists():
        CHATOPS_DATA.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50))
        try:
            os.link(fresh, file)  # whoever is first wins, also between processes
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text().strip()


# Django

SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env("CHATOPS_OLD_SECRET_KEYS", "").split()
DEBUG = env_on("CHATOPS_DEBUG", default=False)
_public_hosts = [host for host in env("CHATOPS_ALLOWED_HOSTS", "").split(",") if host]
# The domain always: clients ask it for host metadata.
ALLOWED_HOSTS = [DNS_DOMAIN, *(_public_hosts or ["localhost", "127.0.0.1", "[::1]"])]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in _public_hosts]
BEHIND_TLS = env_on("CHATOPS_HTTPS", default=False)
# What links to pages begin with where no page is being looked at; "" where there are none.
_pages = read_addresses(CHATOPS_HTTP)
CHATOPS_PUBLIC_URL = env(
    "CHATOPS_PUBLIC_URL",
    f"https://{(_public_hosts or [DNS_DOMAIN])[0]}"
    if BEHIND_TLS
    else "".join(f"http://{each.as_seen_by(DNS_DOMAIN)}" for each in _pages[:1]),
).rstrip("/")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_celery_beat",
    "channels",
    "chatops.core",
    "chatops.audit",
    "chatops.accounts",
    "chatops.contacts",
    "chatops.archive",
    "chatops.delivery",
    "chatops.push",
    "chatops.rooms",
    "chatops.notices",
    "chatops.bridge",
    "chatops.console",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "chatops.urls"
ASGI_APPLICATION = "chatops.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

_database_url = os.environ.get("DATABASE_URL", "")
if _database_url:
    DATABASES = {"default": dj_database_url.parse(_database_url, conn_max_age=600)}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(CHATOPS_DATA / "chatops.sqlite3"),
            # A file, so that several threads can use it as they do in the service.
            "TEST": {"NAME": str(CHATOPS_DATA / "test.sqlite3")},
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 5,  # seconds to wait for another writer
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                " PRAGMA mmap_size=268435456; PRAGMA cache_size=-32000;",
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["chatops.accounts.backends.NameOrJidBackend"]
PASSWORD_HASHERS = ["chatops.accounts.hashers.ScramPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = CHATOPS_DATA / "static"
WHITENOISE_USE_FINDERS = True  # no collectstatic needed to start

# Channels and Celery: inside this process, or over Redis.
if CHATOPS_REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [CHATOPS_REDIS_URL]},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CELERY_BROKER_URL = CHATOPS_REDIS_URL or "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {} if CHATOPS_REDIS_URL else {"polling_interval": 0.05}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = TIME_ZONE

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env("CHATOPS_LOG_LEVEL", "INFO")},
    "loggers": {
        "uvicorn": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "ERROR"},
        "django_celery_beat": {"level": "WARNING"},
        "slixmpp": {"level": "ERROR"},
    },
}


UNFOLD = console_look(CHATOPS_DOMAIN)
