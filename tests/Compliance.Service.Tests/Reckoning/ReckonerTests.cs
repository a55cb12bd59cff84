namespace Compliance.Service.Tests.Reckoning;

/// <summary>The reckoner itself, on examples worked by hand from domain.md and clauses.md section 8.</summary>
public sealed class ReckonerTests
{
    private const string H = "H110001";
    private const string P = "P001";
    private static readonly Subject Hospital = Subject.Institution(H);
    private static readonly Subject Doctor = Subject.Physician(P);
    private static readonly DateOnly LongAgo = new(2018, 5, 4);

    private static DateOnly Day(string day) => DateOnly.Parse(day);

    /// <summary>A reckoner with one hospital and one doctor of province 11, driven day by day.</summary>
    private sealed class Story
    {
        private int _order;
        private int _numbers;

        public Story(string start, bool qualified = true)
        {
            Today = Day(start);
            Do(new PutInstitution(H, "11", "tertiaryA"));
            Do(new PutPhysician(P, [new TitleFrom(Title.Chief, LongAgo)], [new Registration(H, LongAgo, null, true)]));
            if (qualified)
            {
                Qualify(Hospital, LongAgo);
                Qualify(Doctor, LongAgo);
            }
        }

        public Reckoner Reckoner { get; } = new();

        public DateOnly Today { get; private set; }

        public void Qualify(Subject subject, DateOnly grantedOn)
        {
            Do(new ImportQualification(subject, Technique.Neurovascular, grantedOn));
            Do(new ImportQualification(subject, Technique.Comprehensive, grantedOn));
        }

        public bool Do(Operation operation) => Reckoner.Apply(new Timed(Today, _order++, operation));

        /// <summary>Closes every day before this one.</summary>
        public void Until(DateOnly day)
        {
            while (Today < day)
            {
                Today = Today.AddDays(1);
                _order = 0;
                Do(new CloseDay(Today.AddDays(-1)));
            }
        }

        public void Until(string day) => Until(Day(day));

        public void Enforce(Technique technique, Mode mode = Mode.Enforce, int? holdAbove = null) =>
            Do(new SetEnforcement(technique, "11", mode, Today, holdAbove));

        public CaseKey Case(string completedOn, Technique technique = Technique.Neurovascular, bool severe = false, Relation? death = null, bool therapeutic = true, string by = P) =>
            Case(Day(completedOn), technique, severe, death, therapeutic, by);

        public CaseKey Case(DateOnly completedOn, Technique technique = Technique.Neurovascular, bool severe = false, Relation? death = null, bool therapeutic = true, string by = P)
        {
            var key = new CaseKey(H, $"{++_numbers}");
            Do(new ReportCase(
                key, Report(completedOn, technique, therapeutic, by),
                severe ? [new ReportedComplication(true, completedOn, Relation.Related)] : [],
                death is { } relation ? new ReportedDeath(completedOn, relation) : null)).ShouldBeTrue();
            return key;
        }

        public Finding Judged(Subject subject, string clause, DateOnly? asOf = null)
        {
            var technique = clause.StartsWith("NV", StringComparison.Ordinal) ? Technique.Neurovascular : Technique.Comprehensive;
            return Reckoner.Findings(subject, technique, asOf ?? Today).Single(f => f.Judged.Clause == clause).Judged;
        }

        public List<DecisionKind> Kinds(Subject subject, Technique technique) =>
            Reckoner.DecisionsOn(subject, technique).Select(d => d.Kind).ToList();
    }

    private static CaseReport Report(DateOnly completedOn, Technique technique = Technique.Neurovascular, bool therapeutic = true, string by = P) => new(
        technique, technique == Technique.Neurovascular ? [] : [therapeutic ? "CI-L3-13" : "CI-L2-04"],
        therapeutic ? Intent.Therapeutic : Intent.Diagnostic, completedOn, by);

    /// <summary>So many cases in the first half of 2024, the first of them with a death or a severe complication, asked on 2024-09-02.</summary>
    private static Story Volume(Technique technique, int cases, int deaths = 0, int severe = 0, DateOnly? grantedOn = null)
    {
        var story = new Story("2024-09-02", qualified: false);
        story.Qualify(Hospital, grantedOn ?? LongAgo);
        story.Qualify(Doctor, grantedOn ?? LongAgo);
        for (var i = 0; i < cases; i++)
        {
            story.Case(Day("2024-02-01").AddDays(i % 150), technique, severe: i < severe, death: i < deaths ? Relation.Related : null);
        }
        return story;
    }

    [Theory]
    [InlineData(0, 0, Outcome.NotMeasurable)]
    [InlineData(1, 0, Outcome.Met)]
    [InlineData(30, 1, Outcome.Met)]
    [InlineData(10, 3, Outcome.Met)]
    [InlineData(99, 3, Outcome.Met)]
    [InlineData(99, 4, Outcome.Breached)]
    [InlineData(100, 2, Outcome.Met)]
    [InlineData(100, 3, Outcome.Breached)]
    [InlineData(100, 4, Outcome.Breached)]
    [InlineData(101, 3, Outcome.Met)]
    [InlineData(133, 4, Outcome.Breached)]
    [InlineData(134, 4, Outcome.Met)]
    [InlineData(200, 6, Outcome.Breached)]
    [InlineData(201, 6, Outcome.Met)]
    public void Neurovascular_mortality_switches_at_a_hundred(int treated, int deaths, Outcome outcome)
    {
        foreach (var grantedOn in new[] { LongAgo, Day("2024-01-15") })
        {
            var story = Volume(Technique.Neurovascular, treated, deaths, grantedOn: grantedOn);
            foreach (var subject in new[] { Hospital, Doctor })
            {
                var (judged, other) = treated < 100 ? ("NV-MORT-LOWVOL", "NV-RATE-MORT") : ("NV-RATE-MORT", "NV-MORT-LOWVOL");
                story.Judged(subject, judged).Outcome.ShouldBe(outcome);
                story.Judged(subject, other).Outcome.ShouldBe(Outcome.NotApplicable);
                story.Judged(subject, judged).Binding.ShouldBeTrue();
                story.Judged(subject, judged).Observation.Complete.ShouldBe(grantedOn == LongAgo);
            }
        }
    }

