"""What people tell of themselves, in the browser: one's own page, and photos for all pages."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from chatops.accounts.models import User, VCard
from chatops.accounts.pages.forms import Styled
from chatops.accounts.pages.own import own, person_of
from chatops.accounts.pages.page import show_page
from chatops.accounts.services import vcards
from chatops.audit.services import Actor
from chatops.xmpp.errors import Refused
from chatops.xmpp.vcards import PATHS, Details

LONGEST = 1_000
CACHED_SECONDS = 31_536_000  # the address changes with the photo
PHOTO_TYPES = "image/png,image/jpeg,image/gif,image/webp"


class CardForm(Styled):
    """The details that pages show, and the photo."""

    name = forms.CharField(label="Name", required=False, max_length=LONGEST)
    nickname = forms.CharField(label="Nickname", required=False, max_length=LONGEST)
    email = forms.EmailField(label="Email address", required=False)
    phone = forms.CharField(label="Telephone", required=False, max_length=100)
    organisation = forms.CharField(label="Organisation", required=False, max_length=LONGEST)
    title = forms.CharField(label="Position", required=False, max_length=LONGEST)
    note = forms.CharField(
        label="About", required=False, max_length=4_000, widget=forms.Textarea({"rows": 3})
    )
    photo = forms.FileField(
        label="Photo",
        required=False,
        help_text="PNG, JPEG, GIF or WebP; it is made small, without a camera's notes.",
        widget=forms.FileInput(attrs={"accept": PHOTO_TYPES}),
    )
    without_photo = forms.BooleanField(label="No photo", required=False)

    @property
    def details(self) -> Details:
        return Details(**{name: self.cleaned_data[name] for name in PATHS})


def save_card(user: User, form: CardForm, *, by: Actor) -> bool:
    """Keep what a valid form says; False where it was refused, and the form says why."""
    upload = form.cleaned_data["photo"]
    try:
        vcards.change_details(user, details=form.details, by=by)
        if upload is not None:
            vcards.upload_photo(user, data=upload.read(), by=by)
        elif form.cleaned_data["without_photo"] and vcards.avatar_of(user_id=user.pk):
            vcards.remove_photo(user, by=by)
    except Refused as refusal:
        form.add_error("photo" if upload is not None else None, refusal.sentence)
        return False
    return True


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@own
def show(request: HttpRequest) -> HttpResponseBase:
    """One's own card."""
    user = person_of(request)
    form = CardForm(
        request.POST or None,
        request.FILES or None,
        initial=vars_of(vcards.details_of(user)),
    )
    if request.method == "POST" and form.is_valid() and save_card(user, form, by=Actor.of(request)):
        return redirect("account-card")
    return show_page(request, "card", {"form": form, "photo": photo_of(user)})


def vars_of(details: Details) -> dict[str, str]:
    """By field."""
    return {name: getattr(details, name) for name in PATHS}


def photo_of(user: User) -> VCard | None:
    """What a page needs to show the photo; None where there is none that can be shown."""
    kept = VCard.objects.light().filter(user=user).exclude(image_type="").first()
    return kept if kept is not None and kept.photo_hash else None


@require_safe
@own
def photo(request: HttpRequest, user_id: int, photo_hash: str) -> HttpResponse:
    """A photo, for its owner and for who may look at people; it can do nothing but be seen."""
    viewer = person_of(request)
    if viewer.pk != user_id and not viewer.has_perm("accounts.view_user"):
        raise Http404
    kept = VCard.objects.filter(user_id=user_id, photo_hash=photo_hash).exclude(image_type="")
    found = kept.first()
    if found is None:
        raise Http404
    return HttpResponse(
        bytes(found.photo),
        content_type=found.image_type,
        headers={
            "Cache-Control": f"private, max-age={CACHED_SECONDS}, immutable",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )
