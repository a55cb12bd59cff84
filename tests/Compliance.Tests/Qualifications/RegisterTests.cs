using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Compliance.Metrics;
using Compliance.Qualifications;
using Compliance.Registry;
using static Compliance.Tests.Judging;
using Event = Compliance.Qualifications.Qualification.Event;

namespace Compliance.Tests.Qualifications;

/// <summary>On which days the register lists whom, how, under what name and where; and what of it is announced.</summary>
public class RegisterTests
{
    private static readonly QualificationId Id = new(Subject.Institution("H1"), "neurovascular");
    private static readonly DateOnly GrantedOn = new(2020, 1, 1);

    private static readonly Event.Granted Granted = new(Id, 1, GrantedOn, "G-1", Imported: true, Regulator);

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");

    private static Event.Warned Warned(string effectiveOn) =>
        new(Id, Day(effectiveOn).AddDays(-2), Day(effectiveOn), new("NV-2012", Judging.Neurovascular.Version, new(GrantedOn, GrantedOn, false), Counts.None, []), null, Regulator);

    private static Event.Suspended Suspended(string effectiveOn) => new(Id, Day(effectiveOn).AddDays(-1), Day(effectiveOn), Day(effectiveOn).AddMonths(3), "11", "seen", null, null, Regulator);

    private static Event.SuspensionLifted Lifted(string effectiveOn) => new(Id, Day(effectiveOn), "mended", Regulator);

    private static Event.SuspensionAnnulled Annulled(string effectiveOn) => new(Id, Day(effectiveOn), "in error", Regulator);

    private static Event.Reinstated Reinstated(string effectiveOn) => new(Id, Day(effectiveOn), Regulator);

    private static Event.Revoked Revoked(string effectiveOn) => new(Id, Day(effectiveOn), Guid.Empty, "not mended", Regulator);

    private static Event.Relinquished Relinquished(string effectiveOn) => new(Id, Day(effectiveOn), "given up", Holder);

    private static IEnumerable<string> Spans(params IReadOnlyList<Event> events) =>
        RegisterSpans.Of(Qualification.Fold(events)).Select(s => $"{s.From:yyyy-MM-dd}..{s.Until:yyyy-MM-dd} {s.Standing} since {s.Since:yyyy-MM-dd}");

    [Fact]
    public void NothingGrantedIsNothingListed() => Spans().ShouldBeEmpty();

    [Fact]
    public void AGrantIsListedFromItsDayOn() => Spans(Granted).ShouldBe(["2020-01-01.. Good since 2020-01-01"]);

    [Fact]
    public void ASuspensionStandsFromTheDayAfterItWasDecided() =>
        Spans(Granted, Suspended("2025-03-02")).ShouldBe(["2020-01-01..2025-03-02 Good since 2020-01-01", "2025-03-02.. Suspended since 2025-03-02"]);

    [Fact]
    public void ALiftingEndsIt() => Spans(Granted, Suspended("2025-03-02"), Lifted("2025-04-01")).ShouldBe(
        ["2020-01-01..2025-03-02 Good since 2020-01-01", "2025-03-02..2025-04-01 Suspended since 2025-03-02", "2025-04-01.. Good since 2025-04-01"]);

    [Fact]
    public void WhatIsLiftedBeforeItTookEffectNeverStood() =>
        Spans(Granted, Suspended("2025-03-02"), Lifted("2025-03-02")).ShouldBe(["2020-01-01..2025-03-02 Good since 2020-01-01", "2025-03-02.. Good since 2025-03-02"]);

    [Fact]
    public void AnAnnulledSuspensionLeavesTheRegisterAlsoForThePast()
    {
        Spans(Granted, Suspended("2025-03-02"), Annulled("2025-04-01")).ShouldBe(["2020-01-01.. Good since 2020-01-01"]);
        Spans(Granted, Warned("2025-02-01"), Suspended("2025-03-02"), Annulled("2025-04-01")).ShouldBe(["2020-01-01..2025-02-01 Good since 2020-01-01", "2025-02-01.. Warned since 2025-02-01"]);
        Spans(Granted, Suspended("2024-01-01"), Lifted("2024-02-01"), Suspended("2025-03-02"), Annulled("2025-04-01")).ShouldBe(
            ["2020-01-01..2024-01-01 Good since 2020-01-01", "2024-01-01..2024-02-01 Suspended since 2024-01-01", "2024-02-01.. Good since 2024-02-01"]);
    }

