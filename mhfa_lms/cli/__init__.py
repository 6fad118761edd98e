"""The commands: `mhfa-lms ...`. A command's module is loaded when the command is used, so that `--help` is quick."""

import gc
import importlib
import os
import sys
from typing import Final

import click

from mhfa_lms import __version__
from mhfa_lms.settings import SettingsError

# Each command: where it is (module:attribute) and what it does.
COMMANDS: Final = {
    "serve": ("serve:serve", "Start everything: migrate, publish courses, run the web and one worker."),
    "web": ("serve:web", "Run the web processes only."),
    "worker": ("worker:worker", "Run one worker: mails, jobs, reminders."),
    "tick": ("worker:tick", "Post what is due, once, now or as if at another time."),
    "send-mail": ("worker:send_mail", "Deliver the mails that wait."),
    "db": ("database:db", "Bring the database up to date, or check it."),
    "demo": ("demo:demo", "Add invented people and their work; safe to repeat."),
    "organisations": ("organisations:organisations", "Make organisations."),
    "users": ("users:users", "Make accounts, close them and open them again."),
    "courses": ("publishing:courses", "Check, publish, accept, begin and compare courses."),
    "certificates": ("certificates:certificates", "Issue, revoke, replace, draw and check certificates."),
    "keys": ("keys:keys", "See, rotate and hand out the keys that sign certificates and badges."),
    "rules": ("rules:rules", "See and set an organisation's rules: pass mark, validity, reminders."),
    "register": ("register:register", "Export the register of first aiders."),
    "status": ("status:status", "Say whether the installation is well, and what to do if not."),
    "outbox": ("outbox:outbox", "See the mails and try failed ones again."),
    "reminders": ("reminders:reminders", "Explain why a reminder went or did not go."),
    "audit": ("audit:audit", "Check the audit trail."),
    "export-person": ("people:export_person", "Write out everything held about a person."),
    "erase-person": ("people:erase_person", "Erase a person down to what checking a certificate needs."),
    "retention": ("retention:retention", "Remove what is not to be kept any more, or see what would go."),
    "backup": ("backup:backup", "Write the database and the files into one archive."),
    "restore": ("backup:restore", "Bring an archive back."),
    "routes": ("routes:routes", "List every route with its methods and permission."),
}
WRONG_SETTINGS: Final = 2


class LazyGroup(click.Group):
    """A group whose commands are imported on use; the list of commands needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click fixes the signature
        """Return the commands' names, in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command, or None when there is no such one."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        # Next to nothing that loading makes is garbage, and looking for it takes an eighth of the time.
        gc.disable()
        try:
            found = getattr(importlib.import_module(f"mhfa_lms.cli.{module}"), attribute)
        finally:
            gc.enable()
        if not isinstance(found, click.Command):
            raise TypeError(f"{module}:{attribute} is not a command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_place, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mhfa-lms")
def cli() -> None:
    """A learning platform for first aid for mental health.

    `mhfa-lms serve --demo` shows it with invented people. Settings are read from variables whose names start with
    MHFA_; docs/operating.md lists them.
    """


def main() -> int:
    """Run the command line; returns the exit code. Wrong settings are named one by one and end with 2."""
    try:
        " ".join(sys.argv).encode()
    except UnicodeEncodeError:
        click.echo("The words of this command are not valid UTF-8.", err=True)
        return WRONG_SETTINGS
    try:
        cli.main(prog_name="mhfa-lms")
    except SettingsError as error:
        click.echo("The settings are not right yet:", err=True)
        for problem in error.problems:
            click.echo(f"  {problem}", err=True)
        return WRONG_SETTINGS
    except OSError as error:
        # A full disk, a folder that is not there: something for whoever runs this, not a mistake of the program.
        click.echo(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True)
        forget_output()
    return 1


def forget_output() -> None:
    """Let go of what standard output would not take, so that nothing is tried again at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


__all__ = ["cli", "main"]
