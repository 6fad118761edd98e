"""The blueprint the instructors' routes hang on."""

from flask import Blueprint

blueprint = Blueprint("grading", __name__)
