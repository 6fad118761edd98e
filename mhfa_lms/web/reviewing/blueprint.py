"""The blueprint of reviewing."""

from flask import Blueprint

blueprint = Blueprint("reviewing", __name__)
