-- Rows derived from the log by one projection with one checkpoint, in a schema of their own version (ReadSchema), which is
-- the only one on the search path while this runs. All of it can be dropped and built again.

-- Calendars, regulations and enforcement: small, and held in memory; the row says since which position that memory is stale.
create table reference_changed (
    one       boolean not null default true primary key check (one),
    position  bigint  not null
);

insert into reference_changed (position) values (0);

create table calendars (
    version  int   not null primary key,    -- how many had been published with it
    doc      jsonb not null
);

create table regulations (
    id         text  not null,
    version    int   not null,
    technique  text  not null,
    doc        jsonb not null,
    constraint pk_regulations primary key (id, version)
);

-- What provinces demand beyond a regulation.
create table provincial_limits (
    regulation  text  not null,
    province    text  not null,
    version     int   not null,
    doc         jsonb not null,
    constraint pk_provincial_limits primary key (regulation, province, version)
);

create table enforcement (
    technique  text  not null,
    province   text  not null,
    doc        jsonb not null,              -- the settings in the order they were recorded
    constraint pk_enforcement primary key (technique, province)
);

create table assessment_schedules (
    technique  text  not null,
    province   text  not null,
    doc        jsonb not null,              -- the settings in the order they were recorded
    constraint pk_assessment_schedules primary key (technique, province)
);

create table institutions (
    id        text  not null primary key,
    name      text  not null,
    province  text  not null,
    doc       jsonb not null
);

create table physicians (
    id    text  not null primary key,
    name  text  not null,
    doc   jsonb not null
);

create table registrations (
    physician    text    not null,
    institution  text    not null,
    from_on      date    not null,
    to_on        date    not null,          -- 'infinity' while it lasts
    main         boolean not null
);

create index registrations_by_physician on registrations (physician);
create index registrations_by_institution on registrations (institution, from_on);

create table titles (
    physician  text     not null,
    rank       smallint not null,           -- 1 resident to 4 chief
    from_on    date     not null
);

create index titles_by_physician on titles (physician, from_on);

create table qualifications (
    kind       text   not null,
    subject    text   not null,
    technique  text   not null,
    version    bigint not null,
    granted    boolean not null,            -- false while it has only been applied for
    doc        jsonb  not null,
    constraint pk_qualifications primary key (kind, subject, technique)
);

create index qualifications_by_subject on qualifications (subject);

-- The days on which a qualification could be used: valid and not suspended.
create table active_spans (
    kind       text not null,
    subject    text not null,
    technique  text not null,
    from_on    date not null,
    to_on      date not null
);

create index active_spans_by_subject on active_spans (subject, technique, kind);

-- The public register: a line per qualification and the days on which it reads the same, as is known now. With all that a line shows, so
-- that a page of any day is one stretch of an index, and the text of a day one pass.
create table register_entries (
    technique   text not null,
    kind        text not null,
    subject     text not null,              -- of a physician it is shown nowhere
    from_on     date not null,
    to_on       date not null,              -- the first day on which it is no longer so; 'infinity' while it lasts
    standing    text not null,
    since       date not null,
    name        text not null,
    province    text,
    place       text,
    place_name  text,
    constraint pk_register_entries primary key (kind, subject, technique, from_on)
);

create index register_entries_in_order on register_entries (technique, kind, left(name, 40), md5(subject));
create index register_entries_by_province on register_entries (technique, province, kind, left(name, 40), md5(subject));
-- What begins or ends with a day.
create index register_entries_from on register_entries (from_on, technique);
create index register_entries_to on register_entries (to_on, technique) where to_on < 'infinity';

-- Techniques of which entries were written since a day was closed last.
create table register_touched (
    technique  text not null primary key
);

-- The register of every day closed as it was known then: the digest of its canonical text.
create table register_snapshots (
    technique  text   not null,
    day        date   not null,
    position   bigint not null,             -- of the closing: what stood in the log before it was known
    entries    int    not null,
    sha256     text   not null,             -- lower-case hexadecimal
    constraint pk_register_snapshots primary key (technique, day)
);

