-- The patients whom outcome notices name, kept beside the log as those of cases are. The event holds the hash.
create table compliance.notice_patients (
    notice     uuid not null primary key,
    hash       text not null,
    pseudonym  text not null
);
