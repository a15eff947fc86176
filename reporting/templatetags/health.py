"""How pages say states and what is to be done."""

from django import template

from reporting.health.messages import describe_todo, state_light
from workflows.monitoring.messages import describe_check

register = template.Library()
register.filter("todo_text", describe_todo)
register.filter("state_light", state_light)
register.filter("check_text", describe_check)
