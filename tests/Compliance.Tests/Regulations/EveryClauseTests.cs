using Compliance.Regulations;

namespace Compliance.Tests.Regulations;

/// <summary>Every requirement of the texts, by its id as the design lists them: each stands in a file, and something judges, checks or records it.</summary>
public class EveryClauseTests
{
    private static readonly string[] Ids =
    [
        "NV-SCOPE", "NV-MIN", "NV-NOTICE-ASSESS", "NV-NOTICE-PUB", "NV-NOTICE-FILE", "NV-EFFECT", "NV-INST-FUNC", "NV-INST-LEVEL", "NV-INST-DEPTS", "NV-INST-ROOMS",
        "NV-INST-NS-BEDS", "NV-INST-NS-CAP", "NV-INST-NEURO-BEDS", "NV-INST-CATH-ZONES", "NV-INST-CATH-DSA", "NV-INST-CATH-PACS", "NV-INST-CATH-RESUS", "NV-INST-CATH-STORE",
        "NV-INST-ICU-STD", "NV-INST-ICU-BEDS", "NV-INST-ICU-AREA", "NV-INST-ICU-MON", "NV-INST-ICU-CAP", "NV-INST-ICU-STAFF", "NV-INST-DOPPLER", "NV-INST-MRI-CT",
        "NV-INST-PHYS-2", "NV-INST-OTHERSTAFF", "NV-SEC-NEED", "NV-SEC-NEED-URBAN", "NV-SEC-NEED-COUNTY", "NV-SEC-AID", "NV-SEC-ASSESS", "NV-SEC-ALL", "NV-NEW", "NV-PHYS-LICENCE",
        "NV-PHYS-EXP3", "NV-PHYS-TITLE", "NV-PHYS-CROSS-NS", "NV-PHYS-CROSS-N", "NV-PHYS-CROSS-R", "NV-PHYS-TRAINED", "NV-NURSE-TRAINED", "NV-CASE-INDIC", "NV-CASE-DECIDE2",
        "NV-CASE-OPERATOR", "NV-CASE-PLAN", "NV-CASE-CONSENT", "NV-CASE-FOLLOWUP", "NV-REPORT-10WD", "NV-REPORT-SW", "NV-VOL-INST", "NV-VOL-INST-TX", "NV-RATE-COMP",
        "NV-RATE-MORT", "NV-MORT-LOWVOL", "NV-PHYS-30", "NV-PUB-LIST", "NV-ASSESS-PERIODIC", "NV-ASSESS-11", "NV-ASSESS-FAIL-SUSPEND", "NV-RECTIFY-3M", "NV-REASSESS",
        "NV-REVOKE-RECT", "NV-REVOKE-2X", "NV-REVOKE-PUB", "NV-DEV-APPROVED", "NV-DEV-REGISTER", "NV-DEV-BARCODE", "NV-DEV-NOREUSE", "NV-FEE", "NV-TB-RECOG", "NV-TB-LEVEL",
        "NV-TB-BEDS", "NV-TB-DISEASES", "NV-TB-TUTORS", "NV-TB-FACIL", "NV-TB-VOL-A", "NV-TB-VOL-B", "NV-TB-VOL", "NV-TB-OP150", "NV-TB-ACAD", "NV-TR-12M", "NV-TRB-MATERIAL",
        "NV-TRB-PLAN", "NV-TRB-TESTS", "NV-TRB-DOSSIER", "NV-TRB-CAPACITY", "NV-TR-DX100", "NV-TR-TX50", "NV-TR-OPDX40", "NV-TR-OPTX20", "NV-TR-SUPERV", "NV-TR-EXAM",
        "NV-TR-FULLCARE", "NV-TR-ABROAD", "NV-GF1", "NV-GF-LIC", "NV-GF-REC", "NV-GF1-VOL", "NV-GF-SAFE", "NV-GF2", "CI-SCOPE", "CI-LEVELS", "CI-INST-FUNC", "CI-INST-DEPTS",
        "CI-INST-CATH", "CI-INST-PHYS", "CI3-T", "CI3-S", "CI3-S-NEED", "CI3-S-AID", "CI3-S-ASSESS", "CI3-NEW", "CI3-BASIC", "CI3-PHYS-2", "CI3-CATH", "CI3-ICU", "CI3-ANAES",
        "CI3-IMAGING", "CI-PHYS-LICENCE", "CI-PHYS-EXP3", "CI-PHYS-TRAINED", "CI3-PHYS-EXP5", "CI3-PHYS-TRAINED", "CI-NURSE-TRAINED", "CI-CASE-INDIC", "CI-CASE-DECIDE",
        "CI-CASE-OPERATOR", "CI3-CASE-DECIDE", "CI3-CASE-OPERATOR", "CI-CASE-PLAN", "CI-CASE-CONSENT", "CI-CASE-FOLLOWUP", "CI3-REPORT-10WD", "CI-RATE-COMP", "CI-RATE-MORT",
        "CI-ACCIDENT-0", "CI3-VOL-INST", "CI3-PHYS-30", "CI3-PUB-LIST", "CI3-ASSESS-PERIODIC", "CI3-ASSESS-11", "CI3-ASSESS-FAIL-SUSPEND", "CI3-RECTIFY-3M", "CI3-REASSESS",
        "CI3-REVOKE-RECT", "CI3-REVOKE-2X", "CI3-REVOKE-PUB", "CI-DEV-APPROVED", "CI-DEV-REGISTER", "CI-DEV-BARCODE", "CI-DEV-NOREUSE", "CI-FEE", "CI-TR-6M", "CI-TB-PROV",
        "CI3-TB-LEVEL", "CI3-TB-TUTORS", "CI3-TB-FACIL", "CI3-TB-VOL", "CI3-TB-COVER60", "CI3-TB-ACAD", "CI-TRB-MATERIAL", "CI-TRB-PLAN", "CI-TRB-TESTS", "CI-TRB-DOSSIER",
        "CI-TRB-CAPACITY", "CI-TR-OP100", "CI3-TR-OP50", "CI-TR-FULLCARE", "CI-TR-ABROAD", "CI-GF1", "CI-GF2", "NC-ACAD", "NC-LEADER-ACAD", "NC-RESOURCES", "NC-DUTY-PLAN",
        "NC-DUTY-TEACH", "NC-DUTY-LECT", "NC-DUTY-DOSSIER", "NC-APP-DEADLINE", "NC-APP-FORMS", "NC-REVIEW", "NC-PUBLISH", "NC-BASIC-ALL", "NC-B1-TERTIARY", "NC-B2-YEARS",
        "NC-B2-VOL", "NC-B3-SENIOR", "NC-B4-EQUIP", "NC-B5-TUTOR", "NC-O1", "NC-O2", "NC-O3", "NC-O4", "NC-O5", "NC-FORM2-FIELDS", "NC-FORM2-EVID", "NC-FORM-STAMP", "NC-FRAUD",
        "NC-LEADER", "NC-FORM3-FIELDS", "NC-TRAINER", "NC-FORM4-FIELDS", "AP-ID", "AP-TRAIN", "AP-CASES", "AP-SAFE", "AP-GUIDE", "AP-PLEDGE", "AP-CHAIN", "EN-TITLE", "EN-SINCE",
        "EN-CASES3Y", "EN-TRAINED", "EN-REFEREES", "EN-PROCEDURE",
    ];