-- What was made public, once and for all: with the names and places known when it was.
create table announcements (
    position      bigint      not null primary key,
    event_id      uuid        not null,
    published     timestamptz not null,
    published_on  date        not null,     -- rises with the position
    act           text        not null,
    effective_on  date        not null,
    technique     text        not null,
    province      text,
    kind          text        not null,
    institution   text,                     -- null for a physician, of whom no id is kept here
    name          text        not null,
    place         text,
    place_name    text,
    withdraws     uuid,                     -- the announcement that this one takes back
    base_kind     text                      -- of a training base
);

create index announcements_by_day on announcements (published_on, position);
create index announcements_by_province on announcements (technique, province, position);
create index announcements_withdrawing on announcements (withdraws) where withdraws is not null;

-- One row per case, upserted. What is counted is always computed again from here.
create table case_facts (
    case_id           uuid     not null primary key,
    institution       text     not null,
    operator          text     not null,
    technique         text     not null,
    completed_on      date     not null,
    received_on       date     not null,
    deadline          date,
    provisional       boolean  not null,
    calendar_version  int      not null,
    voided            boolean  not null,
    therapeutic       boolean  not null,
    level             smallint not null,
    severe            boolean  not null,
    death             boolean  not null,
    possible_severe   boolean  not null,
    possible_death    boolean  not null,
    succeeded         boolean,
    stay_days         int,                  -- nights in hospital; null unless both days were reported
    patient_hash      text,
    -- What is owed and not done: the outcome statement by this day, computed with so many calendars; null where none is.
    statement_due          date,
    statement_provisional  boolean,
    statement_calendar     int,
    follow_up_due     date,                 -- of the earliest follow-up not recorded; null where there is none
    -- The last days of all follow-ups owed, and of each a letter: o open, t in time, x otherwise; both null where none is.
    follow_ups_due    date[],
    follow_ups        text,
    late_outcome      boolean  not null,
    procedures        text,                 -- the codes, between blanks; null where none were given
    trainee           text                  -- who operated under supervision, as the report says; nothing is counted by it
);

create index case_facts_by_institution on case_facts (institution, technique, completed_on);
-- With all that is counted of a physician: a nation's closing reads millions of these rows, and none of them from the table.
create index case_facts_by_operator on case_facts (operator, technique, completed_on)
    include (therapeutic, level, severe, death, possible_severe, possible_death, received_on, deadline, voided);
create index case_facts_late on case_facts (institution, technique, received_on) where received_on > deadline;
-- What one institution owes.
create index case_facts_owing on case_facts (institution, completed_on, case_id) where statement_due is not null or follow_up_due is not null;
create index case_facts_late_outcome on case_facts (completed_on, case_id) where late_outcome;
-- The list of cases, over many institutions, from a day on.
create index case_facts_by_day on case_facts (completed_on, case_id);

-- Where cases counted before they were corrected: what was judged then is found again.
create table former_places (
    case_id      uuid not null,
    institution  text not null,
    operator     text not null,
    technique    text not null,
    constraint pk_former_places primary key (case_id, institution, operator, technique)
);

create index former_places_by_institution on former_places (institution, technique);
create index former_places_by_operator on former_places (operator, technique);

-- Procedures announced, not withdrawn, and not reported: who has reported leaves.
create table procedures (
    case_id           uuid    not null primary key,
    institution       text    not null,
    case_number       text    not null,
    operator          text,                 -- null where it was not said
    technique         text    not null,
    completed_on      date    not null,
    received_on       date    not null,
    deadline          date,
    provisional       boolean not null,
    calendar_version  int     not null,
    fell_overdue      boolean not null      -- a day was closed on it unreported after its deadline
);