    [Theory]
    [InlineData("NV-RATE-COMP", 50, 3, Outcome.Breached)]
    [InlineData("NV-RATE-COMP", 51, 3, Outcome.Met)]
    [InlineData("NV-RATE-COMP", 100, 6, Outcome.Breached)]
    [InlineData("NV-RATE-COMP", 100, 5, Outcome.Met)]
    [InlineData("NV-RATE-COMP", 16, 1, Outcome.Breached)]
    [InlineData("NV-RATE-COMP", 17, 1, Outcome.Met)]
    [InlineData("CI-RATE-COMP", 20, 1, Outcome.Breached)]
    [InlineData("CI-RATE-COMP", 21, 1, Outcome.Met)]
    [InlineData("CI-RATE-MORT", 100, 1, Outcome.Breached)]
    [InlineData("CI-RATE-MORT", 101, 1, Outcome.Met)]
    [InlineData("CI-RATE-MORT", 200, 2, Outcome.Breached)]
    [InlineData("CI-RATE-MORT", 201, 2, Outcome.Met)]
    [InlineData("CI-RATE-MORT", 50, 1, Outcome.Breached)]
    [InlineData("CI-RATE-MORT", 0, 0, Outcome.NotMeasurable)]
    public void A_rate_at_its_limit_is_breached(string clause, int cases, int harmed, Outcome outcome)
    {
        var technique = clause.StartsWith("NV", StringComparison.Ordinal) ? Technique.Neurovascular : Technique.Comprehensive;
        var mortality = clause.EndsWith("MORT", StringComparison.Ordinal);
        var story = Volume(technique, cases, deaths: mortality ? harmed : 0, severe: mortality ? 0 : harmed);
        foreach (var subject in new[] { Hospital, Doctor })
        {
            var finding = story.Judged(subject, clause);
            finding.Outcome.ShouldBe(outcome);
            (finding.Numerator, finding.Denominator).ShouldBe((harmed, cases));
        }
    }

    [Theory]
    [InlineData("NV-RATE-COMP", 20, 5, Outcome.Met, 100)]
    [InlineData("NV-RATE-COMP", 20, 6, Outcome.Breached, 100)]
    [InlineData("NV-RATE-COMP", 120, 7, Outcome.Met, 120)]
    [InlineData("NV-RATE-COMP", 120, 8, Outcome.Breached, 120)]
    [InlineData("CI-RATE-COMP", 20, 14, Outcome.Met, 300)]
    [InlineData("CI-RATE-COMP", 20, 15, Outcome.Breached, 300)]
    [InlineData("CI-RATE-COMP", 0, 0, Outcome.NotMeasurable, 0)]
    public void An_incomplete_observation_takes_the_guideline_volume(string clause, int cases, int severe, Outcome outcome, int denominator)
    {
        var technique = clause.StartsWith("NV", StringComparison.Ordinal) ? Technique.Neurovascular : Technique.Comprehensive;
        var finding = Volume(technique, cases, severe: severe, grantedOn: Day("2024-01-15")).Judged(Hospital, clause);
        (finding.Outcome, finding.Denominator, finding.Binding).ShouldBe((outcome, denominator, true));
    }

    [Theory]
    [InlineData("NV-VOL-INST", 99, Outcome.Breached)]
    [InlineData("NV-VOL-INST", 100, Outcome.Met)]
    [InlineData("NV-VOL-INST-TX", 29, Outcome.Breached)]
    [InlineData("NV-VOL-INST-TX", 30, Outcome.Met)]
    [InlineData("CI3-VOL-INST", 299, Outcome.Breached)]
    [InlineData("CI3-VOL-INST", 300, Outcome.Met)]
    public void A_floor_is_reached_by_its_number(string clause, int cases, Outcome outcome)
    {
        var technique = clause.StartsWith("NV", StringComparison.Ordinal) ? Technique.Neurovascular : Technique.Comprehensive;
        var finding = Volume(technique, cases).Judged(Hospital, clause);
        (finding.Outcome, finding.Binding, finding.Count).ShouldBe((outcome, true, cases));
        Volume(technique, cases, grantedOn: Day("2024-01-15")).Judged(Hospital, clause).Binding.ShouldBeFalse();
    }

    [Theory]
    [InlineData("NV-PHYS-30", 29, Outcome.Breached)]
    [InlineData("NV-PHYS-30", 30, Outcome.Met)]
    [InlineData("NV-PHYS-30", 0, Outcome.Breached)]
    [InlineData("CI3-PHYS-30", 29, Outcome.Breached)]
    [InlineData("CI3-PHYS-30", 30, Outcome.Met)]
    public void Thirty_as_operator(string clause, int cases, Outcome outcome)
    {
        var technique = clause.StartsWith("NV", StringComparison.Ordinal) ? Technique.Neurovascular : Technique.Comprehensive;
        var story = Volume(technique, cases);
        story.Judged(Doctor, clause).Outcome.ShouldBe(outcome);
        story.Judged(Doctor, clause).Binding.ShouldBeTrue();
    }

    [Theory]
    [InlineData("2024-02-01", "2024-02-20")] // make-up days on the Sundays 4 and 18, rest from 10 to 17
    [InlineData("2024-01-31", "2024-02-19")]
    [InlineData("2024-02-02", "2024-02-21")]
    [InlineData("2024-02-03", "2024-02-21")]
    [InlineData("2025-09-19", "2025-10-10")] // 22 to 26 September, make-up on Sunday 28, 29, 30, then 9 and 10 October
    [InlineData("2023-12-29", "2024-01-15")] // 1 January is a holiday
    [InlineData("2026-12-25", "2027-01-11")] // the calendar of 2027 is not published: weekends and 1 January alone
    public void Deadlines_by_hand(string completedOn, string deadline) => WorkingDays.Deadline(Day(completedOn)).ShouldBe(Day(deadline));

