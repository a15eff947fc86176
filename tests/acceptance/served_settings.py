"""Settings of the sites that tests look at: the embedded ones, but for how passwords are kept. Two
dozen sites' people would cost half a second of a processor each, and so would each sign-in."""

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
