using System.Diagnostics;
using Compliance.Cases;

namespace Compliance.Regulations;

/// <summary>What a regulation may name of each mechanism: a file that relies on something the system does not do is refused.</summary>
public static class Mechanisms
{
    private static readonly IReadOnlyList<string> ReportFields =
    [
        "consent", "decidedBy", "operator", "patient.diagnosis", "procedureCodes", "devices", "devices.registration", "devices.udi", "devices.lot", "devices.serial", "devices.singleUse",
        "outcome", "admittedOn", "dischargedOn",
    ];

    private static readonly IReadOnlyList<string> Decisions =
    [
        "granted", "grantFiled", "warned", "suspended", "suspensionLifted", "rectificationPlanFiled", "reassessed", "reinstated", "revocationProposed", "revoked",
        "applicationSubmitted", "opinionGiven", "applicationReturned", "applicationWithdrawn", "applicationRefused", "assessmentScheduled", "assessmentScored", "assessed",
    ];

    /// <summary>The names there are; none for what has no parts. Paths are named by their own regulation.</summary>
    public static IReadOnlyList<string> Names(Mechanism by) => by switch
    {
        Mechanism.CaseFlags => CaseFlags.All,
        Mechanism.Report => ReportFields,
        Mechanism.Decisions => Decisions,
        Mechanism.Catalogue or Mechanism.Contract or Mechanism.Register or Mechanism.Minimum or Mechanism.Paths => [],
        _ => throw new UnreachableException(),
    };
}
