-- Secret addresses under which calendar programs, which can send no token, read what a hospital owes. Revoked is deleted.
create table compliance.calendar_feeds (
    id           uuid        not null,
    institution  text        not null,
    language     text        not null,             -- en or zh-CN
    secret_hash  bytea       not null,             -- SHA-256; the secret itself is kept nowhere
    created_at   timestamptz not null default clock_timestamp(),
    created_by   text        not null,
    constraint pk_calendar_feeds primary key (id)
);

create unique index calendar_feeds_by_secret on compliance.calendar_feeds (secret_hash);
create index calendar_feeds_by_institution on compliance.calendar_feeds (institution, id);
