"""The boxes of the two role finders in the map editor."""

from workflows.definitions.admin.form_fields import LinesField, TextField
from workflows.definitions.admin.role_boxes import ROLE_BOXES, RoleBox

ROLE_BOXES.register("boss_of", RoleBox(lambda: TextField(rows=1, label="Manager of")))
ROLE_BOXES.register("departments", RoleBox(lambda: LinesField(label="Departments")))