    [Theory]
    [InlineData("2024-02-19", "2024-01-30")]
    [InlineData("2024-02-20", "2024-01-31")]
    [InlineData("2024-02-21", "2024-02-01")]
    [InlineData("2024-02-22", "2024-02-03")]
    public void The_settled_day_is_the_last_whose_deadline_has_passed(string asOf, string settled) =>
        WorkingDays.SettledDay(Day(asOf)).ShouldBe(Day(settled));

    [Fact]
    public void Every_day_between_two_settled_days_is_due()
    {
        for (var day = Day("2023-03-01"); day < Day("2026-12-01"); day = day.AddDays(1))
        {
            var settled = WorkingDays.SettledDay(day);
            WorkingDays.Deadline(settled).ShouldBeLessThan(day);
            WorkingDays.Deadline(settled.AddDays(1)).ShouldBeGreaterThanOrEqualTo(day);
        }
    }

    [Fact]
    public void The_rolling_year_around_29_February()
    {
        var story = new Story("2025-03-10");
        story.Case("2023-02-28");
        story.Case("2023-03-01");
        story.Case("2024-02-29");
        int On(string day) => story.Reckoner.Metrics(Hospital, Technique.Neurovascular, Day(day)).Cases;

        story.Reckoner.Metrics(Doctor, Technique.Neurovascular, Day("2024-02-29")).From.ShouldBe(Day("2023-03-01"));
        On("2024-02-27").ShouldBe(2);
        On("2024-02-28").ShouldBe(1);
        On("2024-02-29").ShouldBe(2);
        On("2024-03-01").ShouldBe(1);
        On("2025-02-27").ShouldBe(1);
        On("2025-02-28").ShouldBe(1);
        On("2025-03-01").ShouldBe(0);
    }

    [Fact]
    public void Metrics_of_a_mixed_handful()
    {
        var story = new Story("2024-06-03");
        story.Case("2024-05-31", therapeutic: false);
        story.Case("2024-05-31", death: Relation.Undetermined);
        var denied = story.Case("2024-05-31", severe: true, death: Relation.Unrelated);
        var other = story.Case("2024-05-31", by: "P002");
        story.Do(new RecordIncident(denied, 2, Day("2024-06-02"), Relation.Related));
        story.Do(new RecordIncident(other, 3, Day("2024-06-02"), Relation.Undetermined));
        story.Do(new RecordIncident(other, 1, Day("2024-06-02"), Relation.Unrelated));

        var hospital = story.Reckoner.Metrics(Hospital, Technique.Neurovascular, Day("2024-06-03"));
        (hospital.Cases, hospital.DiagnosticCases, hospital.TherapeuticCases).ShouldBe((4, 1, 3));
        (hospital.DeathCases, hospital.TherapeuticDeathCases, hospital.PossibleDeathCases).ShouldBe((1, 1, 2));
        (hospital.SevereComplicationCases, hospital.PossibleSevereComplicationCases).ShouldBe((1, 1));
        (hospital.Incidents, hospital.SeriousIncidents).ShouldBe((2, 1));
        (hospital.Mortality, hospital.SevereComplications).ShouldBe((new Ratio(1, 3), new Ratio(1, 3)));
        story.Reckoner.Metrics(Doctor, Technique.Neurovascular, Day("2024-06-03")).Incidents.ShouldBe(1);
        story.Reckoner.Metrics(Hospital, Technique.Neurovascular, Day("2024-06-01")).Incidents.ShouldBe(0);

        story.Do(new Adjudicate(denied, Target.Death, Relation.Related));
        story.Do(new Adjudicate(denied, Target.Complication(1), Relation.Unrelated));
        hospital = story.Reckoner.Metrics(Hospital, Technique.Neurovascular, Day("2024-06-03"));
        (hospital.DeathCases, hospital.SevereComplicationCases, hospital.PossibleSevereComplicationCases).ShouldBe((2, 0, 0));
    }

    [Fact]
    public void A_comprehensive_case_has_the_highest_level_and_any_treatment_in_it()
    {
        var story = new Story("2024-06-03");
        story.Do(new ReportCase(
            new CaseKey(H, "a"), new CaseReport(Technique.Comprehensive, ["CI-L1-01", "CI-L4-05"], Intent.Diagnostic, Day("2024-06-01"), P), [], null));
        story.Do(new ReportCase(
            new CaseKey(H, "b"), new CaseReport(Technique.Comprehensive, ["CI-L2-04"], Intent.Therapeutic, Day("2024-06-01"), P), [], null));
        var metrics = story.Reckoner.Metrics(Hospital, Technique.Comprehensive, Day("2024-06-03"));
        (metrics.TherapeuticCases, metrics.Level3PlusCases, metrics.Level3PlusTherapeuticCases).ShouldBe((2, 1, 1));
    }

    [Fact]
    public void Late_and_overdue_by_the_day_asked_for()
    {
        var story = new Story("2024-02-01");
        story.Until("2024-02-21");
        story.Case("2024-02-01"); // due 20 February
        story.Case("2024-02-02"); // due 21 February: in time
        story.Case("2024-02-01", therapeutic: false); // never due
        story.Until("2024-02-23");
        (int, int) On(string day)
        {
            var m = story.Reckoner.Metrics(Hospital, Technique.Neurovascular, Day(day));
            return (m.LateReports, m.OverdueReports);
        }

        On("2024-02-20").ShouldBe((0, 0));
        On("2024-02-21").ShouldBe((1, 0));
        story.Case("2024-02-02");
        On("2024-02-21").ShouldBe((1, 0));
        On("2024-02-22").ShouldBe((1, 1));
        On("2024-02-23").ShouldBe((2, 0));
    }

