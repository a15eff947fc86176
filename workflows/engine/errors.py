"""The one small family of errors; each message is a sentence its reader can act on."""

from workflows.engine.texts import Text


class SentenceError(Exception):
    """What went wrong, as a sentence with places. `str(error)` is meant for the user, in the
    language of whoever reads it; `text` is what it is made from."""

    def __init__(self, text: Text | str = "", /, **parameters: object) -> None:
        self.text = text if isinstance(text, Text) else Text(text, parameters)
        super().__init__(self.text)

    def __str__(self) -> str:
        return str(self.text)


class HandoffError(SentenceError):
    """Something was refused; nothing was written."""


def text_of(problem: Exception) -> Text | str:
    """What an error says: as it is kept where it is one of this family, else its own words."""
    sentence = getattr(problem, "text", None)
    return sentence if isinstance(sentence, Text) else str(problem)


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
