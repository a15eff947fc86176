"""What automation steps do outside: guarded calls, mails, and the attempts that keep count."""
