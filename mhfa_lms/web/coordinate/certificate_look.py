"""How the organisation's certificates look, with a preview of the same facts."""

from collections.abc import Callable
from typing import Any, Final

from flask import Response, abort, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, FileField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # WTForms 3.3 has it, its stubs do not

from mhfa_lms import clock, db, i18n
from mhfa_lms.adapters import pictures
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy, ngettext
from mhfa_lms.models import Accent, CertificateLook, PaperSize
from mhfa_lms.policy import Can
from mhfa_lms.services import looks, names, specimens, work
from mhfa_lms.services.looks import LONGEST_TITLE, LONGEST_WORDING, MOST_SIGNATORIES, Look, Signatory
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.forms import Form, Named, Printed, ValidationError, at_most, spaced, stripped
from mhfa_lms.web.identity import me
from mhfa_lms.web.work.words import WORDS, Words

ACCENTS: Final = [
    SelectChoice(Accent.PINE.value, lazy("Pine green")),
    SelectChoice(Accent.OCEAN.value, lazy("Ocean blue")),
    SelectChoice(Accent.PLUM.value, lazy("Plum")),
    SelectChoice(Accent.BRICK.value, lazy("Brick red")),
    SelectChoice(Accent.INK.value, lazy("Ink, nearly black")),
]
PAPERS: Final = [
    SelectChoice("", lazy("As our country prints")),
    SelectChoice(PaperSize.A4.value, lazy("A4")),
    SelectChoice(PaperSize.LETTER.value, lazy("US letter")),
]


class PictureField(FileField):
    """A file; once the form was looked through, the picture in it."""

    png: bytes | None = None


class OptionalPrinted(Printed):
    """A validator for one line that will be printed, and may be left out."""

    def __call__(self, form: Any, field: Any) -> None:
        """Raise `ValidationError` for several lines, or letters that no font has."""
        if field.data:
            super().__call__(form, field)


