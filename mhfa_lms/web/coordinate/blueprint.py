"""The blueprint the coordinator's routes hang on."""

from flask import Blueprint

blueprint = Blueprint("coordinate", __name__)
