-- The event log, in the form in which Marten keeps one (string stream identity, single tenancy), so that Marten programs can open it.
create schema events;

create table events.mt_streams (
    id          varchar     not null,
    type        varchar,
    version     bigint      not null,
    timestamp   timestamptz not null,
    created     timestamptz not null,
    tenant_id   varchar     default '*DEFAULT*',
    is_archived boolean     default false,
    constraint pkey_mt_streams_id primary key (id)
);

create table events.mt_events (
    seq_id         bigint       not null,
    id             uuid         not null,
    stream_id      varchar,
    version        bigint       not null,
    data           jsonb        not null,
    bdata          bytea,       -- Marten 9 selects it; always null here
    type           varchar(500) not null,
    timestamp      timestamptz  not null,
    tenant_id      varchar      default '*DEFAULT*',
    mt_dotnet_type varchar,
    is_archived    boolean      default false,
    constraint pkey_mt_events_seq_id primary key (seq_id),
    constraint fkey_mt_events_stream_id foreign key (stream_id) references events.mt_streams (id)
);

create unique index pk_mt_events_stream_and_version on events.mt_events (stream_id, version);

create sequence events.mt_events_sequence owned by events.mt_events.seq_id;

create table events.mt_event_progression (
    name         varchar not null,
    last_seq_id  bigint,
    last_updated timestamptz default transaction_timestamp(),
    constraint pk_mt_event_progression primary key (name)
);

-- The log is append-only and its rows are written once: the statistics that matter are those of new rows, so analyze by count, not by share.
-- (With the default share of a tenth, a log of ten million events would be analyzed once per million.)
alter table events.mt_events set (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
