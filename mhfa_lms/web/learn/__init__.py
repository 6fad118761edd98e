"""Routes: learn."""

from flask import Blueprint

blueprint = Blueprint("learn", __name__)
