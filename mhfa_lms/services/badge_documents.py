"""What badges say (Open Badges 3.0 on W3C Verifiable Credentials 2.0): pure functions from facts to unsigned documents.

One issuer per installation, named by its host (did:web); the organisation that trained somebody stands inside.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mhfa_lms.i18n import gettext as _

CREDENTIALS: Final = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES: Final = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
DID: Final = "https://www.w3.org/ns/did/v1"
MULTIKEY: Final = "https://w3id.org/security/multikey/v1"
PURPOSE: Final = "revocation"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Issuer:
    """The installation as the issuer of badges: its https address without a slash at the end, and its name."""

    base_url: str
    name: str

    @property
    def did(self) -> str:
        """The issuer's identifier, which leads to `/.well-known/did.json`. A port's colon is escaped."""
        return f"did:web:{quote(self.base_url.split('://', 1)[1], safe='')}"

    def key(self, name: str) -> str:
        """Return the address of a public key."""
        return f"{self.did}#{name}"

    def status_list(self, number: int) -> str:
        """Return the address of a list."""
        return f"{self.base_url}/status/{number}"

    @property
    def profile(self) -> Document:
        """The issuer as it stands in credentials."""
        return {"id": self.did, "type": ["Profile"], "name": self.name, "url": self.base_url}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a badge is made from: a certificate as issued, and the badge's place in a list."""

    code: str
    name: str
    type_slug: str
    type_name: str
    type_description: str
    organisation_slug: str
    organisation_name: str
    timezone: str
    locale: str
    starts_on: date
    expires_on: date
    status_list: int
    position: int


def credential(facts: Facts, issuer: Issuer) -> Document:
    """Return a badge in the language in use, without its proof."""
    status = issuer.status_list(facts.status_list)
    return {
        "@context": [CREDENTIALS, OPEN_BADGES],
        "id": f"{issuer.base_url}/credentials/{facts.code}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": facts.type_name,
        "issuer": issuer.profile,
        "validFrom": _instant(facts.starts_on, facts.timezone),
        "validUntil": _instant(facts.expires_on + timedelta(days=1), facts.timezone, before=timedelta(seconds=1)),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            # The name in full: the holder hands the badge on, as they do the paper. A salted hash beside its salt hides
            # no name from anybody who has a list of names, and nobody could read it.
            "identifier": [
                {"type": "IdentityObject", "identityType": "name", "hashed": False, "identityHash": facts.name}
            ],
            "source": {
                "id": f"{issuer.base_url}/join/{facts.organisation_slug}",
                "type": ["Profile"],
                "name": facts.organisation_name,
            },
            "achievement": {
                **achievement(facts.type_slug, facts.type_name, facts.type_description, issuer),
                "inLanguage": facts.locale,
            },
        },
        "credentialStatus": {
            "id": f"{status}#{facts.position}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": PURPOSE,
            "statusListIndex": str(facts.position),
            "statusListCredential": status,
        },
    }


def achievement(slug: str, name: str, description: str, issuer: Issuer) -> Document:
    """Return what one certification type stands for, in the language in use."""
    return {
        "id": f"{issuer.base_url}/achievements/{slug}",
        "type": ["Achievement"],
        "name": name,
        "description": description or _("Certified as: %(type)s", type=name),
        "criteria": {"narrative": narrative()},
    }


def achievement_document(slug: str, name: str, description: str, issuer: Issuer) -> Document:
    """Return the same as a document of its own."""
    return {"@context": [CREDENTIALS, OPEN_BADGES], **achievement(slug, name, description, issuer)}


def narrative() -> str:
    """Return what had to be done for a badge, in the language in use."""
    return _(
        "The holder finished a course that leads to this certification: every step of it, every session, the"
        " assessment, and the answers to scenarios. It counts for a set time, and is renewed by learning again."
    )


def status_list(number: int, encoded: str, issuer: Issuer, *, now: datetime) -> Document:
    """Return a list as a credential, without its proof. `encoded` is its bits, compressed, as text."""
    address = issuer.status_list(number)
    return {
        "@context": [CREDENTIALS],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer.did,
        "validFrom": _text(now),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": PURPOSE,
            "encodedList": encoded,
        },
    }


def did_document(issuer: Issuer, keys: list[tuple[str, str]]) -> Document:
    """Return the issuer's document: every key that ever signed a badge, as (name, Multikey), newest first."""
    return {
        "@context": [DID, MULTIKEY],
        "id": issuer.did,
        "verificationMethod": [
            {"id": issuer.key(name), "type": "Multikey", "controller": issuer.did, "publicKeyMultibase": public}
            for name, public in keys
        ],
        "assertionMethod": [issuer.key(name) for name, _public in keys],
    }


def _instant(day: date, zone: str, *, before: timedelta = timedelta()) -> str:
    """Return when a day begins in a zone, or so much before."""
    return _text(datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) - before)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
