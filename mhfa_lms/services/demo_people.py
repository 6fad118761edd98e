"""The demonstration's invented people: who they are, where they belong, and how far they have come."""

from dataclasses import dataclass, field
from typing import Final

from mhfa_lms.models import Audience, Role

DOMAIN: Final = "demo.example"
V, E, W, OTHER = Audience.VOLUNTEER, Audience.EDUCATOR, Audience.WORKPLACE, Audience.OTHER


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation with its sites."""

    slug: str
    name: str
    country: str
    timezone: str
    sites: tuple[str, ...] = ()
    parent: str | None = None
    open_to_join: bool = False


ALDER: Final = "alder-valley"
HARBOUR: Final = "harbour-line"
COUNTY: Final = "alder-county"
PLACES: Final = (
    Place(COUNTY, "Alder County Education Partnership", "US", "America/New_York"),
    Place(
        ALDER,
        "Alder Valley School District",
        "US",
        "America/New_York",
        ("Alder Valley High School", "Brook Street Elementary", "District office", "Millpond Middle School"),
        COUNTY,
        open_to_join=True,
    ),
    Place(HARBOUR, "Harbour Line Logistics", "GB", "Europe/London", ("Dock 4", "Head office", "Northside depot")),
)


@dataclass(frozen=True, slots=True)
class Certified:
    """Has a certificate that expires in so many days from today (negative: it has expired)."""

    expires_in: int
    revoked: str = ""
    corrected: str = ""  # the name as it should have been: the certificate was replaced
    reminded: bool = True  # False leaves the newest reminder for the worker to send
    evidence: str = ""  # what was seen of a certificate from before, which was recorded here and not earned


@dataclass(frozen=True, slots=True)
class Learning:
    """Is on the course: steps done, the points of each attempt, and answers to the scenario.

    `wrote` holds `try-again`, `waiting`, `claimed` (by the organisation's last instructor) or `draft`.
    """

    days_ago: int
    steps: int = 0
    attempts: tuple[int, ...] = ()
    released: bool = False
    wrote: tuple[str, ...] = ()
    new_result: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person in one organisation."""

    address: str
    name: str
    place: str
    site: str = ""
    audience: Audience = V
    roles: tuple[Role, ...] = ()
    past: tuple[Certified, ...] = ()
    now: Learning | None = None
    listed: bool = True
    languages: str = "English"
    left: bool = False
    authorised_for: int | None = None
    checked_for: int | None = None  # days for which the background check still counts
    admin: bool = field(default=False)

    @property
    def email(self) -> str:
        """The whole address."""
        return f"{self.address}@{DOMAIN}"


HIGH, BROOK, OFFICE, MILL = PLACES[1].sites
DOCK, HEAD, NORTH = PLACES[2].sites
ALL: Final = 999

EVIDENCE: Final = "Instructor: Joan Pellew\nEarlier number: AV-2291\nPaper certificate seen at the district office"
# Who asks for another format.
ASKS: Final = "minh.tran"
# Help lines of the organisations' own, and how many days ago they were tried. The numbers are kept for fiction.
LINES: Final = (
    (
        ALDER,
        {
            "name": "Student and staff counselling",
            "phone": "202 555 0142",
            "text_number": "202 555 0143",
            "hours": "School days, 7:30 to 16:00. Outside them, use the national lines.",
            "languages": "English, Spanish",
            "for_whom": "Everybody who learns, teaches or works in the district",
        },
        40,
    ),
    (
        ALDER,
        {
            "name": "Safeguarding phone",
            "phone": "202 555 0117",
            "hours": "Day and night",
            "languages": "English",
            "for_whom": "Anybody worried about a child",
        },
        210,
    ),
    (
        HARBOUR,
        {
            "name": "Employee helpline",
            "phone": "020 7946 0018",
            "link": "https://help.harbour-line.example",
            "hours": "Day and night",
            "for_whom": "Everybody who works here, and their families",
        },
        12,
    ),
)

# The accounts that are printed at the start come first.
SHOWN: Final = (
    Person("learner", "Lena Okafor", ALDER, HIGH, V, now=Learning(12, steps=11), listed=False),
    Person("educator", "Edwin Castillo", ALDER, MILL, E, past=(Certified(62),), languages="English, Spanish"),
    Person(
        "instructor",
        "Ingrid Solheim",
        ALDER,
        OFFICE,
        E,
        (Role.INSTRUCTOR,),
        (Certified(700),),
        authorised_for=300,
        checked_for=640,
    ),
    Person(
        "second.instructor",
        "Samuel Ofori",
        ALDER,
        HIGH,
        E,
        (Role.INSTRUCTOR,),
        (Certified(455),),
        authorised_for=30,
        checked_for=24,
    ),
    Person("coordinator", "Carmen Delgado", ALDER, OFFICE, OTHER, (Role.COORDINATOR,), languages="English, Spanish"),
    Person("other.coordinator", "Owen Griffiths", HARBOUR, HEAD, W, (Role.COORDINATOR,), (Certified(810),)),
    Person("safeguarding", "Saira Malik", ALDER, OFFICE, OTHER, (Role.SAFEGUARDING,), (Certified(530),)),
    Person("admin", "Ada Lindqvist", COUNTY, "", OTHER, admin=True, listed=False),
)

MORE: Final = (
    # Alder Valley: certified, in every standing.
    Person("priya.raman", "Priya Raman", ALDER, HIGH, E, past=(Certified(960),), languages="English, Tamil"),
    Person("thomas.becker", "Thomas Becker", ALDER, HIGH, V, past=(Certified(611),), languages="English, German"),
    Person("leilani.kealoha", "Leilani Kealoha", ALDER, BROOK, E, past=(Certified(402),)),
    Person("ngozi.adeyemi", "Ngozi Adeyemi", ALDER, BROOK, V, past=(Certified(287),), languages="English, Yoruba"),
    Person(
        "minh.tran", "Trần Văn Minh", ALDER, MILL, V, past=(Certified(178, reminded=False),), languages="Vietnamese"
    ),
    Person("rosa.quispe", "Rosa Quispe Mamani", ALDER, MILL, E, past=(Certified(118),), languages="Spanish, Quechua"),
    Person("yusuf.demir", "Yusuf Demir", ALDER, HIGH, V, past=(Certified(28, reminded=False),), listed=False),
    Person("aiyana.begay", "Aiyana Begay", ALDER, BROOK, E, past=(Certified(5),)),
    Person("kwame.mensah", "Kwame Mensah", ALDER, HIGH, V, past=(Certified(-12),)),
    Person("hana.suzuki", "Suzuki Hana", ALDER, MILL, E, past=(Certified(-32, reminded=False),), languages="Japanese"),
    Person("declan.obrien", "Declan O’Brien", ALDER, OFFICE, V, past=(Certified(-140),)),
    Person("fatou.diallo", "Fatou Diallo", ALDER, HIGH, V, past=(Certified(-400),), languages="English, French"),
    Person("marek.nowak", "Marek Nowak", ALDER, BROOK, V, past=(Certified(520, revoked="Issued to the wrong person"),)),
    Person("zoe.papadaki", "Zoe Papadaki", ALDER, MILL, E, past=(Certified(880, corrected="Zoë Papadáki"),)),
    Person("olivia.hart", "Olivia Hart", ALDER, HIGH, E, past=(Certified(-21), Certified(1055))),
    Person("tariq.haddad", "Tariq Haddad", ALDER, MILL, V, past=(Certified(74), Certified(1080))),
    Person("june.whitehorse", "June Whitehorse", ALDER, BROOK, V, past=(Certified(333),), left=True),
    Person("walter.ames", "Walter Ames", ALDER, OFFICE, V, past=(Certified(226, evidence=EVIDENCE),)),
    # Alder Valley: on the way.
    Person("mateo.silva", "Mateo Silva", ALDER, HIGH, V, now=Learning(21, ALL, (13,), wrote=("waiting",))),
    Person("grace.kim", "Kim Ji-woo", ALDER, MILL, E, now=Learning(25, ALL, (12,), wrote=("waiting",))),
    Person("amara.bello", "Amara Bello", ALDER, BROOK, V, now=Learning(18, ALL, (9, 14), wrote=("waiting",))),
    Person("henrik.dahl", "Henrik Dahl", ALDER, HIGH, E, now=Learning(30, ALL, (15,), wrote=("claimed",))),
    Person("noura.said", "Noura Said", ALDER, MILL, V, now=Learning(34, ALL, (12,), wrote=("try-again", "waiting"))),
    Person(
        "eli.cohen", "Eli Cohen", ALDER, OFFICE, V, now=Learning(40, ALL, (14,), wrote=("try-again",), new_result=True)
    ),
    Person("ana.ribeiro", "Ana Ribeiro", ALDER, HIGH, E, now=Learning(16, ALL, (), wrote=("draft",))),
    Person("david.osei", "David Osei", ALDER, BROOK, V, now=Learning(28, ALL, (8, 10))),
    Person("mei.lin", "Lin Mei", ALDER, MILL, V, now=Learning(36, ALL, (7, 11), released=True)),
    Person("sofia.ivanova", "Sofia Ivanova", ALDER, HIGH, V, now=Learning(9, ALL, (10,))),
    Person("jamal.carter", "Jamal Carter", ALDER, HIGH, V, now=Learning(6, steps=3)),
    Person("ines.moreau", "Inès Moreau", ALDER, BROOK, E, now=Learning(2)),
    # Harbour Line.
    Person("gwen.pritchard", "Gwen Pritchard", HARBOUR, HEAD, W, (Role.SAFEGUARDING,), (Certified(390),)),
    Person("ravi.patel", "Ravi Patel", HARBOUR, NORTH, W, (Role.INSTRUCTOR,), (Certified(640),), authorised_for=410),
    Person(
        "agnieszka.wojcik", "Agnieszka Wójcik", HARBOUR, DOCK, W, past=(Certified(902),), languages="English, Polish"
    ),
    Person("callum.fraser", "Callum Fraser", HARBOUR, DOCK, W, past=(Certified(88, reminded=False),)),
    Person("siobhan.kelly", "Siobhán Kelly", HARBOUR, NORTH, W, past=(Certified(44),)),
    Person(
        "bogdan.popescu", "Bogdan Popescu", HARBOUR, NORTH, W, past=(Certified(-45),), languages="English, Romanian"
    ),
    Person("adaeze.nwosu", "Adaeze Nwosu", HARBOUR, HEAD, W, past=(Certified(-210),)),
    Person(
        "harpreet.gill",
        "Harpreet Gill",
        HARBOUR,
        DOCK,
        W,
        (Role.INSTRUCTOR,),
        (Certified(265),),
        languages="English, Punjabi",
        authorised_for=-20,
    ),
    Person("tamsin.lowe", "Tamsin Lowe", HARBOUR, NORTH, W, now=Learning(15, ALL, (14,), wrote=("waiting",))),
    Person("femi.balogun", "Femi Balogun", HARBOUR, DOCK, W, now=Learning(20, ALL, (11,))),
    Person("layla.rahimi", "Layla Rahimi", HARBOUR, DOCK, W, now=Learning(8, steps=14), languages="English, Dari"),
    Person("piotr.zielinski", "Piotr Zieliński", HARBOUR, HEAD, W, now=Learning(4, steps=2)),
)

# A second membership: this person teaches at the schools and learns at the depot.
TWICE: Final = Person("second.instructor", "Sam Ofori", HARBOUR, NORTH, W, now=Learning(11, steps=6), listed=False)
PEOPLE: Final = (*SHOWN, *MORE, TWICE)


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that nobody has answered yet."""

    email: str
    name: str
    place: str
    site: str
    days_ago: int
    failed: bool = False


INVITED: Final = (
    Invited("beatriz.santos@partner.example", "Beatriz Santos", ALDER, HIGH, 0),
    Invited("omar.farouk@partner.example", "Omar Farouk", ALDER, MILL, 2),
    Invited("wendy.cho@old-address.example", "Wendy Cho", ALDER, BROOK, 3, failed=True),
    Invited("lukas.meyer@partner.example", "Lukas Meyer", ALDER, OFFICE, 40),
    Invited("shanice.brown@partner.example", "Shanice Brown", HARBOUR, DOCK, 1),
)
# Whose help lines an administrator checked, and how many days ago.
CHECKED: Final = (("US", 20), ("GB", 20), ("IE", 200))

# What the screen at the start says of the accounts.
ROLES: Final = (
    ("learner", "half way through the course"),
    ("educator", "certified; time to renew"),
    ("instructor", "marks answers"),
    ("second.instructor", "marks too; learns in a second organisation"),
    ("coordinator", "keeps the register of Alder Valley School District"),
    ("other.coordinator", "does so at Harbour Line Logistics"),
    ("safeguarding", "named for people’s safety"),
    ("admin", "runs the installation"),
)
