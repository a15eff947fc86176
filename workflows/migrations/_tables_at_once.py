"""A first migration makes its tables at once, as they are after its last operation.

Django renders the classes of all related models anew after each operation, and SQLite copies a
table for each constraint. Where nothing is there yet, neither is of use, and both are most of what
a first start costs. The operations stay what they are: the state and the way back are Django's.
"""

from typing import Any

from django.db import migrations, router
from django.db.migrations.state import ProjectState


class TablesAtOnce(migrations.Migration):
    """Makes the tables of its app whole; one operation after the other where some are there."""

    def apply(
        self, project_state: ProjectState, schema_editor: Any, collect_sql: bool = False
    ) -> ProjectState:
        """The same tables, columns, indexes and constraints as operation by operation."""
        if self._is_begun(schema_editor.connection):
            return super().apply(project_state, schema_editor, collect_sql)
        # Without rendered classes, an operation changes the state and renders nothing.
        project_state.__dict__.pop("apps", None)
        self.mutate_state(project_state, preserve=False)
        rendered = project_state.apps
        alias = schema_editor.connection.alias
        for label, name in list(project_state.models):
            if label == self.app_label:
                model = rendered.get_model(label, name)
                if model._meta.can_migrate(alias) and router.allow_migrate_model(alias, model):
                    schema_editor.create_model(model)
        return project_state

    def _is_begun(self, connection: Any) -> bool:
        """Whether a table of this app is there."""
        prefix = f"{self.app_label}_"
        return any(name.startswith(prefix) for name in connection.introspection.table_names())


class TablesLater(migrations.Migration):
    """Only says what there will be: the next migration of its app makes the tables at once."""

    def apply(
        self, project_state: ProjectState, schema_editor: Any, collect_sql: bool = False
    ) -> ProjectState:
        """The state alone."""
        self.mutate_state(project_state, preserve=False)
        return project_state