    [Fact]
    public void Announced_and_not_reported_is_overdue_until_it_is()
    {
        var story = new Story("2024-02-01");
        AnnounceProcedure Announced(string number, Intent intent = Intent.Therapeutic) => new(new CaseKey(H, number), Technique.Neurovascular, [], intent, Day("2024-02-01"), null);
        foreach (var number in new[] { "a", "b", "c" })
        {
            story.Do(Announced(number)).ShouldBeTrue(); // due 20 February
        }

        story.Do(Announced("d", Intent.Diagnostic)).ShouldBeTrue(); // never due
        story.Do(Announced("a")).ShouldBeTrue();
        story.Do(Announced("a", Intent.Diagnostic)).ShouldBeFalse();
        story.Until("2024-02-20");
        story.Do(new WithdrawAnnouncement(new CaseKey(H, "c"), ByRegulator: false)).ShouldBeTrue();
        story.Until("2024-02-22");
        story.Do(new WithdrawAnnouncement(new CaseKey(H, "b"), ByRegulator: false)).ShouldBeFalse();
        int Overdue(Subject subject, string day) => story.Reckoner.Metrics(subject, Technique.Neurovascular, Day(day)).OverdueReports;
        Overdue(Hospital, "2024-02-20").ShouldBe(0);
        Overdue(Hospital, "2024-02-21").ShouldBe(2);
        Overdue(Doctor, "2024-02-21").ShouldBe(0);
        story.Do(new ReportCase(new CaseKey(H, "a"), Report(Day("2024-02-01")), [], null)).ShouldBeTrue();
        // As of the day before, its report had not come; it counts once, and by now for the operator too.
        (Overdue(Hospital, "2024-02-21"), Overdue(Hospital, "2024-02-22"), Overdue(Doctor, "2024-02-21")).ShouldBe((2, 1, 1));
        story.Do(new WithdrawAnnouncement(new CaseKey(H, "b"), ByRegulator: true)).ShouldBeTrue();
        Overdue(Hospital, "2024-02-22").ShouldBe(0);
    }

    [Fact]
    public void A_breached_rate_suspends_at_the_first_closing_under_enforcement()
    {
        var story = Volume(Technique.Neurovascular, 100, deaths: 3);
        story.Until("2024-09-10");
        story.Reckoner.Decisions.ShouldBeEmpty(); // observed only
        story.Enforce(Technique.Neurovascular);
        story.Until("2024-09-11");

        var suspended = story.Reckoner.DecisionsOn(Hospital, Technique.Neurovascular).ShouldHaveSingleItem();
        suspended.Kind.ShouldBe(DecisionKind.Suspended);
        (suspended.JudgedOn, suspended.RecordedOn, suspended.EffectiveOn).ShouldBe((Day("2024-09-10"), Day("2024-09-11"), Day("2024-09-12")));
        suspended.Suspending.ShouldBe(["NV-RATE-MORT"]);
        suspended.Grounds.ShouldBe(["NV-RATE-MORT", "NV-INST-PHYS-2"]);
        story.Kinds(Doctor, Technique.Neurovascular).ShouldBe([DecisionKind.Warned]);
        story.Reckoner.StandingOf(Hospital, Technique.Comprehensive).ShouldBe(Standing.Good);
    }

    [Fact]
    public void Too_few_cases_warn_at_once_and_suspend_on_the_ninetieth_day_of_both_run_and_enforcement()
    {
        var story = new Story("2024-03-01");
        story.Until("2024-06-01");
        story.Enforce(Technique.Neurovascular);
        story.Until("2024-06-02");
        story.Kinds(Doctor, Technique.Neurovascular).ShouldBe([DecisionKind.Warned]);

        story.Until(Day("2024-06-01").AddDays(89)); // closes the 89th day
        story.Kinds(Doctor, Technique.Neurovascular).ShouldBe([DecisionKind.Warned]);
        story.Until(Day("2024-06-01").AddDays(90));
        var suspended = story.Reckoner.DecisionsOn(Doctor, Technique.Neurovascular)[^1];
        (suspended.Kind, suspended.JudgedOn).ShouldBe((DecisionKind.Suspended, Day("2024-08-29")));
        suspended.Suspending.ShouldBe(["NV-PHYS-30"]);
    }

    [Fact]
    public void Thirty_spread_evenly_over_the_year_are_enough_on_every_day()
    {
        var story = new Story("2023-06-01");
        var planned = Enumerable.Range(0, 90).Select(i => Day("2022-08-01").AddDays(i * 365 / 30)).ToList();
        foreach (var day in planned.Where(d => d <= Day("2023-06-01")))
        {
            story.Case(day);
        }
        story.Enforce(Technique.Neurovascular);
        while (story.Today < Day("2025-06-01"))
        {
            story.Until(story.Today.AddDays(1));
            foreach (var day in planned.Where(d => d > Day("2023-06-01") && WorkingDays.Deadline(d) == story.Today))
            {
                story.Case(day); // at the last moment
            }
        }
        story.Reckoner.DecisionsOn(Doctor, Technique.Neurovascular).ShouldAllBe(d => d.Kind != DecisionKind.Suspended);
    }

