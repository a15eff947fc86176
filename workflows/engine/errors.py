"""The one small family of errors; each message is a sentence its reader can act on."""


class HandoffError(Exception):
    """Something was refused; nothing was written. `str(error)` is meant for the user."""


class NotAllowed(HandoffError):
    """This person may not do this here."""


class WrongState(HandoffError):
    """The request or the work item is no longer, or not yet, in a state that allows this."""


class InvalidInput(HandoffError):
    """A value, a file or an argument is not what was asked for."""


class ChangedSince(HandoffError):
    """Values or documents changed after the person saw them; the new ones must be seen first."""


class DefinitionProblem(HandoffError):
    """A definition cannot be read, or its map cannot be published as it is."""


class MergeConflict(HandoffError):
    """Parallel branches disagree and a person must choose before the request goes on."""


class NotFound(HandoffError):
    """There is no such workflow, request or work item, or this person may not see it."""


class WorkflowPaused(WrongState):
    """The workflow is paused: nothing starts on it until it is resumed."""


class WorkflowRetired(NotFound):
    """The workflow is out of use: nothing starts on it until a version is published again."""
