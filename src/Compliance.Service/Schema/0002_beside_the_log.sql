-- What belongs to the log's transactions but not into the log.

-- Patients' data, kept apart so that they can be restricted or destroyed without touching the log. The event holds the hash.
create table compliance.patients (
    case_id    uuid not null,
    hash       text not null,
    pseudonym  text not null,
    sex        text,
    age_years  int,
    diagnosis  text,
    constraint pk_patients primary key (case_id, hash)
);

create index patients_by_pseudonym on compliance.patients (pseudonym);

-- Who read what about a patient.
create table compliance.patient_reads (
    read_at  timestamptz not null default clock_timestamp(),
    caller   text        not null,
    role     text        not null,
    case_id  uuid        not null
);

create index patient_reads_by_case on compliance.patient_reads (case_id, read_at);

-- Answers given under an idempotency key, kept seven days. The position is that of the stream's version.
create table compliance.idempotency_keys (
    caller      text        not null,
    path        text        not null,
    key         text        not null,
    body_hash   bytea       not null,
    status      int         not null,
    answer      jsonb       not null,
    stream      text        not null,
    version     bigint      not null,
    created_at  timestamptz not null default clock_timestamp(),
    constraint pk_idempotency_keys primary key (caller, path, key)
);

create index idempotency_keys_by_age on compliance.idempotency_keys (created_at);

-- How far the development clock runs from the database's. One row at most; none in production.
create table compliance.clock (
    one         boolean  not null default true primary key check (one),
    ahead_by    interval not null
);

-- Signs the tokens of /dev/token, so that a restarted demonstration accepts those it gave out. Never filled in production.
create table compliance.development_key (
    one  boolean not null default true primary key check (one),
    key  bytea   not null
);
