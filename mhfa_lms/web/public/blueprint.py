"""The blueprint the public routes hang on."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)
