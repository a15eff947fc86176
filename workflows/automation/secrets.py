"""Credentials of connections; the keys are the services'."""

from workflows.services.secrets import SecretUnreadable, decrypt, encrypt, hide, mask

__all__ = ["SecretUnreadable", "decrypt", "encrypt", "hide", "mask"]
