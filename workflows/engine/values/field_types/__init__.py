"""The types of fields: a file for each family, registered by name in the order that lists show.

A type says how its values are read, kept, compared by rules and written for others; what pages
make of it (a widget, words to read) is registered beside the pages under the same name.
"""

# The order of these is the order of every list of types.
# isort: off
from workflows.engine.values.field_types import texts as texts
from workflows.engine.values.field_types import amounts as amounts
from workflows.engine.values.field_types import words as words
from workflows.engine.values.field_types import dates as dates
from workflows.engine.values.field_types import people as people
from workflows.engine.values.field_types import documents as documents
from workflows.engine.values.field_types import resources as resources
from workflows.engine.values.field_types import contacts as contacts
from workflows.engine.values.field_types import several as several
from workflows.engine.values.field_types import several_documents as several_documents
from workflows.engine.values.field_types import rows as rows
from workflows.engine.values.field_types import gone as gone
# isort: on
