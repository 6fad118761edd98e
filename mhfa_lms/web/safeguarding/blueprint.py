"""The blueprint the safeguarding leads' routes hang on."""

from flask import Blueprint

blueprint = Blueprint("safeguarding", __name__)