    [Fact]
    public void Nobody_escapes_by_editing()
    {
        var story = Volume(Technique.Neurovascular, 100, deaths: 3);
        var key = new CaseKey(H, "1");
        var before = story.Reckoner.Metrics(Hospital, Technique.Neurovascular, story.Today);
        story.Do(new VoidCase(key));
        story.Do(new Withdraw(key, Target.Death));
        story.Do(new DeclareRelation(key, Target.Death, Relation.Unrelated));
        story.Do(new CorrectCase(key, Report(Day("2024-02-01"), therapeutic: false, by: "P002")));
        story.Reckoner.Metrics(Hospital, Technique.Neurovascular, story.Today).ShouldBe(before);

        story.Do(new DecideRequest(key, 3, Agree: true));
        var declared = story.Reckoner.Metrics(Hospital, Technique.Neurovascular, story.Today);
        (declared.DeathCases, declared.PossibleDeathCases, declared.TherapeuticCases).ShouldBe((2, 2, 100));
        story.Do(new DecideRequest(key, 4, Agree: true));
        story.Reckoner.Metrics(Hospital, Technique.Neurovascular, story.Today).TherapeuticCases.ShouldBe(99);
        story.Reckoner.Metrics(Subject.Physician("P002"), Technique.Neurovascular, story.Today).DiagnosticCases.ShouldBe(1);
        story.Do(new DecideRequest(key, 1, Agree: true));
        story.Reckoner.Metrics(Hospital, Technique.Neurovascular, story.Today).Cases.ShouldBe(99);
        story.Do(new CorrectCase(key, Report(Day("2024-02-01")))).ShouldBeFalse();
        story.Do(new DecideRequest(key, 2, Agree: true)).ShouldBeFalse();
    }

    [Fact]
    public void A_death_leaves_the_year_the_technique_or_the_operator_with_consent_alone()
    {
        foreach (var moved in new[] { Report(Day("2022-02-01")), Report(Day("2024-02-01"), Technique.Comprehensive), Report(Day("2024-02-01"), by: "P002") })
        {
            var story = Volume(Technique.Neurovascular, 100, deaths: 3);
            int Deaths() => story.Reckoner.Metrics(Doctor, Technique.Neurovascular, story.Today).DeathCases;
            story.Do(new CorrectCase(new CaseKey(H, "1"), moved)).ShouldBeTrue();
            Deaths().ShouldBe(3);
            story.Do(new DecideRequest(new CaseKey(H, "1"), 1, Agree: true)).ShouldBeTrue();
            Deaths().ShouldBe(2);
            // The fourth case has no outcome, and moves at once.
            story.Do(new CorrectCase(new CaseKey(H, "4"), moved)).ShouldBeTrue();
            story.Do(new DecideRequest(new CaseKey(H, "4"), 1, Agree: true)).ShouldBeFalse();
        }
    }

    [Fact]
    public void No_case_is_moved_behind_its_report_or_what_came_of_it()
    {
        // Completed, and died, on 1 February; reported on 2 September, and asked on the 4th.
        var story = Volume(Technique.Neurovascular, 4, deaths: 1);
        story.Until("2024-09-04");
        story.Do(new CorrectCase(new CaseKey(H, "1"), Report(Day("2024-02-03")))).ShouldBeFalse();
        story.Do(new CorrectCase(new CaseKey(H, "1"), Report(Day("2024-02-02")))).ShouldBeTrue();
        story.Do(new CorrectCase(new CaseKey(H, "4"), Report(Day("2024-09-03")))).ShouldBeFalse();
        story.Do(new CorrectCase(new CaseKey(H, "4"), Report(Day("2024-09-02")))).ShouldBeTrue();
    }

    [Fact]
    public void Grounds_that_prove_untrue_undermine_once_and_annulling_gives_back_the_standing()
    {
        var story = Volume(Technique.Neurovascular, 100, deaths: 3);
        story.Enforce(Technique.Neurovascular);
        story.Until("2024-09-04");
        story.Reckoner.StandingOf(Hospital, Technique.Neurovascular).ShouldBe(Standing.Suspended);
        story.Do(new Adjudicate(new CaseKey(H, "1"), Target.Death, Relation.Unrelated));
        story.Until("2024-09-09");
        story.Kinds(Hospital, Technique.Neurovascular).ShouldBe([DecisionKind.Suspended, DecisionKind.GroundsUndermined]);
        var undermined = story.Reckoner.DecisionsOn(Hospital, Technique.Neurovascular)[^1];
        (undermined.JudgedOn, undermined.RecordedOn).ShouldBe((Day("2024-09-02"), Day("2024-09-05")));

        story.Do(new Annul(Hospital, Technique.Neurovascular)).ShouldBeTrue();
        story.Reckoner.StandingOf(Hospital, Technique.Neurovascular).ShouldBe(Standing.Good);
        story.Until("2024-09-25");
        story.Judged(Hospital, "NV-VOL-INST", Day("2024-09-10")).Observation.Complete.ShouldBeTrue();
        story.Judged(Hospital, "NV-VOL-INST", Day("2024-09-10")).Binding.ShouldBeTrue(); // settled on 26 August: before the suspension
        story.Judged(Hospital, "NV-VOL-INST", Day("2024-09-25")).Binding.ShouldBeFalse();
    }

    [Fact]
    public void A_lift_starts_the_observation_anew()
    {
        var story = Volume(Technique.Neurovascular, 100, deaths: 3);
        story.Enforce(Technique.Neurovascular);
        story.Until("2024-09-20");
        story.Do(new Lift(Hospital, Technique.Neurovascular)).ShouldBeTrue();
        story.Reckoner.StandingOf(Hospital, Technique.Neurovascular).ShouldBe(Standing.Good);
        story.Until("2024-09-30");
        var finding = story.Judged(Hospital, "NV-RATE-MORT");
        (finding.Outcome, finding.Observation.From, finding.Observation.Complete).ShouldBe((Outcome.NotApplicable, Day("2024-09-21"), false));
        story.Judged(Hospital, "NV-RATE-MORT", Day("2024-09-20")).Outcome.ShouldBe(Outcome.Breached);
        // judged again from the closing of the 21st on: too few qualified physicians
        var warned = story.Reckoner.DecisionsOn(Hospital, Technique.Neurovascular)[^1];
        (warned.Kind, warned.JudgedOn).ShouldBe((DecisionKind.Warned, Day("2024-09-21")));
    }

