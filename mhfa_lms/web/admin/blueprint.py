"""The blueprint the administrator's routes hang on."""

from flask import Blueprint

blueprint = Blueprint("admin", __name__)
