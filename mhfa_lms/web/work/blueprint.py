"""The blueprint of long work."""

from flask import Blueprint

blueprint = Blueprint("work", __name__)
