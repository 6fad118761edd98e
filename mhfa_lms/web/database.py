"""Flask-SQLAlchemy bound to the plain engine and session of `mhfa_lms.db`: it closes the session after each request."""

from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session

from mhfa_lms import db


class BoundSQLAlchemy(SQLAlchemy):
    """The extension over a base, an engine and a session that exist already."""

    def _make_declarative_base(self, *_args: Any, **_options: Any) -> Any:
        # The extension would copy our base's body, whose type map and registry cannot be given twice.
        self.metadatas[None] = db.Base.metadata
        return db.Base

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:  # noqa: ARG002
        return db.engine()

    def _make_scoped_session(self, options: dict[str, Any]) -> scoped_session[Session]:  # type: ignore[override]  # noqa: ARG002  # ours is a plain session
        return db.sessions


database = BoundSQLAlchemy(model_class=db.Base)
