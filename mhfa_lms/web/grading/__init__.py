"""Routes: grading."""

from flask import Blueprint

blueprint = Blueprint("grading", __name__)
