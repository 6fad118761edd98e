"""Whether this process can serve: database, migrations, courses."""

from sqlalchemy import select

from mhfa_lms.db import session as reading
from mhfa_lms.models import CourseRevision


def check() -> dict[str, bool]:
    """Return each part and whether it is ready; a database that does not answer makes all of them not ready."""
    from mhfa_lms import schema  # Alembic takes a while to load and only this check needs it

    try:
        return {
            "database": True,
            "migrations": schema.is_current(),
            "courses": reading().scalars(select(CourseRevision.id).limit(1)).one_or_none() is not None,
        }
    except Exception:
        reading().rollback()
        return {"database": False, "migrations": False, "courses": False}