    private static readonly IReadOnlyList<(Regulation Regulation, Clause Clause)> Carried = [.. ShippedRegulations.Set.All.SelectMany(regulation => regulation.Clauses.Select(clause => (regulation, clause)))];

    [Fact]
    public void TheListHoldsAllOfThem() => Ids.Distinct().Count().ShouldBe(217);

    [Fact]
    public void EveryIdStandsInExactlyOneFile() => Carried.Select(c => c.Clause.Id).Order(StringComparer.Ordinal).ShouldBe(Ids.Order(StringComparer.Ordinal));

    [Fact]
    public void EveryClauseIsJudgedCheckedOrRecorded() => Carried.Where(c => Handling(c.Regulation, c.Clause) is null).Select(c => c.Clause.Id).ShouldBeEmpty();

    /// <summary>Counted by hand from the design's tables: what is monitored is the table of domain.md, what is enforced are scopes, duties in a case, decisions, publication and devices' records.</summary>
    [Theory]
    [InlineData("NV-2012", 8, 77, 24)]
    [InlineData("CI-2012", 7, 44, 20)]
    [InlineData("NC-2024", 0, 31, 0)]
    [InlineData("EN-2012", 0, 6, 0)]
    public void HowTheClausesOfARegulationAreHandled(string regulation, int judged, int @checked, int enforced) =>
        Carried.Where(c => c.Regulation.Id == regulation).GroupBy(c => Handling(c.Regulation, c.Clause)).ToDictionary(g => g.Key!, g => g.Count())
            .ShouldBe(new Dictionary<string, int> { ["judged"] = judged, ["checked"] = @checked, ["enforced"] = enforced }.Where(n => n.Value > 0).ToDictionary(), ignoreOrder: true);

    [Fact]
    public void WhateverTheTextLeavesOpenHasAReading()
    {
        // The rows of the design's section on ambiguities that concern a clause by name.
        string[] open = ["NV-MORT-LOWVOL", "NV-RATE-COMP", "NV-VOL-INST", "NV-VOL-INST-TX", "NV-REVOKE-2X", "NV-REPORT-10WD", "NV-TB-OP150", "NV-TB-VOL-B", "NV-GF1-VOL", "AP-SAFE", "CI-ACCIDENT-0", "CI3-T", "CI3-PHYS-30", "CI3-TB-COVER60", "NC-B2-VOL", "NC-APP-DEADLINE", "NV-RECTIFY-3M"];
        Carried.Where(c => open.Contains(c.Clause.Id) && c.Clause.Reading is null).Select(c => c.Clause.Id).ShouldBeEmpty();
    }

    /// <summary>Judged from cases day by day; checked from facts along a path; enforced by a mechanism that exists. Null where nothing does anything about it.</summary>
    private static string? Handling(Regulation regulation, Clause clause) => clause switch
    {
        Clause.Condition => regulation.Paths.Any(path => path.Clauses.Contains(clause.Id)) || regulation.Clauses.OfType<Clause.Condition>().Any(other => Mentions(other.Test, clause.Id)) ? "checked" : null,
        Clause.Enforced { By: Mechanism.Paths } enforced => enforced.Names.All(name => regulation.Path(name) is not null) ? "enforced" : null,
        Clause.Enforced enforced => Mechanisms.Names(enforced.By) is var there && (there.Count == 0 || enforced.Names is [_, ..]) && enforced.Names.All(there.Contains) ? "enforced" : null,
        _ => clause.Applies.Count > 0 ? "judged" : null,
    };

    private static bool Mentions(Test test, string id) => test.Clause == id || test.Parts.Any(part => Mentions(part, id));
}
