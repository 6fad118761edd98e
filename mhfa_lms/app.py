"""The application: every part wired together, in reading order."""

from datetime import timedelta

from flask import Flask
from flask_compress import Compress
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from mhfa_lms import db, logs
from mhfa_lms.adapters import fonts
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.paths import templates_dir
from mhfa_lms.services import certification, course_media, names, reflections
from mhfa_lms.services.sessions import LASTS
from mhfa_lms.settings import Settings
from mhfa_lms.web import (
    access,
    account,
    admin,
    coordinate,
    errors,
    grading,
    headers,
    identity,
    learn,
    pages,
    public,
    requests,
    reviewing,
    safeguarding,
    standby,
    styleguide,
    work,
)
from mhfa_lms.web.assets import Assets, make_blueprint
from mhfa_lms.web.database import database

LARGEST_REQUEST = 2 * 1024 * 1024


def create_app(settings: Settings) -> Flask:
    """Return the web application for an installation. The database is bound, not migrated: `serve` does that."""
    logs.configure()
    db.configure(settings.database_url)
    certification.configure(settings.issuer_name)
    names.configure(fonts.coverage)
    reflections.configure(settings.private_keys)
    course_media.configure(FolderFiles(settings.data_dir / "files"))
    app = Flask("mhfa_lms", static_folder=None, template_folder=str(templates_dir()))
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        SESSION_COOKIE_NAME="__Host-session" if settings.secure else "session",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LASTS,
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=int(timedelta(hours=12).total_seconds()),
        COMPRESS_ALGORITHM=["gzip"],  # as small as brotli at the level that would take as long
        COMPRESS_MIN_SIZE=500,
        COMPRESS_EVALUATE_CONDITIONAL_REQUEST=False,  # pages carry no validators, assets are never asked for again
        PROPAGATE_EXCEPTIONS=False,
    )
    app.extensions["mhfa_settings"] = settings
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    requests.init(app)
    standby.init(app, settings)
    database.init_app(app)
    identity.init(app)
    csrf = CSRFProtect(app)
    Compress(app)
    assets = app.extensions["mhfa_assets"] = Assets()
    pages.init(app, settings, assets)
    app.before_request(access.hold_back)
    headers.init(app, settings)
    errors.init(app)
    app.register_blueprint(make_blueprint(assets))
    for part in (public, account, learn, grading, safeguarding, coordinate, work, admin, reviewing, styleguide):
        app.register_blueprint(part.blueprint)
    csrf.exempt(account.language.language)
    csrf.exempt(public.stop.stop_now)
    access.check_every_route(app)
    return app
