"""Indexes on rows of workflows that only the reports read by."""

from django.db import migrations

INDEXES = {
    "tasks_by_arrival": "workflows_workitem (enabled_at)",
    "tasks_by_end": "workflows_workitem (completed_at) WHERE completed_at IS NOT NULL",
    "tasks_by_cancelling": "workflows_historicalworkitem (history_date) WHERE state = 'cancelled'",
    "requests_by_start": "workflows_workflowinstance (started_at)",
    "requests_by_end": "workflows_workflowinstance (completed_at) WHERE completed_at IS NOT NULL",
}


class Migration(migrations.Migration):
    """Make them."""

    dependencies = [("reporting", "0002_initial"), ("workflows", "0002_database_guards")]

    operations = [
        migrations.RunSQL(
            f"CREATE INDEX IF NOT EXISTS {name} ON {columns}", f"DROP INDEX IF EXISTS {name}"
        )
        for name, columns in INDEXES.items()
    ]