    [Theory]
    [InlineData("2025-11-30", "2026-02-28")]
    [InlineData("2025-12-31", "2026-03-31")]
    [InlineData("2025-08-31", "2025-11-30")]
    [InlineData("2025-09-15", "2025-12-15")]
    public void Reassessment_waits_for_the_end_of_three_months(string effectiveOn, string lastDay)
    {
        var story = new Story("2025-06-02");
        story.Until(Day(effectiveOn).AddDays(-1));
        story.Do(new Suspend(Doctor, Technique.Comprehensive)).ShouldBeTrue();
        story.Reckoner.SuspendedFrom(Doctor, Technique.Comprehensive).ShouldBe(Day(effectiveOn));
        story.Until(lastDay);
        story.Do(new Reassess(Doctor, Technique.Comprehensive, Passed: true)).ShouldBeFalse();
        story.Until(story.Today.AddDays(1));
        story.Do(new Reassess(Doctor, Technique.Comprehensive, Passed: true)).ShouldBeTrue();
        story.Reckoner.StandingOf(Doctor, Technique.Comprehensive).ShouldBe(Standing.Good);
    }

    [Fact]
    public void A_failed_reassessment_is_proposed_for_revocation()
    {
        var story = new Story("2025-06-02");
        story.Do(new Suspend(Doctor, Technique.Comprehensive));
        story.Until("2025-09-04");
        story.Do(new Reassess(Doctor, Technique.Comprehensive, Passed: false)).ShouldBeTrue();
        story.Reckoner.StandingOf(Doctor, Technique.Comprehensive).ShouldBe(Standing.Suspended);
        // Five working days to ask for a hearing: from Thursday to Thursday.
        story.Until("2025-09-11");
        story.Do(new DecideProposal(Doctor, Technique.Comprehensive, 1, Agree: true)).ShouldBeFalse();
        story.Do(new Revoke(Doctor, Technique.Comprehensive)).ShouldBeFalse();
        story.Until("2025-09-12");
        story.Do(new DecideProposal(Doctor, Technique.Comprehensive, 1, Agree: true)).ShouldBeTrue();
        story.Reckoner.StandingOf(Doctor, Technique.Comprehensive).ShouldBe(Standing.Revoked);
        story.Reckoner.IsValid(Doctor, Technique.Comprehensive, Day("2025-09-12")).ShouldBeTrue();
        story.Reckoner.IsValid(Doctor, Technique.Comprehensive, Day("2025-09-13")).ShouldBeFalse();
    }

    [Fact]
    public void Under_confirm_a_declined_proposal_rests_while_the_run_lasts()
    {
        var story = Volume(Technique.Neurovascular, 100, deaths: 3);
        story.Enforce(Technique.Neurovascular, Mode.Confirm);
        story.Until("2024-09-05");
        story.Kinds(Hospital, Technique.Neurovascular).ShouldBe([DecisionKind.SuspensionProposed]);
        story.Do(new DecideProposal(Hospital, Technique.Neurovascular, 1, Agree: false));
        story.Until("2024-09-10");
        story.Kinds(Hospital, Technique.Neurovascular).ShouldBe(
            [DecisionKind.SuspensionProposed, DecisionKind.ProposalDeclined, DecisionKind.WarningProposed]);

        story.Case("2024-07-01"); // 3 of 101: the run ends
        story.Until("2024-09-11");
        story.Do(new VoidCase(new CaseKey(H, "50")));
        story.Until("2024-09-12");
        story.Kinds(Hospital, Technique.Neurovascular)[^1].ShouldBe(DecisionKind.SuspensionProposed);
        story.Do(new DecideProposal(Hospital, Technique.Neurovascular, 3, Agree: true));
        var suspended = story.Reckoner.DecisionsOn(Hospital, Technique.Neurovascular)[^1];
        (suspended.Kind, suspended.JudgedOn, suspended.EffectiveOn).ShouldBe((DecisionKind.Suspended, Day("2024-09-11"), Day("2024-09-13")));
    }

    [Fact]
    public void Too_many_at_once_are_held_and_warned()
    {
        var story = Volume(Technique.Neurovascular, 100, deaths: 3);
        story.Enforce(Technique.Neurovascular, holdAbove: 0);
        story.Until("2024-09-06");
        var decisions = story.Reckoner.DecisionsOn(Hospital, Technique.Neurovascular);
        decisions.Select(d => (d.Kind, d.Held)).ShouldBe([(DecisionKind.SuspensionProposed, true), (DecisionKind.Warned, false)]);
        story.Do(new DecideProposal(Hospital, Technique.Neurovascular, 1, Agree: false));
        story.Until("2024-09-20");
        story.Reckoner.DecisionsOn(Hospital, Technique.Neurovascular).Count.ShouldBe(3);
        story.Reckoner.StandingOf(Hospital, Technique.Neurovascular).ShouldBe(Standing.Warned);
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(6, true)]
    public void By_default_more_than_five_are_too_many(int hospitals, bool held)
    {
        var story = new Story("2024-09-02", qualified: false);
        for (var i = 0; i < hospitals; i++)
        {
            var id = $"H11{i:0000}x";
            story.Do(new PutInstitution(id, "11", "tertiary"));
            story.Do(new ImportQualification(Subject.Institution(id), Technique.Comprehensive, LongAgo));
            story.Do(new ReportCase(
                new CaseKey(id, "1"), Report(Day("2024-06-01"), Technique.Comprehensive, by: "P009"), [], new ReportedDeath(Day("2024-06-01"), Relation.Related)));
        }
        story.Enforce(Technique.Comprehensive);
        story.Until("2024-09-03");
        story.Reckoner.Decisions.Count(d => d.Kind == DecisionKind.Suspended).ShouldBe(held ? 0 : hospitals);
        story.Reckoner.Decisions.Count(d => d.Kind == DecisionKind.SuspensionProposed && d.Held).ShouldBe(held ? hospitals : 0);
    }

