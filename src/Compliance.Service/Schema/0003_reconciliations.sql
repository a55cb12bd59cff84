-- What the comparisons of the read model with the log found; health looks at the last.
create table compliance.reconciliations (
    at        timestamptz not null default clock_timestamp() primary key,
    position  bigint      not null,             -- of the rows compared
    agrees    boolean     not null,
    tables    jsonb       not null              -- rows and checksums of each, and examples of what differs
);