    [Fact]
    public void AReinstatementEndsItToo() => Spans(Granted, Suspended("2025-03-02"), Reinstated("2025-07-01")).Last().ShouldBe("2025-07-01.. Good since 2025-07-01");

    [Fact]
    public void ARevokedOneStaysListedAsRevoked() => Spans(Granted, Suspended("2025-03-02"), Revoked("2025-07-01")).ShouldBe(
        ["2020-01-01..2025-03-02 Good since 2020-01-01", "2025-03-02..2025-07-01 Suspended since 2025-03-02", "2025-07-01.. Revoked since 2025-07-01"]);

    [Fact]
    public void ARelinquishedOneLeavesIt() => Spans(Granted, Relinquished("2025-03-02")).ShouldBe(["2020-01-01..2025-03-02 Good since 2020-01-01"]);

    [Fact]
    public void OneRelinquishedWhileItWasSuspendedComesBackWhenItIsRevoked() => Spans(Granted, Suspended("2025-03-02"), Relinquished("2025-04-01"), Revoked("2025-07-01")).ShouldBe(
        ["2020-01-01..2025-03-02 Good since 2020-01-01", "2025-03-02..2025-04-01 Suspended since 2025-03-02", "2025-07-01.. Revoked since 2025-07-01"]);

    [Fact]
    public void ASecondGrantBeginsAnew()
    {
        var second = new Event.Granted(Id, 2, Day("2026-01-01"), "G-2", Imported: false, Regulator);
        Spans(Granted, Relinquished("2025-03-02"), second).ShouldBe(["2020-01-01..2025-03-02 Good since 2020-01-01", "2026-01-01.. Good since 2026-01-01"]);
        Spans(Granted, Suspended("2025-03-02"), Revoked("2025-07-01"), second).Skip(2).ShouldBe(["2025-07-01..2026-01-01 Revoked since 2025-07-01", "2026-01-01.. Good since 2026-01-01"]);
    }

    [Fact]
    public void EverySpanSaysWhatTheQualificationSaysOfItsDays()
    {
        var state = Qualification.Fold([Granted, Warned("2025-01-05"), Suspended("2025-03-02"), Lifted("2025-04-01"), Suspended("2025-06-01"), Relinquished("2025-06-20"), Revoked("2025-09-10")]);
        var spans = RegisterSpans.Of(state);
        for (var day = GrantedOn.AddDays(-1); day < Day("2026-01-01"); day = day.AddDays(1))
        {
            var validity = state.ValidityOn(day);
            var listed = spans.Where(s => s.Covers(day)).ToList();
            listed.Count.ShouldBe(validity is Validity.Valid or Validity.Revoked ? 1 : 0, $"{day}");
            if (listed is [var span])
            {
                (span.Standing == Standing.Suspended).ShouldBe(state.IsSuspendedOn(day), $"{day}");
                (span.Standing == Standing.Revoked).ShouldBe(validity == Validity.Revoked, $"{day}");
            }
        }
    }

    // Names and places

    private static Institution.State Place(string id, params (string Name, string From)[] names) =>
        Institution.Fold(names.Select(n => new Institution.Event.Registered(id, n.Name, "11", null, HospitalLevel.TertiaryA, null, Day(n.From), Regulator)));

    private static KnownRegistry Registry(Institution.State[] places, params Physician.State[] people) =>
        new(places.ToDictionary(p => p.Entry!.Institution), people.ToDictionary(p => p.Entry!.Physician));

    private static Physician.State Person(string name, params Registration[] registrations) =>
        Physician.Fold([new Physician.Event.Registered("P1", name, [], "surgery", "neurosurgery", registrations, Day("2024-01-01"), Regulator)]);

    private static IEnumerable<string> Lines(KnownRegistry registry, params IReadOnlyList<Event> events) => Register.Of(Qualification.Fold(events), registry).Select(l =>
        $"{l.From:yyyy-MM-dd}..{l.Until:yyyy-MM-dd} {l.Entry.Holder.Id ?? "-"} {l.Entry.Holder.Name} {l.Entry.Holder.Place?.Name ?? "-"} {l.Entry.Holder.Province ?? "-"} {l.Entry.Standing} since {l.Entry.Since:yyyy-MM-dd}");

