"""What all pages share: answers, typed text, formats, sessions."""
