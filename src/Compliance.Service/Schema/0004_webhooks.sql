-- Who is told of standings, and what was told: operational, beside the log. Nothing here is derived, and no rebuild touches it.
create table compliance.webhooks (
    id            uuid        not null,
    role          text        not null,             -- of the owner; with its institution, physician or province, none of national
    owner         text        not null,
    url           text        not null,
    secret        text        not null,             -- as it was agreed: a signature needs it whole
    technique     text,                             -- only of this one; null for all
    begins_after  bigint      not null,             -- the log's head when it was set up: what lies behind it is told
    wakes         bigint      not null default 0,   -- rises when its owner repeats or skips, so that its loop looks again
    created_at    timestamptz not null default clock_timestamp(),
    ended_at      timestamptz,
    ended_because text,                             -- deleted by its owner, or gone by the receiver's own word
    constraint pk_webhooks primary key (id),
    constraint webhooks_end check ((ended_at is null) = (ended_because is null) and ended_because in ('deleted', 'gone'))
);

create index webhooks_by_owner on compliance.webhooks (role, owner, id);

create table compliance.webhook_deliveries (
    webhook          uuid        not null,
    position         bigint      not null,          -- of the event in the log
    n                int         not null,          -- an event may tell several subjects
    message_id       text        not null,
    subject          text        not null collate "C",
    type             text        not null,
    body             text        not null,          -- exactly as sent: it is signed
    state            text        not null default 'pending',
    attempts         int         not null default 0,
    created_at       timestamptz not null default clock_timestamp(),
    next_attempt_at  timestamptz not null default clock_timestamp(),
    last_attempt_at  timestamptz,
    last_status      int,
    last_error       text,
    settled_at       timestamptz,                   -- delivered or skipped
    constraint pk_webhook_deliveries primary key (webhook, position, n),
    constraint fk_webhook_deliveries foreign key (webhook) references compliance.webhooks (id) on delete cascade,
    constraint webhook_deliveries_state check (state in ('pending', 'delivered', 'dead', 'skipped')),
    constraint webhook_deliveries_settled check ((settled_at is not null) = (state in ('delivered', 'skipped')))
);

-- The oldest that is not settled, of every subject: what may go out, and what holds the later ones back.
create index webhook_deliveries_unsettled on compliance.webhook_deliveries (webhook, subject, position, n) where state in ('pending', 'dead');

create index webhook_deliveries_by_age on compliance.webhook_deliveries (settled_at) where settled_at is not null;
