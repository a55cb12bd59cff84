-- What applications in rounds of selection say of persons, kept beside the log so that it can be destroyed without touching it. The event holds the hash.
create table compliance.selection_persons (
    application  uuid not null primary key,
    hash         text not null,             -- SHA-256 of salt and doc
    salt         text not null,             -- random; without it what the hash stands for cannot be guessed
    doc          text not null              -- JSON by fact, byte by byte as it was hashed
);

-- Who read what applications say of persons, in the forms or in a file.
create table compliance.selection_reads (
    read_at      timestamptz not null default clock_timestamp(),
    caller       text        not null,
    role         text        not null,
    application  uuid        not null
);

create index selection_reads_by_application on compliance.selection_reads (application, read_at);

-- Files that came with them. One is kept by the event that names it; what no event ever named goes as a day closes, a day after it came.
create table compliance.selection_attachments (
    attachment   uuid        not null primary key,
    application  uuid        not null,
    kept         boolean     not null default false,
    received_at  timestamptz not null default clock_timestamp(),
    content      bytea       not null
);

-- They are compressed already.
alter table compliance.selection_attachments alter column content set storage external;

create index selection_attachments_not_kept on compliance.selection_attachments (received_at) where not kept;
