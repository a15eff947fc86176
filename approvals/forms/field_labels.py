"""What the fields of a form are called, by the names under which a browser sends them."""

from django import forms

from approvals.forms.rows_box import RowsBox


def labels_of_form(form: forms.BaseForm) -> dict[str, str]:
    """The label of each field, and of each column of a table."""
    labels: dict[str, str] = {}
    for field in form:
        labels[field.html_name] = str(field.label)
        if isinstance(field.field.widget, RowsBox):
            columns = field.field.widget.columns.items()
            labels |= {f"{field.html_name}-{key}": column.label for key, column in columns}
    return labels