class WithName:
    """A validator for a title: it needs the name beside it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, form: Any, field: Any) -> None:
        """Raise `ValidationError` for the title of nobody."""
        if field.data and not form[self.name].data:
            raise ValidationError(_("Write the name of this person, too"))


class OptionalNamed(Named):
    """A validator for a name that may be left out."""

    def __call__(self, form: Any, field: Any) -> None:
        """Raise `ValidationError` as for any name."""
        if field.data:
            super().__call__(form, field)


def _name(label: Any) -> StringField:
    check = OptionalNamed(lazy("Write this in one line"))
    return StringField(label, [at_most(names.LONGEST), check], filters=[spaced, lambda text: text or ""])


def _text(label: Any, most: int, *more: Any) -> StringField:
    check = OptionalPrinted(lazy("Write this in one line"))
    return StringField(label, [at_most(most), check, *more], filters=[stripped, lambda text: text or ""])


class LookForm(Form):
    """Everything an organisation can choose."""

    accent = RadioField(lazy("Colour"), choices=ACCENTS, default=Accent.PINE.value)
    paper = RadioField(lazy("Paper"), choices=PAPERS, default="")
    wording = _text(lazy("A line of your own"), LONGEST_WORDING)
    name_1 = _name(lazy("First person who signs: name"))
    title_1 = _text(lazy("First person who signs: title"), LONGEST_TITLE, WithName("name_1"))
    signature_1 = PictureField(lazy("First person who signs: picture of the signature"))
    unsigned_1 = BooleanField(lazy("Print no signature of the first person"))
    name_2 = _name(lazy("Second person who signs: name"))
    title_2 = _text(lazy("Second person who signs: title"), LONGEST_TITLE, WithName("name_2"))
    signature_2 = PictureField(lazy("Second person who signs: picture of the signature"))
    unsigned_2 = BooleanField(lazy("Print no signature of the second person"))
    name_3 = _name(lazy("Third person who signs: name"))
    title_3 = _text(lazy("Third person who signs: title"), LONGEST_TITLE, WithName("name_3"))
    signature_3 = PictureField(lazy("Third person who signs: picture of the signature"))
    unsigned_3 = BooleanField(lazy("Print no signature of the third person"))
    logo = PictureField(lazy("Logo"))
    without_logo = BooleanField(lazy("Print no logo"))

    def validate_logo(self, field: Any) -> None:
        """Take pictures alone, and keep nothing of the file but its pixels."""
        field.png = _picture(field, pictures.plain_png)

    def validate_signature_1(self, field: Any) -> None:
        """Take pictures with something on them, of somebody who is named."""
        field.png = _picture(field, pictures.signature_png)
        if field.png and not self[f"name_{field.name[-1]}"].data:
            raise ValidationError(_("Write the name of this person, too"))

    validate_signature_2 = validate_signature_3 = validate_signature_1

    def signatories(self, before: CertificateLook | None) -> tuple[Signatory, ...]:
        """Return who signs, without the lines left out. A signature stays with the name it belongs to."""
        kept = _signatures(before)
        found = []
        for number in range(1, MOST_SIGNATORIES + 1):
            name = self[f"name_{number}"].data
            picture = self[f"signature_{number}"].png or kept.get(name)
            found.append(
                Signatory(name, self[f"title_{number}"].data, None if self[f"unsigned_{number}"].data else picture)
            )
        return tuple(one for one in found if one.name)

    def look(self, before: CertificateLook | None) -> Look:
        """Return what was chosen; the logo stays unless another one came or none is wanted."""
        kept = self.logo.png or (before.logo if before else None)
        return Look(
            accent=Accent(self.accent.data),
            wording=self.wording.data or "",
            signatories=self.signatories(before),
            logo=None if self.without_logo.data else kept,
            paper=PaperSize(self.paper.data) if self.paper.data else None,
        )


def _picture(field: Any, made: Callable[[bytes], bytes]) -> bytes | None:
    # A form that was sent without room for files gives a text here.
    if not field.data or not hasattr(field.data, "read"):
        return None
    try:
        return made(field.data.read(pictures.LARGEST_FILE + 1))
    except pictures.PictureError as error:
        said = _("This file cannot be used. Choose a PNG, JPEG or WebP picture of at most 1 MB.")
        raise ValidationError(said) from error


def _signatures(look: CertificateLook | None) -> dict[str, bytes | None]:
    """Return the signatures there are, by the name they belong to."""
    if look is None:
        return {}
    named = [one["name"] for one in look.signatories if isinstance(one, dict)]
    return dict(zip(named, look.signatures, strict=False))


def _values(look: CertificateLook | None) -> dict[str, Any]:
    """Return a look as the form holds it."""
    if look is None:
        return {}
    found: dict[str, Any] = {"accent": look.accent.value, "wording": look.wording, "paper": look.paper or ""}
    for number, one in enumerate(look.signatories, start=1):
        if isinstance(one, dict):
            found |= {f"name_{number}": one["name"], f"title_{number}": one["title"]}
    return found


@blueprint.route("/coordinate/certificate-look", methods=["GET", "POST"])
@requires(Can.COORDINATE)
def certificate_look() -> ResponseReturnValue:
    """Choose how certificates look that are issued from now on."""
    before = looks.own(db.session(), by=me())
    form = LookForm(data=_values(before))
    if form.validate_on_submit():
        looks.save(form.look(before), by=me(), now=clock.now())
        flash(_("Saved. Certificates issued from now on look like this."), "success")
        return redirect(url_for("coordinate.certificate_look"), 303)
    accents = {one.value: one.label for one in ACCENTS}
    answer = render_template(
        "coordinate/certificate_look.html",
        form=form,
        look=before,
        accents=accents,
        today=load.today(db.session(), me(), clock.now()),
    )
    return answer, 422 if form.errors else 200


@blueprint.get("/coordinate/certificate-look/logo.png")
@requires(Can.COORDINATE)
def certificate_logo() -> Response:
    """The logo as it is printed."""
    look = looks.own(db.session(), by=me())
    if look is None or look.logo is None:
        abort(404)
    return _png(look.logo)


@blueprint.get("/coordinate/certificate-look/signature-<int:place>.png")
@requires(Can.COORDINATE)
def certificate_signature(place: int) -> Response:
    """The signature of the first, second or third who signs."""
    look = looks.own(db.session(), by=me())
    found = look.signatures[place - 1] if look and 1 <= place <= MOST_SIGNATORIES else None
    return _png(found) if found else abort(404)


def _png(data: bytes) -> Response:
    response = make_response(data)
    response.content_type = "image/png"
    return response


@blueprint.post("/coordinate/certificate-look/specimen")
@requires(Can.COORDINATE)
def certificate_specimen() -> ResponseReturnValue:
    """Have a specimen drawn, and follow that on a page of its own."""
    try:
        job_id = specimens.begin(by=me(), now=clock.now())
    except specimens.NoCourseError:
        flash(_("There is no course yet that a certificate could be about."), "warning")
        return redirect(url_for("coordinate.certificate_look"), 303)
    except work.TooMuchError:
        flash(_("You have several exports under way. Wait for one of them, or cancel it."), "warning")
        return redirect(url_for("coordinate.overview"), 303)
    return redirect(url_for("work.progress", job_id=job_id), 303)


WORDS[work.CERTIFICATE_SPECIMEN] = Words(
    title=lambda _found: _("A specimen of your certificates"),
    about=lambda _found: _(
        "One page as it is printed, of nobody: without a number, a code or a signature in the file."
    ),
    units=lambda done, total: ngettext(
        "%(done)s of %(total)s page", "%(done)s of %(total)s pages", total, done=done, total=i18n.format_number(total)
    ),
    begun_at=lambda _found: url_for("coordinate.certificate_look"),
    found_at=lambda: (url_for("coordinate.overview"), _("your overview")),
)
