"""Why a refresher renews nothing for somebody, in words."""

from mhfa_lms.i18n import format_date
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Certificate, Enrolment
from mhfa_lms.services.renewal import Refused, WhyNot


def early_words(held: Certificate, *, done: bool) -> str:
    """Return what becomes of a refresher that was begun before the certificate can be renewed."""
    day = format_date(held.window_opens_on)
    if done:
        return _(
            "You have done all of it. On %(day)s your certificate is renewed on its own, and we write to you. "
            "There is nothing more to do.",
            day=day,
        )
    return _(
        "Your certificate can be renewed from %(day)s. If you finish this refresher before that, it waits, your "
        "certificate is renewed on its own on that day, and we write to you.",
        day=day,
    )


def refresher_words(refused: Refused, under_way: Enrolment | None = None) -> str:
    """Return some sentences for the learner, who may be on the refresher already."""
    held = refused.certificate
    if held is None or refused.why is WhyNot.NOTHING:
        return _("This refresher renews a certificate. You have none that it could renew: take the full course.")
    if refused.why is WhyNot.FULL_COURSE_NEXT:
        return _(
            "You renewed with a refresher last time. Your organisation asks for the full course every second time, so "
            "this refresher would not renew your certificate now."
        )
    if refused.why is WhyNot.NOT_YET and under_way:
        return early_words(held, done=under_way.ready_since is not None)
    if refused.why is WhyNot.NOT_YET:
        return _(
            "This refresher counts from %(day)s, when your certificate can be renewed.",
            day=format_date(held.window_opens_on),
        )
    return _(
        "Your certificate could be renewed with a refresher until %(day)s. Now the full course is needed.",
        day=format_date(held.window_closes_on),
    )
