"""What each finding says, by its code: what would go wrong, and how to mend it."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.audit.sentences.chains import CHAIN_SENTENCES
from workflows.engine.audit.sentences.constraints import CONSTRAINT_SENTENCES
from workflows.engine.audit.sentences.ownership import OWNERSHIP_SENTENCES
from workflows.engine.audit.sentences.people import PEOPLE_SENTENCES
from workflows.engine.audit.sentences.public_form import PUBLIC_FORM_SENTENCES
from workflows.engine.audit.sentences.resource_uses import RESOURCE_SENTENCES
from workflows.engine.audit.sentences.rows import ROW_SENTENCES
from workflows.engine.audit.sentences.steps import STEPS_SENTENCES
from workflows.engine.audit.sentences.structure import STRUCTURE_SENTENCES
from workflows.engine.audit.sentences.tables import TABLES_SENTENCES
from workflows.engine.audit.sentences.values import VALUES_SENTENCES

__all__ = ["SENTENCES", "AuditSentences"]

SENTENCES: Final[Mapping[str, AuditSentences]] = {
    **OWNERSHIP_SENTENCES,
    **PEOPLE_SENTENCES,
    **ROW_SENTENCES,
    **CHAIN_SENTENCES,
    **STEPS_SENTENCES,
    **STRUCTURE_SENTENCES,
    **TABLES_SENTENCES,
    **VALUES_SENTENCES,
    **CONSTRAINT_SENTENCES,
    **RESOURCE_SENTENCES,
    **PUBLIC_FORM_SENTENCES,
}
