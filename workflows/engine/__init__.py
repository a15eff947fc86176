"""The rules of workflows in pure Python: no Django, no clock, no input and output."""
