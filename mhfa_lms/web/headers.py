"""Headers on every answer: a content security policy without exceptions, and no copies of personal pages."""

from typing import Final

from flask import Flask, Response, request

from mhfa_lms.settings import Settings
from mhfa_lms.web import devices
from mhfa_lms.web.identity import actor

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def init(app: Flask, settings: Settings) -> None:
    """Add the headers after every request."""

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", POLICY)
        headers["X-Content-Type-Options"] = "nosniff"
        headers.setdefault("Referrer-Policy", "same-origin")
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if settings.secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "assets.serve" and "Cache-Control" not in headers:
            # A shared computer must not show the last person's pages after they signed out. The pages behind links
            # from mails and those about joining show names and addresses to people who are not signed in.
            personal = actor() or response.status_code != 200 or request.blueprint == "account"
            headers["Cache-Control"] = "no-store" if personal else "no-cache"
            response.vary.update(("Accept-Language", "Cookie"))
        if not response.cache_control.public:
            # What caches hand to everybody must not say that it is one person's.
            devices.say_whose(response, actor(), settings)
        return response