    [Fact]
    public void AnInstitutionStandsUnderTheNameItHad() =>
        Lines(Registry([Place("H1", ("First", "2024-01-01"), ("First", "2024-06-01"), ("Second", "2025-02-01"))]), Granted, Suspended("2025-03-02")).ShouldBe(
        [
            "2020-01-01..2025-02-01 H1 First - 11 Good since 2020-01-01", "2025-02-01..2025-03-02 H1 Second - 11 Good since 2020-01-01", "2025-03-02.. H1 Second - 11 Suspended since 2025-03-02",
        ]);

    [Fact]
    public void APhysicianStandsWithTheMainPlaceOfTheDayAndWithoutAnId()
    {
        var registry = Registry(
            [Place("H1", ("One", "2020-01-01"), ("One renamed", "2022-03-01")), Institution.Evolve(Place("H2", ("Two", "2024-01-01")), new Institution.Event.Registered("H2", "Two", "31", null, HospitalLevel.Secondary, null, Day("2024-01-01"), Regulator))],
            Person("Doctor", new("H1", Day("2021-01-01"), Day("2022-12-31"), true), new("H2", Day("2021-01-01"), Day("2022-12-31"), false), new("H2", Day("2023-03-01"), null, true)));
        var id = new QualificationId(Subject.Physician("P1"), "neurovascular");
        Lines(registry, Granted with { Qualification = id }).ShouldBe(
        [
            "2020-01-01..2021-01-01 - Doctor - - Good since 2020-01-01",
            "2021-01-01..2022-03-01 - Doctor One 11 Good since 2020-01-01",
            "2022-03-01..2023-01-01 - Doctor One renamed 11 Good since 2020-01-01",
            "2023-01-01..2023-03-01 - Doctor - 11 Good since 2020-01-01",
            "2023-03-01.. - Doctor Two 31 Good since 2020-01-01",
        ]);
    }

    [Fact]
    public void WhomTheRegistryDoesNotKnowTheRegisterCannotName() => Lines(Registry([]), Granted).ShouldBeEmpty();

    // The canonical text

    [Fact]
    public void TheTextIsCanonical()
    {
        var institution = new RegisterEntry("neurovascular", new(SubjectKind.Institution, "H1", "北京\"第一\"\\医院", null, "11"), Standing.Good, GrantedOn);
        var physician = new RegisterEntry("neurovascular", new(SubjectKind.Physician, null, "王𠮷\u0001", new("H1", "北京"), null), Standing.Suspended, GrantedOn);
        var lines = new List<byte[]> { RegisterText.Line(physician), RegisterText.Line(institution), RegisterText.Line(physician) };
        RegisterText.Sort(lines);
        const string expected =
            """
            {"id":"H1","institution":null,"kind":"institution","name":"北京\"第一\"\\医院","province":"11","since":"2020-01-01","standing":"good","technique":"neurovascular"}
            {"id":null,"institution":{"id":"H1","name":"北京"},"kind":"physician","name":"王𠮷\u0001","province":null,"since":"2020-01-01","standing":"suspended","technique":"neurovascular"}
            {"id":null,"institution":{"id":"H1","name":"北京"},"kind":"physician","name":"王𠮷\u0001","province":null,"since":"2020-01-01","standing":"suspended","technique":"neurovascular"}

            """;
        string.Concat(lines.Select(l => Encoding.UTF8.GetString(l) + "\n")).ShouldBe(expected);
        RegisterText.Digest(lines).ShouldBe(SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
        RegisterText.Digest([]).ShouldBe(SHA256.HashData([]));
    }

    // Announcements

    [Fact]
    public void EveryEventOfAQualificationIsAnnouncedOrListedAsNot()
    {
        var types = typeof(Event).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Event)) && !t.IsAbstract).ToList();
        types.Count.ShouldBeGreaterThan(25);
        var announced = types.Where(t => Announcement.Of((Event)RuntimeHelpers.GetUninitializedObject(t)) is not null).Select(t => t.Name);
        announced.ShouldBe(["Granted", "Suspended", "SuspensionLifted", "SuspensionAnnulled", "Reinstated", "Revoked", "Relinquished"], ignoreOrder: true);
    }

    [Fact]
    public void AGrantFromBeforeTheSystemIsNoNews()
    {
        Announcement.Of(Granted).ShouldBeNull();
        Announcement.Of(Granted with { Imported = false }).ShouldBe(new(AnnouncedAct.Granted, GrantedOn));
    }
}
