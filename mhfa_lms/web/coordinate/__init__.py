"""Routes: coordinate."""

from flask import Blueprint

blueprint = Blueprint("coordinate", __name__)
