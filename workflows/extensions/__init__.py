"""What a company adds from outside: loaded last, when everything that is built in is there."""
