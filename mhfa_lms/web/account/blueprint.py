"""The blueprint the account routes hang on."""

from flask import Blueprint

blueprint = Blueprint("account", __name__)