create index procedures_by_institution on procedures (institution, technique, deadline);
create index procedures_by_operator on procedures (operator, technique, deadline);
create index procedures_falling on procedures (deadline) where not fell_overdue;

-- Of every announcement not withdrawn, reported or not, what its report is held against.
create table announced (
    case_id       uuid    not null primary key,
    technique     text    not null,
    completed_on  date    not null,
    therapeutic   boolean not null,
    has_deadline  boolean not null
);

-- What the monitor records of a day closed: the procedures whose report was overdue for the first time.
create table overdue_reports (
    day           date not null,
    case_id       uuid not null,
    institution   text not null,
    operator      text,
    technique     text not null,
    completed_on  date not null,
    deadline      date not null,
    constraint pk_overdue_reports primary key (day, case_id)
);

-- Changes to cases after they were reported: where in the log each stands, and a row for each operator and technique in whose figures the case was or is.
create table case_changes (
    position     bigint not null,
    case_id      uuid   not null,
    institution  text   not null,
    operator     text   not null,
    technique    text   not null,
    kind         text   not null,
    day          date   not null,           -- recorded on; rises with the position
    constraint pk_case_changes primary key (position, operator, technique)
);

create index case_changes_by_day on case_changes (day, position);
create index case_changes_by_institution on case_changes (institution, day, position);
create index case_changes_by_operator on case_changes (operator, day, position);

-- Totals that were counted independently and stand; those of an institution and technique have no day in common.
create table verified_totals (
    institution  text not null,
    technique    text not null,
    from_on      date not null,
    to_on        date not null,
    cases        int  not null,
    constraint pk_verified_totals primary key (institution, technique, to_on)
);

-- Training bases, as their streams say, and the days on which each is recognised.
create table training_bases (
    technique      text not null,
    kind           text not null,
    institution    text not null,
    status         text not null,
    review_due_on  date,                     -- null while it is not recognised, or its end is recorded
    reviewed_by    text,                     -- `national`, or `regulator` for that of its province
    doc            jsonb not null,
    constraint pk_training_bases primary key (technique, kind, institution)
);

create index training_bases_by_institution on training_bases (institution);
create index training_bases_by_review on training_bases (review_due_on) where review_due_on is not null;

create table training_base_spans (
    technique    text not null,
    kind         text not null,
    institution  text not null,
    from_on      date not null,
    to_on        date not null,
    constraint pk_training_base_spans primary key (technique, kind, institution, from_on)
);

-- Trainees, as their streams say. What of their cases counts is asked when it is read, since it follows the reports of the cases.
create table trainees (
    trainee       uuid     not null primary key,
    technique     text     not null,
    kind          text     not null,
    institution   text     not null,
    physician     text     not null,
    level         smallint not null,
    from_on       date     not null,
    to_on         date     not null,        -- last day on which a place is taken
    status        text     not null,
    certified_on  date,
    doc           jsonb    not null
);

create index trainees_in_order on trainees (from_on, trainee);
create index trainees_by_institution on trainees (institution, technique, kind);
create index trainees_by_physician on trainees (physician, technique);
create index trainees_certified on trainees (certified_on, trainee) where certified_on is not null;

-- The cases trainees are logged as operators of, with the place in the log: of several the first counts.
create table trainee_operators (
    case_id   uuid   not null,
    trainee   uuid   not null,
    position  bigint not null,
    constraint pk_trainee_operators primary key (case_id, trainee)
);

create index trainee_operators_by_trainee on trainee_operators (trainee);

-- Devices as the lines of cases name them; a voided case has none.
create table device_uses (
    case_id       uuid     not null,
    line          smallint not null,        -- its place in the report
    institution   text     not null,
    technique     text     not null,
    used_on       date     not null,
    udi           text,                     -- in canonical form; null where it cannot be read
    product       text,                     -- the GTIN of 14 digits, or the text or digest that stands for one: at most 200 characters
    product_known boolean  not null,        -- whether it is a GTIN
    lot           text,
    serial        text,
    made_from     date,                     -- before made_on where the label gives only the month
    made_on       date,
    expires_on    date,
    registration  text,                     -- as numbers are compared
    single_use    boolean
);

