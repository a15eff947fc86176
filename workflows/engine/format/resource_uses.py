"""What a step takes of resources: a booking, a draw on a budget, and what it confirms."""

from pydantic import Field

from workflows.engine.format.parts import Count, DefinitionPart, FieldPath, Slug


class BookingDef(DefinitionPart):
    """A step has a resource to itself for a time: `{resource: room, from: starts, until: ends}`.

    A date begins with its day, and as the end takes the whole day. In an each-branch each row has
    what its own columns say: `{resource: room, from: row.starts, until: row.ends}`.
    """

    resource: FieldPath
    from_: FieldPath = Field(alias="from")
    until: FieldPath
    amount: Count | FieldPath | None = None


class SpendingDef(DefinitionPart):
    """A step draws on a budget: `{budget: cost_centre, amount: total}`.

    The budget is a resource, or one of the group `of` whose key a text or a choice gives; its
    period is that of the field `day`, or of the day on which it is drawn.
    """

    budget: FieldPath
    amount: FieldPath
    of: Slug | None = None
    day: FieldPath | None = None