    [Fact]
    public void Only_confirmed_leave_excuses()
    {
        var story = Volume(Technique.Neurovascular, 10);
        story.Do(new EnterLeave(P, Day("2024-01-01"), Day("2024-01-01"), "illness"));
        story.Judged(Doctor, "NV-PHYS-30").Binding.ShouldBeTrue();
        story.Do(new ConfirmLeave(P, 1));
        story.Judged(Doctor, "NV-PHYS-30").Binding.ShouldBeFalse();
        story.Judged(Hospital, "NV-VOL-INST").Binding.ShouldBeTrue();
        // the year from 2 January on is free of it: settled on 1 January 2025
        WorkingDays.SettledDay(Day("2025-01-16")).ShouldBe(Day("2025-01-01"));
        story.Until("2025-01-16");
        story.Judged(Doctor, "NV-PHYS-30", Day("2025-01-15")).Observation.From.ShouldBe(Day("2023-12-31"));
        story.Judged(Doctor, "NV-PHYS-30", Day("2025-01-15")).Binding.ShouldBeFalse();
        story.Judged(Doctor, "NV-PHYS-30", Day("2025-01-16")).Binding.ShouldBeTrue();
    }

    [Fact]
    public void The_suspension_of_every_place_excuses_the_physician()
    {
        var story = Volume(Technique.Neurovascular, 10);
        story.Do(new Suspend(Hospital, Technique.Neurovascular));
        story.Until("2024-10-08");
        story.Judged(Doctor, "NV-PHYS-30").Binding.ShouldBeFalse();
        story.Judged(Doctor, "CI3-PHYS-30").Binding.ShouldBeTrue();
        story.Do(new PutInstitution("H110002", "11", "tertiary"));
        story.Do(new PutPhysician(
            P, [new TitleFrom(Title.Chief, LongAgo)], [new Registration(H, LongAgo, null, true), new Registration("H110002", LongAgo, null, false)]));
        story.Judged(Doctor, "NV-PHYS-30").Binding.ShouldBeTrue();
    }

    [Fact]
    public void Below_associate_chief_on_one_day_of_the_observation_is_not_judged()
    {
        var story = Volume(Technique.Comprehensive, 10);
        var settled = WorkingDays.SettledDay(story.Today);
        var first = settled.AddYears(-1).AddDays(1);
        Outcome With(params TitleFrom[] titles)
        {
            story.Do(new PutPhysician(P, titles, [new Registration(H, LongAgo, null, true)]));
            return story.Judged(Doctor, "CI3-PHYS-30").Outcome;
        }

        With().ShouldBe(Outcome.NotApplicable);
        With(new TitleFrom(Title.AssociateChief, first)).ShouldBe(Outcome.Breached);
        With(new TitleFrom(Title.AssociateChief, first.AddDays(1))).ShouldBe(Outcome.NotApplicable);
        With(new TitleFrom(Title.Attending, LongAgo), new TitleFrom(Title.Chief, first)).ShouldBe(Outcome.Breached);
        With(new TitleFrom(Title.Chief, LongAgo), new TitleFrom(Title.Attending, settled.AddDays(1))).ShouldBe(Outcome.Breached);
    }

    [Fact]
    public void Coverage_cuts_the_observation_and_a_physicians_is_the_latest_of_his_places()
    {
        var story = Volume(Technique.Neurovascular, 40);
        story.Do(new PutInstitution("H110002", "11", "tertiary"));
        story.Do(new PutPhysician(
            P, [new TitleFrom(Title.Chief, LongAgo)], [new Registration(H, LongAgo, null, true), new Registration("H110002", LongAgo, null, false)]));
        story.Do(new PutCoverage("H110002", Technique.Neurovascular, Day("2024-02-11")));
        var finding = story.Judged(Doctor, "NV-PHYS-30");
        (finding.Observation.From, finding.Observation.Complete, finding.Count, finding.Binding).ShouldBe((Day("2024-02-11"), false, 30, false));
        story.Judged(Hospital, "NV-VOL-INST-TX").Count.ShouldBe(40);
        story.Reckoner.Metrics(Doctor, Technique.Neurovascular, story.Today).Cases.ShouldBe(40);
    }

    [Fact]
    public void Staff_is_judged_on_the_day_itself()
    {
        var story = new Story("2024-09-02");
        Outcome On() => story.Judged(Hospital, "CI3-PHYS-2").Outcome;
        On().ShouldBe(Outcome.Breached);
        story.Do(new PutPhysician("P002", [new TitleFrom(Title.Attending, LongAgo)], [new Registration(H, LongAgo, null, true)]));
        story.Do(new ImportQualification(Subject.Physician("P002"), Technique.Comprehensive, Day("2024-09-02")));
        On().ShouldBe(Outcome.Met);
        story.Do(new Suspend(Doctor, Technique.Comprehensive));
        On().ShouldBe(Outcome.Met);
        story.Until("2024-09-03");
        On().ShouldBe(Outcome.Breached);
        story.Judged(Hospital, "CI3-PHYS-2", Day("2024-09-02")).Outcome.ShouldBe(Outcome.Met);
        story.Do(new Lift(Doctor, Technique.Comprehensive));
        story.Until("2024-09-04");
        On().ShouldBe(Outcome.Met);
        story.Do(new PutPhysician(P, [new TitleFrom(Title.Attending, LongAgo)], [new Registration(H, LongAgo, null, true)]));
        On().ShouldBe(Outcome.Breached); // two, neither of them senior
    }

