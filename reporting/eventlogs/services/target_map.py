"""The map on which a log is brought in: the workflow's own, or one observed in the log."""

from datetime import datetime

from reporting.eventlogs.services.observed_map import LogSurvey, create_observed_version
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import get_version_map
from workflows.definitions.queries.sources import looks_like_file, read_definition_file
from workflows.definitions.services.publishing import load_definition, publish
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import grouped, plural_text
from workflows.people.models import User


def find_or_make_version(
    source: str, seen: LogSurvey, actor: User | None, now: datetime
) -> tuple[TemplateVersion, bool]:
    """The version that the log belongs to, and whether it was made from the log."""
    if looks_like_file(source):
        version, _ = load_definition(read_definition_file(source), actor=actor, now=now)
        if version.state == TemplateVersion.DRAFT:
            version = publish(version.pk, actor=actor, now=now)
        return version, False
    template = WorkflowTemplate.objects.filter(key=source).first()
    if template is None:
        return create_observed_version(source, seen, actor, now), True
    versions = template.versions.select_related("template").order_by("-number")
    newest = versions.exclude(state=TemplateVersion.DRAFT).first()
    if newest is None:
        raise InvalidInput(
            "'%(source)s' has only a draft; publish it before a log is brought in.", source=source
        )
    if newest.state == TemplateVersion.OBSERVED and not _covers_log(newest, seen):
        return create_observed_version(source, seen, actor, now, template), True
    return newest, False


def _covers_log(version: TemplateVersion, seen: LogSurvey) -> bool:
    names = _step_keys_by_name(version)
    fields = get_version_map(version).graph.definition.fields
    return set(seen.activities) <= set(names) and seen.fields <= set(fields)


def _step_keys_by_name(version: TemplateVersion) -> dict[str, str]:
    """Step keys by what a log may call them: the step's name, or its key."""
    graph = get_version_map(version).graph
    human = [key for key in graph.steps if graph[key].kind != "end"]
    return {key: key for key in human} | {graph.title(key): key for key in human}


def map_activities(version: TemplateVersion, seen: LogSurvey) -> dict[str, str]:
    """The step that each activity of the log is. Raises InvalidInput for one that is none."""
    names = _step_keys_by_name(version)
    unknown = [activity for activity in seen.activities if activity not in names]
    if unknown:
        raise InvalidInput(
            plural_text(
                "'%(workflow)s' has no step '%(step)s'. An activity is written as a step's name or"
                " key; to let Handoff draw the map from the log, give a key that does not exist"
                " yet.",
                "'%(workflow)s' has no step '%(step)s' (and %(others)s more). An activity is"
                " written as a step's name or key; to let Handoff draw the map from the log, give"
                " a key that does not exist yet.",
                len(unknown),
                workflow=version.template.key,
                step=unknown[0],
                others=grouped(len(unknown) - 1),
            )
        )
    return {activity: names[activity] for activity in seen.activities}