create index device_uses_by_case on device_uses (case_id);
-- The uses of one piece, of a lot, of a product: the earliest first, so that a page of them is a stretch of an index. Those that do not say the piece, or the lot, stand there, too.
create index device_uses_by_serial on device_uses (product, serial, used_on, case_id, line);
create index device_uses_by_lot on device_uses (product, lot, used_on, case_id, line);
create index device_uses_in_order on device_uses (product, used_on, case_id, line);
-- What names a registration instead of its product.
create index device_uses_by_registration on device_uses (registration, lot, used_on, case_id, line) where not product_known and registration is not null;
create index device_uses_by_institution on device_uses (institution, product, lot);

create table device_registrations (
    id      uuid  not null primary key,
    number  text  not null,                 -- as numbers are compared
    doc     jsonb not null
);

create unique index device_registrations_by_number on device_registrations (number);

create table device_registration_products (
    di  text not null,                      -- the GTIN of 14 digits
    id  uuid not null,
    constraint pk_device_registration_products primary key (di, id)
);

create index device_registration_products_by_id on device_registration_products (id);

-- Ledgers of institutions, voided lines among them.
create table device_receipts (
    receipt      uuid    not null primary key,
    institution  text    not null,
    di           text    not null,
    lot          text,
    quantity     int     not null,
    received_on  date    not null,
    voided       boolean not null,
    doc          jsonb   not null
);

create index device_receipts_by_lot on device_receipts (institution, di, lot);
create index device_receipts_by_day on device_receipts (institution, received_on, receipt);

create table incidents (
    incident_id    uuid     not null primary key,
    case_id        uuid     not null,
    institution    text     not null,
    operator       text     not null,
    technique      text     not null,
    determined_on  date     not null,
    grade          smallint not null
);

create index incidents_by_case on incidents (case_id);
create index incidents_by_institution on incidents (institution, technique, determined_on);
create index incidents_by_operator on incidents (operator, technique, determined_on);

-- Outcomes that hospitals declared unrelated and nobody has adjudicated, those that were adjudicated, and notices that were disputed, or decided.
create table adjudications (
    id           uuid    not null primary key,   -- of the complication, incident or notice; of a death the case's
    kind         text    not null,               -- complication, death, incident, notice
    case_id      uuid,                           -- null for a notice
    institution  text    not null,
    technique    text    not null,
    code         text,                           -- of a complication; of a notice what was noticed
    occurred_on  date    not null,
    pending      boolean not null,
    declared     text,                           -- null for a notice
    decision     text,                           -- null while it is pending
    reason       text,                           -- of the decision; of a notice disputed that of the hospital
    decided_by   text,
    decided_on   date,
    evidence     jsonb
);

create index adjudications_in_order on adjudications (pending, occurred_on, id);
create index adjudications_by_institution on adjudications (institution, pending, occurred_on, id);
create index adjudications_by_case on adjudications (case_id);
create index adjudications_decided on adjudications (technique, decided_on) where not pending;

create table outcome_notices (
    notice        uuid    not null primary key,
    institution   text    not null,              -- where it was done
    technique     text    not null,
    case_id       uuid,                          -- of the case number given, whether or not there is such a case; null when the patient is named
    procedure_on  date,
    occurred_on   date    not null,
    filed_on      date    not null,
    answer_due    date    not null,
    provisional   boolean not null,
    calendar      int     not null,
    state         text    not null,
    doc           jsonb   not null
);

create index outcome_notices_by_institution on outcome_notices (institution, filed_on, notice);
create index outcome_notices_in_order on outcome_notices (filed_on, notice);
create index outcome_notices_open on outcome_notices (institution, answer_due) where state = 'open';

