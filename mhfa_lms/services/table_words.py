"""What each table holds about a person, in words for that person."""

from mhfa_lms.i18n import gettext as _


def table_words() -> dict[str, str]:
    """Return a few words for each table in the language in use."""
    return {
        "account": _(
            "Your account: the address you sign in with, your language, and when you accepted the privacy notice"
        ),
        "adjustment": _("What was agreed for you, such as more time, with the reason"),
        "activity_report": _("The activities you said you have done, with your note and your instructor’s answer"),
        "attempt": _("Your attempts at assessments, with the points"),
        "attempt_answer": _("Your answers in assessments"),
        "attempt_release": _("Further attempts you were given, with the reason"),
        "attendance": _("The sessions you were enrolled on, and whether you came"),
        "audit_event": _("What you did on this site and when, as a word and a number each"),
        "authorisation": _("What you are authorised to teach and mark"),
        "background_check": _("Until when your background check counts, and nothing else about it"),
        "authorisation_extension": _("More time you were given to teach and mark, with the reason"),
        "authorisation_reminder": _("When you were reminded that an authorisation ends"),
        "awaited_certificate": _("Earlier certificates that an organisation keeps for you until you join"),
        "badge": _("The badges of your certificates, as they were signed"),
        "certificate": _("Your certificates"),
        "certificate_import": _("Tables of earlier certificates that you had recorded, by the file’s name"),
        "certificate_correction": _("That a certificate was corrected, why, and by whom"),
        "course_acceptance": _("Courses you opened without a clinical review"),
        "conversation_run": _(
            "Where you are in practice conversations, and what you chose in them. Nobody else sees it"
        ),
        "contact_draft": _("What you began to write to a safeguarding lead and did not send. Nobody else can read it"),
        "course_reviewer": _("The courses you were asked to review, with the name and profession you review under"),
        "course_sign_off": _("The courses you signed off, with your name and profession, as everybody can read them"),
        "enrolment": _("The courses you are or were on"),
        "enrolment_correction": _("Corrections of a course that reached you while you were on it"),
        "failing_address": _("That mail to your address was refused, and when"),
        "format_request": _("Your wishes for a text in another form"),
        "half_open_login": _("Where you typed your password and the second step was still to come"),
        "help_check": _("When you checked help lines"),
        "invitation": _("Invitations sent to your address"),
        "job": _("Work the site did for you, such as files you asked for"),
        "login_session": _("The browsers you signed in with"),
        "mail_try": _("When a mail to you could not be sent, and what the mail server said"),
        "mark": _("The marks of your written answers, with what was said about them"),
        "mark_draft": _("Marks you began to give"),
        "membership": _("Your place in each organisation: name, site, languages, work address, being listed"),
        "membership_role": _("Your roles in each organisation"),
        "message": _("Mails the site sent you, as the facts in them"),
        "one_time_link": _("Links you were sent to confirm an address or choose a password, without their secret part"),
        "passkey_challenge": _("Where a passkey was asked for a moment ago"),
        "practice_answer": _("Your answers to the questions inside steps. Nobody else sees them"),
        "recovery_code": _("How many recovery codes you have, without the codes"),
        "reflection": _("What you wrote for yourself beside steps. Nobody else can read it on this site"),
        "reminder": _("When you were reminded to renew a certificate"),
        "safeguarding_case": _("When you asked for somebody to get in touch, or somebody worried about you"),
        "safeguarding_entry": _("What you wrote then. Only safeguarding leads can read it"),
        "review_comment": _("What you wrote about passages of courses when reviewing them"),
        "scenario_answer": _("What you wrote about scenarios"),
        "second_step": _("The passkeys and apps you sign in with, without their secret part"),
        "sent_later": _("What you did without a connection and your device sent later. Nobody else sees it"),
        "step_progress": _("The steps you finished, and how. Nobody else sees how"),
        "stored_file": _("Which files belong to you"),
    }
