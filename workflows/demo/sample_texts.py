"""What the company's people write: forms, comments and small documents, in plausible words."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from django.core.files.base import ContentFile

from workflows.demo.company import EMPLOYEES
from workflows.demo.workshops import draw_workshop

MANAGERS = {employee.username: employee.manager for employee in EMPLOYEES}

Form = tuple[str, dict[str, Any], dict[str, ContentFile]]
"""A request's title, its values and its files."""

SUPPLIERS = (
    "Brightwater Optics",
    "Nordlab",
    "Keller & Sons",
    "Atlas Fixings",
    "Quill Software",
    "Meridian Cloud",
    "Fenwick Tools",
    "Sato Precision",
    "Harbour Print",
    "Linden Office",
)
BUYS = {
    "Hardware": ("Two oscilloscopes", "Server disks", "A label printer", "Network switches"),
    "Software": ("Drawing licences", "A test suite", "Backup licences", "A design tool"),
    "Services": ("Calibration of the ovens", "Translation of manuals", "A trade-fair stand"),
    "Material": ("Optical glass", "Brass fittings", "Packaging", "Cleaning agents"),
}
TRIPS = (
    "Customer visit in Graz",
    "Trade fair in Leipzig",
    "Supplier audit in Brno",
    "Training in Lyon",
    "Installation in Turin",
    "Job fair in Delft",
)
EQUIPMENT = {
    "Laptop": ("1450.00", "The old one does not hold its charge any more."),
    "Monitor": ("310.00", "Drawings do not fit on the small screen."),
    "Phone": ("520.00", "On call from next month."),
    "Chair": ("390.00", "Back trouble; the doctor's note is with the people team."),
    "Headset": ("95.00", "Calls with customers from the open office."),
}
PROBLEMS = {
    "Laptop": ("It turns itself off when it gets warm.", "The keyboard misses every third key."),
    "Mail": ("Mails to one customer come back.", "The calendar shows meetings an hour late."),
    "Network": ("No network in the calibration room.", "The connection from home drops."),
    "Accounting": ("The month cannot be closed.", "An invoice is shown twice."),
    "Design tools": ("The licence server is not found.", "Drawings open empty."),
}
NEWCOMERS = (
    ("Nils Berger", "Mechanic"),
    ("Aiko Sato", "Optics engineer"),
    ("Farah Karimi", "Accountant"),
    ("Jonas Vik", "Service technician"),
    ("Lucia Moretti", "Account manager"),
    ("Emeka Obi", "Tester"),
    ("Hanna Roth", "Buyer"),
    ("Piotr Zielinski", "Assembler"),
    ("Maud Leroy", "Technical writer"),
    ("Dario Conti", "Engineer"),
    ("Sanna Aalto", "Designer"),
    ("Rui Costa", "Warehouse clerk"),
    ("Vera Kovacs", "Sales assistant"),
    ("Tariq Aziz", "Welder"),
)
HIRING = ("nora", "ruth", "eva", "sofia")
SOLUTIONS = (
    "Changed the power supply.",
    "Renewed the licence.",
    "Set the time zone right.",
    "Replaced the cable and tested it.",
    "Restored last night's copy.",
    "Updated the driver.",
)
COMMENTS = {
    "return": (
        "The quote is from last year.",
        "Please add the cost centre.",
        "One receipt is missing.",
        "The hotel is above the limit; was that agreed?",
    ),
    "reject": (
        "Not this quarter.",
        "We have three of these in store.",
        "This belongs into next year's budget.",
    ),
    "refuse": ("The account number does not match.", "The terms are not what we agreed on."),
    "unavailable": ("Out of stock for two months.", "The supplier does not make it any more."),
    "broken": ("The screen arrived cracked.", "Wrong model in the box."),
    "faulty": ("It does not start.", "It makes a noise like a coffee mill."),
    "incomplete": ("Annex B is missing.", "This is not the signed draft."),
    "renegotiate": (
        "Liability must be limited.",
        "Thirty days is too short for us.",
        "Data must stay in the EU.",
    ),
    "ask": ("Since when?", "Please send a screenshot.", "Does it happen at home too?"),
    "answer": ("Since Monday.", "The screenshot is attached.", "Only in the office."),
    "escalate": ("Needs rights that I do not have.", "Looks like the core switch."),
    "hand_back": ("Done on the server; please check the desk.", "Not a security matter."),
    "not_ours": ("The coffee machine is with facilities.", "Please ask the supplier's support."),
    "change": ("She will work from home.", "A phone is enough for the first month."),
    "trouble": ("The badge does not open the lab.", "The drawing licence is missing."),
    "list_again": ("Two people of the plant are missing.",),
    "not_possible": ("The room is too small for so many.", "Painters are in on that day."),
    "cannot": ("I am away on that day.", "The supplier does not deliver before Monday."),
    "not_solved": ("It came back after lunch.", "Works for me, but not for Clara."),
}
REMARKS = ("Fine with me.", "Checked against the budget.", "As discussed.", "Thank you.")


