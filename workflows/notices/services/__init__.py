"""The writers of notices, of people's choices, and of addresses of chats and teams."""
