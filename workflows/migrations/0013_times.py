"""Times as company rules say them: expiry, deadlines, messages that are kept, half holidays.

SQLite copies a table whose columns change: the guards are taken away first and made again.
"""

import datetime
from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

guards = import_module("workflows.migrations.0002_database_guards")


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0012_oauth"),
    ]

    operations = [
        migrations.RunPython(guards.drop_guards, guards.create_guards),
        migrations.CreateModel(
            name="KeptMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="message")),
                ("data", models.JSONField(default=dict, verbose_name="values")),
                ("digest", models.CharField(editable=False, max_length=64, verbose_name="digest")),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                (
                    "keep_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="kept until"),
                ),
            ],
            options={
                "verbose_name": "kept message",
                "verbose_name_plural": "kept messages",
                "ordering": ["id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.AddField(
            model_name="businesscalendar",
            name="half_days",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="When work ends on single days: 12-24 each year, or 2026-02-16 once, and 12:00.",
                verbose_name="half holidays",
            ),
        ),
        migrations.AddField(
            model_name="historicalbusinesscalendar",
            name="half_days",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="When work ends on single days: 12-24 each year, or 2026-02-16 once, and 12:00.",
                verbose_name="half holidays",
            ),
        ),
        migrations.AddField(
            model_name="historicaltemplateversion",
            name="times",
            field=models.JSONField(
                blank=True,
                help_text="When a request as a whole is due, as in the file: due, extend, clock, on_overdue.",
                null=True,
                verbose_name="the request as a whole",
            ),
        ),
        migrations.AddField(
            model_name="historicalworkflowinstance",
            name="deadline_record",
            field=models.JSONField(
                blank=True, editable=False, null=True, verbose_name="how it came to be due"
            ),
        ),
        migrations.AddField(
            model_name="historicalworkitem",
            name="due_record",
            field=models.JSONField(
                blank=True, editable=False, null=True, verbose_name="how it came to be due"
            ),
        ),
        migrations.AddField(
            model_name="historicalworkitem",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="expires"),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="times",
            field=models.JSONField(
                blank=True,
                help_text="When a request as a whole is due, as in the file: due, extend, clock, on_overdue.",
                null=True,
                verbose_name="the request as a whole",
            ),
        ),
        migrations.AddField(
            model_name="workflowinstance",
            name="deadline_at",
            field=models.DateTimeField(
                db_default=datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC),
                default=datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC),
                editable=False,
                verbose_name="to be done by",
            ),
        ),
        migrations.AddField(
            model_name="workflowinstance",
            name="deadline_record",
            field=models.JSONField(
                blank=True, editable=False, null=True, verbose_name="how it came to be due"
            ),
        ),
        migrations.AddField(
            model_name="workitem",
            name="due_record",
            field=models.JSONField(
                blank=True, editable=False, null=True, verbose_name="how it came to be due"
            ),
        ),
        migrations.AddField(
            model_name="workitem",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="expires"),
        ),
        migrations.AlterField(
            model_name="historicalroute",
            name="kind",
            field=models.CharField(
                choices=[
                    ("outcome", "outcome"),
                    ("rule", "rule"),
                    ("otherwise", "otherwise"),
                    ("branch", "branch"),
                    ("to", "next"),
                    ("on_error", "on error"),
                    ("expires", "when time is up"),
                    ("reopen", "reopen at"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="event",
            field=models.CharField(
                choices=[
                    ("task_sent_back", "a task is sent back"),
                    ("task_reassigned", "a task is reassigned"),
                    ("task_reached", "a task reaches one person"),
                    ("task_queued", "a task reaches a team"),
                    ("task_escalated", "late work is escalated"),
                    ("task_reminded", "the map reminds of late work"),
                    ("task_overdue", "a task is overdue"),
                    ("task_due_soon", "a task is about to be due"),
                    ("task_expired", "a task has expired"),
                    ("requester_asked", "the requester is asked"),
                    ("requester_answered", "the requester answers"),
                    ("opinion_asked", "an opinion is asked"),
                    ("opinion_given", "an opinion is given"),
                    ("request_refused", "a request is refused"),
                    ("request_cancelled", "a request is cancelled"),
                    ("request_finished", "a request is finished"),
                    ("request_sent_back", "a request is sent back"),
                    ("request_approved", "a request is approved at a step"),
                    ("request_suspended", "a request is suspended"),
                    ("request_resumed", "a request goes on"),
                    ("request_reopened", "a request is reopened"),
                    ("status_link_sent", "the workflow gives out a status link"),
                    ("mentioned", "a comment mentions somebody"),
                    ("commented", "a request is commented on"),
                    ("merge_conflict", "branches disagree"),
                    ("incident_opened", "an incident is opened"),
                    ("incident_handed_on", "an incident is handed on"),
                    ("escalated_to_nobody", "an escalation finds nobody"),
                    ("approval_bypassed", "a request goes past an approval"),
                    ("changed_after_approval", "values change after an approval"),
                    ("answered_late", "an answer comes too late"),
                    ("start_refused", "a start that was due is refused"),
                    ("map_problem", "a published map goes wrong"),
                    ("review_due", "a review is due"),
                    ("finding_given", "a review gives somebody something to see to"),
                    ("access_changed", "an account, a token or a key is changed"),
                ],
                max_length=40,
                verbose_name="event",
            ),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="kind",
            field=models.CharField(
                choices=[
                    ("attempt", "run an automation"),
                    ("wake", "end a wait"),
                    ("remind", "remind"),
                    ("escalate", "escalate"),
                    ("expire", "let a task expire"),
                    ("deadline", "say that a request is due"),
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
            model_name="route",
            name="kind",
            field=models.CharField(
                choices=[
                    ("outcome", "outcome"),
                    ("rule", "rule"),
                    ("otherwise", "otherwise"),
                    ("branch", "branch"),
                    ("to", "next"),
                    ("on_error", "on error"),
                    ("expires", "when time is up"),
                    ("reopen", "reopen at"),
                ],
                max_length=20,
                verbose_name="kind",
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
                    ("expire", "expire"),
                    ("extend", "give more time"),
                    ("keep_message", "keep a message"),
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
                    ("change_resource", "change resource"),
                    ("give_back", "give back"),
                    ("change_rate", "change rate"),
                    ("change_notice_address", "change where notices go"),
                    ("choose_notices", "choose notices"),
                    ("start_other", "start other"),
                    ("listened", "listened"),
                    ("late_answer", "late answer"),
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
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(fields=["deadline_at", "id"], name="requests_by_deadline"),
        ),
        migrations.AddField(
            model_name="keptmessage",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="kept_messages",
                to="workflows.workflowinstance",
                verbose_name="request",
            ),
        ),
        migrations.AddField(
            model_name="keptmessage",
            name="sender",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="sent by",
            ),
        ),
        migrations.AddConstraint(
            model_name="keptmessage",
            constraint=models.UniqueConstraint(
                fields=("request", "digest"), name="a_message_is_kept_once"
            ),
        ),
        migrations.RunPython(guards.create_guards, guards.drop_guards),
    ]