def comment_for(rng: Random, outcome: str, *, required: bool) -> str:
    """What somebody writes with an outcome; often nothing where nothing is asked."""
    comments = COMMENTS.get(outcome)
    if required:
        return rng.choice(comments or ("See our talk of this morning.",))
    return rng.choice(REMARKS) if rng.random() < 0.15 else ""


def make_document(rng: Random, kind: str, *lines: str) -> ContentFile:
    """A small text file, as somebody might upload it."""
    number = rng.randrange(1000, 9999)
    text = "\n".join([f"{kind.capitalize()} {number}", "Halden Instruments", "", *lines, ""])
    return ContentFile(text.encode(), name=f"{kind}-{number}.txt")


# -- start forms ------------------------------------------------------------------------------


def _equipment_form(rng: Random, username: str) -> Form:
    item = rng.choice(tuple(EQUIPMENT))
    price, reason = EQUIPMENT[item]
    data = {"item": item, "reason": reason, "price": price, "manager": MANAGERS[username]}
    return f"{item} for {username.capitalize()}", data, {}


def _purchase_form(rng: Random, username: str) -> Form:
    category = rng.choice(tuple(BUYS))
    product, supplier = rng.choice(BUYS[category]), rng.choice(SUPPLIERS)
    euros = round(rng.lognormvariate(7.6, 1.1) / 10) * 10 + 90
    amount = f"{min(euros, 48000)}.00"
    data = {
        "what": product,
        "supplier": supplier,
        "amount": amount,
        "category": category,
        "manager": MANAGERS[username],
    }
    files = {"quote": make_document(rng, "quote", supplier, product, f"EUR {amount}")}
    return f"{product} from {supplier}", data, files if rng.random() < 0.6 else {}


def _contract_form(rng: Random, username: str) -> Form:
    partner = rng.choice(SUPPLIERS)
    value = f"{rng.randrange(6, 900) * 100}.00"
    data = {"partner": partner, "value": value, "personal_data": rng.random() < 0.4}
    return f"Contract with {partner}", data, {"contract": make_contract(rng, partner, value)}


def make_contract(rng: Random, partner: str, value: str) -> ContentFile:
    """A version of a contract."""
    return make_document(
        rng, "contract", f"between Halden Instruments and {partner}", f"EUR {value}"
    )


def _incident_form(rng: Random, username: str) -> Form:
    system = rng.choice(tuple(PROBLEMS))
    problem = rng.choice(PROBLEMS[system])
    impact = rng.choices(("One person", "A team", "Everybody"), (70, 25, 5))[0]
    files = {"screenshot": make_document(rng, "screenshot", problem)} if rng.random() < 0.25 else {}
    return problem.rstrip("."), {"problem": problem, "system": system, "impact": impact}, files


def _travel_form(rng: Random, username: str) -> Form:
    trip = rng.choice(TRIPS)
    amount = f"{rng.randrange(40, 1900)}.{rng.randrange(100):02}"
    files = {"receipts": make_document(rng, "receipts", trip, f"EUR {amount}")}
    return trip, {"purpose": trip, "amount": amount}, files if rng.random() < 0.7 else {}


def _onboarding_form(rng: Random, username: str) -> Form:
    name, job = rng.choice(NEWCOMERS)
    item = rng.choice(("Laptop", "Phone", "Monitor"))
    data = {
        "name": name,
        "job": job,
        "email": f"{name.lower().replace(' ', '.')}@mail.example",
        "place": rng.choice(("Head office", "Home")),
        "equipment": item,
        "price": EQUIPMENT[item][0],
        "manager": rng.choice(HIRING),
    }
    return f"{name}, {job.lower()}", data, {}


def _workshop_form(rng: Random, username: str) -> Form:
    title, data = draw_workshop(rng)
    return title, data, {}


FORMS: Mapping[str, Callable[[Random, str], Form]] = {
    "equipment-request": _equipment_form,
    "purchase-approval": _purchase_form,
    "contract-review": _contract_form,
    "it-incident": _incident_form,
    "travel-declaration": _travel_form,
    "employee-onboarding": _onboarding_form,
    "customer-workshop": _workshop_form,
}
