"""The addresses that ops has set up: a team's mail, a chat of a person or a team."""

from django.contrib.auth.models import Group

from workflows.connections.secrets import decrypt
from workflows.notices.choices import AddressChannel
from workflows.notices.models import NoticeAddress
from workflows.people.models import User


def find_team_mail(team: Group) -> str:
    """A team's own mail address; nothing where it has none in use."""
    mails = NoticeAddress.objects.filter(team=team, channel=AddressChannel.MAIL, is_active=True)
    return mails.values_list("mail", flat=True).first() or ""


def find_chat_address(owner: User | Group) -> NoticeAddress | None:
    """The chat of a person or a team, where one is in use."""
    rows = NoticeAddress.objects.filter(channel=AddressChannel.CHAT, is_active=True)
    return (
        rows.filter(person=owner) if isinstance(owner, User) else rows.filter(team=owner)
    ).first()


def read_chat_url(address: NoticeAddress) -> str:
    """A chat's address in Apprise's notation, deciphered; nobody is shown it."""
    return decrypt(address.secret)
