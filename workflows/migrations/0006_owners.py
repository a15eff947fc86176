import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

DEPUTY_HELP = "Stands in for the owner; never the owner."
OWNER_HELP = "Answers for who calls with it; hears when it stops working."


def person(title, related_name, *, help_text="", blank=False):
    """A key to somebody who may be missing."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        django.db.models.deletion.PROTECT,
        null=True,
        blank=blank,
        related_name=related_name,
        verbose_name=title,
        help_text=help_text,
    )


def past(to, title, *, help_text=""):
    """The same in a row of history, whatever became of whom it named."""
    return models.ForeignKey(
        to,
        django.db.models.deletion.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=title,
        help_text=help_text,
    )


def part(to, title, *, null=False):
    """A key to a part of a map."""
    return models.ForeignKey(
        to,
        django.db.models.deletion.CASCADE,
        null=null,
        related_name="part_owners",
        verbose_name=title,
    )


def name_owners_of_keys(apps, schema_editor):
    """Whoever made a webhook key answers for it, until it is handed over."""
    keys = apps.get_model("workflows", "WebhookKey")
    keys.objects.filter(owner=None).update(owner=F("created_by"))


class Migration(migrations.Migration):
    dependencies = [("workflows", "0005_moved_requests")]

    operations = [
        migrations.CreateModel(
            name="PartOwner",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("trigger", models.PositiveSmallIntegerField(null=True, verbose_name="trigger")),
                ("version", part("workflows.templateversion", "version")),
                ("step", part("workflows.step", "step", null=True)),
                ("owner", person("owner", "owned_parts")),
                ("deputy", person("deputy", "deputised_parts")),
            ],
            options={
                "verbose_name": "owner of a part",
                "verbose_name_plural": "owners of parts",
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        name="a_part_is_a_step_or_a_trigger",
                        condition=Q(step=None, trigger__isnull=False)
                        | Q(step__isnull=False, trigger=None),
                    ),
                    models.UniqueConstraint(fields=["step"], name="a_step_has_its_owners_once"),
                    models.UniqueConstraint(
                        fields=["version", "trigger"], name="a_trigger_has_its_owners_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalPartOwner",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        auto_created=True, blank=True, db_index=True, verbose_name="ID"
                    ),
                ),
                ("trigger", models.PositiveSmallIntegerField(null=True, verbose_name="trigger")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")],
                        max_length=1,
                    ),
                ),
                ("deputy", past(settings.AUTH_USER_MODEL, "deputy")),
                (
                    "history_user",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        django.db.models.deletion.SET_NULL,
                        null=True,
                        related_name="+",
                    ),
                ),
                ("owner", past(settings.AUTH_USER_MODEL, "owner")),
                ("step", past("workflows.step", "step")),
                ("version", past("workflows.templateversion", "version")),
            ],
            options={
                "verbose_name": "historical owner of a part",
                "verbose_name_plural": "historical owners of parts",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            "connection",
            "deputy",
            person("deputy", "deputised_connections", help_text=DEPUTY_HELP, blank=True),
        ),
        migrations.AddField(
            "historicalconnection",
            "deputy",
            past(settings.AUTH_USER_MODEL, "deputy", help_text=DEPUTY_HELP),
        ),
        migrations.AddConstraint(
            "connection",
            models.CheckConstraint(
                name="nobody_is_the_deputy_of_their_own_connection",
                condition=Q(deputy=None) | ~Q(deputy=F("owner")),
                violation_error_message="The deputy is somebody else.",
            ),
        ),
        migrations.AddField(
            "webhookkey", "owner", person("owner", "webhook_keys", help_text=OWNER_HELP)
        ),
        migrations.AddField(
            "webhookkey",
            "deputy",
            person("deputy", "deputised_webhook_keys", help_text=DEPUTY_HELP, blank=True),
        ),
        migrations.AddField(
            "historicalwebhookkey",
            "owner",
            past(settings.AUTH_USER_MODEL, "owner", help_text=OWNER_HELP),
        ),
        migrations.AddField(
            "historicalwebhookkey",
            "deputy",
            past(settings.AUTH_USER_MODEL, "deputy", help_text=DEPUTY_HELP),
        ),
        migrations.AlterField(
            "outboxmessage",
            "kind",
            models.CharField(
                choices=[
                    ("attempt", "run an automation"),
                    ("wake", "end a wait"),
                    ("remind", "remind"),
                    ("escalate", "escalate"),
                    ("child", "start a subworkflow"),
                    ("child_ended", "a subworkflow ended"),
                    ("child_cancel", "call a subworkflow off"),
                    ("ended", "follow a request's end"),
                    ("start", "start after another workflow"),
                    ("schedule", "start by schedule"),
                    ("tell", "work out whom to tell"),
                    ("due", "say that work is due"),
                    ("mail", "tell one person"),
                    ("notice", "send a notice"),
                    ("digest", "send a digest"),
                    ("head", "send the trail's head outside"),
                    ("watch", "see who can still finish what waits"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="trailevent",
            name="capacity",
            field=models.CharField(
                blank=True,
                choices=[
                    ("role", "by a role of the map"),
                    ("requester", "as the requester"),
                    ("escalation", "by escalation"),
                    ("stand_in", "standing in"),
                    ("asked", "as somebody who was asked"),
                    ("owner", "as owner"),
                    ("deputy", "as deputy"),
                    ("manager", "by the permission to manage the workflow"),
                    ("site", "as superuser"),
                    ("accounts", "by the permission to change accounts"),
                ],
                max_length=20,
                verbose_name="capacity",
            ),
        ),
        migrations.AlterField(
            model_name="trailevent",
            name="command",
            field=models.CharField(
                choices=[
                    ("load_definition", "load definition"),
                    ("new_draft", "new draft"),
                    ("edit_draft", "edit draft"),
                    ("delete_draft", "delete draft"),
                    ("publish", "publish"),
                    ("retire", "retire"),
                    ("start", "start"),
                    ("import_log", "import log"),
                    ("undo_import", "undo import"),
                    ("export_log", "export log"),
                    ("pause_workflow", "pause workflow"),
                    ("resume_workflow", "resume workflow"),
                    ("skip_start", "skip start"),
                    ("claim", "claim"),
                    ("start_work", "start work"),
                    ("pause", "pause"),
                    ("release", "release"),
                    ("reassign", "reassign"),
                    ("decide", "decide"),
                    ("ask_opinion", "ask for an opinion"),
                    ("give_opinion", "give an opinion"),
                    ("ask_requester", "ask the requester"),
                    ("answer_question", "answer a question"),
                    ("withdraw_question", "take a question back"),
                    ("cancel", "cancel"),
                    ("suspend", "suspend"),
                    ("resume", "resume"),
                    ("reopen", "reopen"),
                    ("set_values", "set values"),
                    ("resolve_merge", "choose between branches"),
                    ("change_version", "move to another version"),
                    ("put_back", "put back on its version"),
                    ("make_status_link", "make status link"),
                    ("withdraw_status_link", "withdraw status link"),
                    ("finish", "finish"),
                    ("fail", "fail"),
                    ("retry", "retry"),
                    ("skip", "skip"),
                    ("reroute", "reroute"),
                    ("remind", "remind"),
                    ("escalate", "escalate"),
                    ("watch", "watch"),
                    ("comment", "comment"),
                    ("edit_comment", "edit comment"),
                    ("withdraw_comment", "withdraw comment"),
                    ("follow", "follow"),
                    ("unfollow", "unfollow"),
                    ("grant", "grant"),
                    ("withdraw", "withdraw"),
                    ("join_group", "join group"),
                    ("leave_group", "leave group"),
                    ("hand_over", "hand over"),
                    ("change_account", "change account"),
                    ("set_absence", "set absence"),
                    ("change_absence", "change absence"),
                    ("end_absence", "end absence"),
                    ("change_group", "change group"),
                    ("make_token", "make token"),
                    ("revoke_token", "revoke token"),
                    ("make_key", "make key"),
                    ("revoke_key", "revoke key"),
                    ("rotate_key", "rotate key"),
                    ("change_connection", "change connection"),
                    ("change_calendar", "change calendar"),
                    ("change_rate", "change rate"),
                    ("change_notice_address", "change where notices go"),
                    ("choose_notices", "choose notices"),
                    ("start_other", "start other"),
                    ("listened", "listened"),
                    ("send_again", "send again"),
                    ("give_up", "give up"),
                    ("review_due", "review due"),
                    ("review_begin", "review begin"),
                    ("review_gather", "review gather"),
                    ("review_decide", "review decide"),
                    ("review_close", "review close"),
                ],
                max_length=40,
                verbose_name="command",
            ),
        ),
        migrations.RunPython(name_owners_of_keys, migrations.RunPython.noop),
    ]
