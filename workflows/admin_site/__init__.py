"""What all pages of the admin share: visibility, edit conflicts, actions that ask first."""