-- Everything owed about cases and not yet done: what of, of which case or notice, and by when. Kinds are words of the HTTP contract.
create view obligations as
    select 'report'::text as kind, 0 as number, p.case_id as id, p.institution, p.technique, p.operator, p.deadline as due_on
    from procedures p
    where p.deadline is not null
    union all
    select 'outcomeStatement', 0, f.case_id, f.institution, f.technique, f.operator, f.statement_due
    from case_facts f
    where f.statement_due is not null
    union all
    select 'followUp', d.number::int, f.case_id, f.institution, f.technique, f.operator, d.due_on
    from case_facts f
    cross join lateral unnest(f.follow_ups_due, string_to_array(f.follow_ups, null)) with ordinality as d (due_on, letter, number)
    where f.follow_up_due is not null and d.letter = 'o'
    union all
    select 'noticeAnswer', 0, n.notice, n.institution, n.technique, null, n.answer_due
    from outcome_notices n
    where n.state = 'open';

-- The counts of one institution, technique and day, recomputed from case_facts for the days touched. Physicians have none:
-- nobody does more cases a year than a year has days by much, so their cases are counted as they are.
create table institution_days (
    institution                   text not null,
    technique                     text not null,
    day                           date not null,
    cases                         int  not null,
    diagnostic                    int  not null,
    therapeutic                   int  not null,
    level3plus                    int  not null,
    level3plus_therapeutic        int  not null,
    severe                        int  not null,
    therapeutic_severe            int  not null,
    death                         int  not null,
    therapeutic_death             int  not null,
    possible_severe               int  not null,
    possible_death                int  not null,
    possible_therapeutic_severe   int  not null,
    possible_therapeutic_death    int  not null,
    incidents                     int  not null,
    serious_incidents             int  not null,
    late                          int  not null,
    -- With the counts: a year's rows lie side by side in the index, and as far apart in the table as they were written.
    constraint pk_institution_days primary key (institution, technique, day)
        include (cases, diagnostic, therapeutic, level3plus, level3plus_therapeutic, severe, therapeutic_severe, death, therapeutic_death,
                 possible_severe, possible_death, possible_therapeutic_severe, possible_therapeutic_death, incidents, serious_incidents, late)
);

create table days_closed (
    day       date   not null primary key,
    position  bigint not null
);

-- What the monitor decides from: the counts and findings of every qualified subject on every day closed.
create table closings (
    technique      text    not null,
    day            date    not null,
    kind           text    not null,
    subject        text    not null,
    province       text,
    would_suspend  boolean not null,
    asks           boolean not null,         -- something in it may lead to a decision
    runs           jsonb,                    -- the breaches that go on, for the closing of the next day; null where there is none
    doc            jsonb   not null,
    constraint pk_closings primary key (technique, day, kind, subject)
);

create index closings_that_ask on closings (technique, day) where asks;

-- What the system proposed and a person decides, decided ones too; one row per proposal in the streams of qualifications.
create table proposals (
    proposal_id  uuid    not null primary key,
    kind         text    not null,
    subject      text    not null,
    technique    text    not null,
    province     text    not null,
    sanction     text    not null,
    held         boolean not null,
    judged_on    date,
    pending      boolean not null,
    doc          jsonb   not null
);

create index proposals_pending on proposals (technique, province, kind, subject, proposal_id) where pending;
create index proposals_by_qualification on proposals (kind, subject, technique);

-- Rounds of assessment; what persons say of the subjects stands in the stream of the round.
create table rounds (
    round         uuid    not null primary key,
    technique     text    not null,
    province      text    not null,
    period_from   date    not null,
    period_to     date    not null,
    scheduled     boolean not null,
    opened_on     date    not null,
    closes_on     date    not null,
    sitting       int     not null,
    concluded_on  date,                     -- of the present sitting; null while it is open
    to_record     boolean not null          -- concluded for somebody in whose qualification the outcome does not stand yet
);

