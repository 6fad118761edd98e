"""The blueprint the learner's routes hang on."""

from flask import Blueprint

blueprint = Blueprint("learn", __name__)