    [Fact]
    public void An_incident_counts_on_the_day_it_was_determined()
    {
        var story = Volume(Technique.Comprehensive, 10);
        var key = new CaseKey(H, "1");
        story.Do(new RecordIncident(key, 4, Day("2024-09-01"), Relation.Undetermined));
        story.Judged(Hospital, "CI-ACCIDENT-0").Outcome.ShouldBe(Outcome.Breached);
        story.Judged(Hospital, "CI-ACCIDENT-0", Day("2024-08-31")).Outcome.ShouldBe(Outcome.Met);
        story.Until("2025-09-01");
        story.Judged(Hospital, "CI-ACCIDENT-0", Day("2025-08-31")).Outcome.ShouldBe(Outcome.Breached);
        story.Judged(Hospital, "CI-ACCIDENT-0", Day("2025-09-01")).Outcome.ShouldBe(Outcome.Met);
    }

    [Fact]
    public void Overall_looks_at_what_is_coming_and_at_what_is_possible()
    {
        var story = Volume(Technique.Neurovascular, 40);
        story.Reckoner.Overall(Doctor, Technique.Neurovascular, story.Today).ShouldBe(Overall.Compliant);
        foreach (var number in new[] { "1", "2", "3" })
        {
            story.Do(new ReportComplication(new CaseKey(H, number), new ReportedComplication(true, Day("2024-08-01"), Relation.Unrelated)));
        }
        story.Reckoner.Overall(Doctor, Technique.Neurovascular, story.Today).ShouldBe(Overall.AtRisk);
        story.Do(new Adjudicate(new CaseKey(H, "1"), Target.Complication(1), Relation.Unrelated));
        story.Reckoner.Overall(Doctor, Technique.Neurovascular, story.Today).ShouldBe(Overall.Compliant);
        story.Do(new Adjudicate(new CaseKey(H, "1"), Target.Complication(1), Relation.Related));
        story.Do(new Adjudicate(new CaseKey(H, "2"), Target.Complication(1), Relation.Related));
        story.Do(new Adjudicate(new CaseKey(H, "3"), Target.Complication(1), Relation.Related));
        story.Reckoner.Overall(Doctor, Technique.Neurovascular, story.Today).ShouldBe(Overall.Breached);
        new Story("2024-09-02").Reckoner.Overall(Doctor, Technique.Comprehensive, Day("2024-09-02")).ShouldBe(Overall.Breached);
    }

    [Fact]
    public void A_case_that_leaves_the_year_at_midnight_lifts_the_warning_without_an_event()
    {
        var story = Volume(Technique.Comprehensive, 150);
        var old = story.Case("2023-12-01", Technique.Comprehensive, death: Relation.Related);
        story.Case("2023-12-02", Technique.Comprehensive, death: Relation.Related);
        old.CaseNumber.ShouldBe("151");
        story.Enforce(Technique.Comprehensive);
        // 2 of 152; settled on 1 December 2024 the first is gone: 1 of 151 is below 1 %
        var settles = Day("2024-12-01");
        while (WorkingDays.SettledDay(settles) < Day("2024-12-01"))
        {
            settles = settles.AddDays(1);
        }
        settles.ShouldBe(Day("2024-12-14"));
        story.Until(settles.AddDays(1));
        story.Reckoner.DecisionsOn(Doctor, Technique.Comprehensive).Select(d => (d.Kind, d.JudgedOn)).ShouldBe(
            [(DecisionKind.Warned, (DateOnly?)Day("2024-09-02")), (DecisionKind.WarningLifted, settles)]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_random_history_is_the_same_for_the_same_seed_and_hangs_together(int seed)
    {
        foreach (var profile in new[] { Profile.Normal, Profile.Small })
        {
            var history = RandomHistories.Generate(seed, profile);
            RandomHistories.Generate(seed, profile).Describe().ShouldBe(history.Describe());
            var reckoner = new Reckoner();
            var announced = 0;
            var reportedOn = new Dictionary<CaseKey, DateOnly>();
            foreach (var next in history.Operations)
            {
                // announcements contradicted, revived, or withdrawn too late
                if (next.Operation is AnnounceProcedure or WithdrawAnnouncement)
                {
                    announced += reckoner.Apply(next) ? 1 : 0;
                    continue;
                }

                if (next.Operation is ReportCase report)
                {
                    reportedOn.Add(report.Case, next.Day);
                }

                // a day after that of the report
                if (next.Operation is CorrectCase correct && correct.Report.CompletedOn > reportedOn[correct.Case])
                {
                    reckoner.Apply(next).ShouldBeFalse(next.ToString());
                    continue;
                }

                // beside those, an early reassessment and a revocation before a hearing could be asked for are the only things meant to be refused
                var mayBeEarly = next.Operation is Reassess or Revoke
                    || (next.Operation is DecideProposal { Agree: true } o && reckoner.Proposals(o.Subject, o.Technique)[o.Proposal - 1].Kind == ProposalKind.Revocation);
                (reckoner.Apply(next) || mayBeEarly).ShouldBeTrue(next.ToString());
            }
            announced.ShouldBeGreaterThan(0);
            reckoner.LastClosed.ShouldBe(history.LastDay.AddDays(-1));
            history.Operations.Select(o => (o.Day, o.Order)).ShouldBeInOrder();
        }
    }

    /// <summary>What is learnt once is not looked at again; this looks at everything again, at the end, and finds the counts as they were.</summary>
    [Fact]
    public void Every_case_not_voided_belongs_to_exactly_one_institution_and_operator()
    {
        var history = RandomHistories.Generate(5, Profile.Normal);
        var reckoner = Reckoner.After(history);
        for (var day = history.FirstDay; day <= history.LastDay; day = day.AddDays(37))
        {
            foreach (var technique in Enum.GetValues<Technique>())
            {
                var byPlace = reckoner.Institutions.Sum(i => reckoner.Metrics(Subject.Institution(i), technique, day).Cases);
                var byOperator = reckoner.Physicians.Append("PX999").Sum(p => reckoner.Metrics(Subject.Physician(p), technique, day).Cases);
                byPlace.ShouldBe(byOperator);
            }
        }
    }
}