create index rounds_by_period on rounds (technique, province, period_to);
create index rounds_to_record on rounds (round) where to_record;

-- Everybody in a round, as counted and judged when it was opened; and once more for each time it was opened again for them.
create table assessments (
    round      uuid    not null,
    kind       text    not null,
    subject    text    not null,
    sitting    int     not null,
    left_out   boolean not null,
    recorded   boolean not null,            -- the outcome stands in the qualification
    outcome    text,                        -- as it was written there
    doc        jsonb   not null,
    constraint pk_assessments primary key (round, kind, subject, sitting)
);

create index assessments_by_subject on assessments (kind, subject, round);

-- What somebody owes a decision or an act, by a day: derived from the state of every qualification.
create table dues (
    kind       text not null,
    subject    text not null,
    technique  text not null,
    province   text,                        -- whose regulator; null for that of the subject
    what       text not null,
    due_on     date not null,
    reference  text
);

create index dues_by_qualification on dues (kind, subject, technique);
create index dues_by_day on dues (due_on);

-- Rounds in which training bases are selected.
create table selection_rounds (
    round             uuid        not null primary key,
    number            text        not null,
    title             text        not null,
    technique         text        not null,
    regulation        text        not null,
    version           integer     not null,
    opens_on          date        not null,
    closes_at         timestamptz not null,     -- the first instant at which an application is late
    published_on      date,                     -- last published
    objections_until  date,
    concluded_on      date
);

create index selection_rounds_by_closing on selection_rounds (closes_at, round);

-- Who applied in them.
create table selection_applications (
    round        uuid    not null,
    institution  text    not null,
    submitted    boolean not null,
    cancelled    boolean not null,              -- for fraud, also after the result
    attested_on  date,                          -- of its duties as a base, since the last review
    reviewed_on  date,                          -- of its duties, last
    passed       boolean,                       -- that review
    constraint pk_selection_applications primary key (round, institution)
);

-- The outcome as it was published last, or as the result.
create table selection_outcomes (
    round        uuid not null,
    institution  text not null,
    outcome      text not null,
    constraint pk_selection_outcomes primary key (round, institution)
);

-- What the dashboards show: one row per subject that is qualified or has cases. Written under a checkpoint of their own.
-- Words are those of the HTTP contract; numbers are of the rolling year that ends on as_of.
create table standings (
    kind                text   not null,
    subject             text   not null,
    technique           text   not null,
    province            text,                    -- null where the subject never had one
    name                text   not null,
    validity            text   not null,
    standing            text,                    -- null without a qualification
    since               date,                    -- first day of the standing
    overall             text   not null,
    overall_rank        int    not null,         -- 0 is worst
    as_of               date   not null,
    cases               int    not null,
    therapeutic         int    not null,
    deaths              int    not null,
    severe              int    not null,
    late                int    not null,
    due                 int    not null,         -- cases that have a reporting deadline, as the regulation's timeliness clause counts them
    severe_numerator    int    not null,         -- the rates by the regulation's definition
    severe_denominator  int    not null,
    death_numerator     int    not null,
    death_denominator   int    not null,
    verified            int    not null,         -- cases counted independently, by the totals that lie within the year
    never_reported      int    not null,         -- of those, missing among the cases reported
    doc                 jsonb  not null,
    constraint pk_standings primary key (technique, kind, subject)
)
-- Sums over a country read every row, and none of the documents: those lie elsewhere.
with (toast_tuple_target = 128);

create index standings_by_province on standings (technique, province, kind, subject);

-- Documents of some kilobytes for every subject and day: the faster compression takes half the time, where PostgreSQL was built with it.
do $$
begin
    alter table closings alter column doc set compression lz4;
    alter table standings alter column doc set compression lz4;
exception when feature_not_supported then
    null;
end $$;
