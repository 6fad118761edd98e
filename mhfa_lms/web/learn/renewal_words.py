"""Why a refresher renews nothing for somebody, in words."""

from mhfa_lms.i18n import format_date
from mhfa_lms.i18n import gettext as _
from mhfa_lms.services.renewal import Refused, WhyNot


def refresher_words(refused: Refused) -> str:
    """Return one or two sentences for the learner."""
    held = refused.certificate
    if held is None or refused.why is WhyNot.NOTHING:
        return _("This refresher renews a certificate. You have none that it could renew: take the full course.")
    if refused.why is WhyNot.FULL_COURSE_NEXT:
        return _(
            "You renewed with a refresher last time. Your organisation asks for the full course every second time, so "
            "this refresher would not renew your certificate now."
        )
    if refused.why is WhyNot.NOT_YET:
        return _(
            "This refresher counts from %(day)s, when your certificate can be renewed.",
            day=format_date(held.window_opens_on),
        )
    return _(
        "Your certificate could be renewed with a refresher until %(day)s. Now the full course is needed.",
        day=format_date(held.window_closes_on),
    )
