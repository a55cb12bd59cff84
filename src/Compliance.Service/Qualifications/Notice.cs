using System.Globalization;
using Compliance.Assessments;
using Compliance.Calendars;
using Compliance.Qualifications;
using Compliance.Regulations;
using Compliance.Service.EventStore;
using Compliance.Service.Metrics;

namespace Compliance.Service.Qualifications;

/// <summary>A decision that its subject is given notice of (告知书), with the version it has in the qualification's stream.</summary>
public sealed record Notice(long Version, DateTimeOffset RecordedAt, Qualification.Event Decision)
{
    /// <summary>Every sanction, every lifting, every outcome of an assessment; null for what is none of them.</summary>
    public static Notice? Of(RecordedEvent recorded) => recorded.Data switch
    {
        Qualification.Event.Warned or Qualification.Event.WarningLifted or Qualification.Event.Suspended or Qualification.Event.SuspensionLifted or Qualification.Event.SuspensionUpheld
            or Qualification.Event.SuspensionAnnulled or Qualification.Event.RevocationProposed or Qualification.Event.Reinstated or Qualification.Event.Revoked or PeriodicAssessment.Event.Assessed
            => new(recorded.Version, recorded.RecordedAt, (Qualification.Event)recorded.Data),
        _ => null,
    };

    /// <summary>True for the suspension that stands: a person reviews that, and lifts, annuls or upholds it.</summary>
    public bool IsReviewed(Qualification.State state) => Decision is Qualification.Event.Suspended s && state.StandingSuspension is { } standing && standing.EffectiveOn == s.EffectiveOn;
}

/// <summary>A qualitative item that was not passed.</summary>
public sealed record ItemFailed(string Item, Bilingual Title, string? Remark);

/// <summary>A notice in both languages, as data and ready to print.</summary>
/// <param name="Notice">The version of the decision in the qualification's history: what an objection names.</param>
/// <param name="Decision">The wire name of the decision.</param>
/// <param name="Text">Its sentences, in their order.</param>
/// <param name="Findings">The findings it rests on, with figures, limits and days.</param>
/// <param name="HowToObject">To whom, by what call, until when.</param>
public sealed record NoticeShown(
    long Notice,
    string Decision,
    Bilingual Title,
    DashboardEndpoints.NamedSubject Subject,
    string Technique,
    DateTimeOffset RecordedAt,
    string DecidedBy,
    ComplianceEndpoints.RegulationShown? Regulation,
    IReadOnlyList<Bilingual> Text,
    ObservationShown? Observation,
    CountsShown? Counts,
    IReadOnlyList<FindingShown> Findings,
    IReadOnlyList<ItemFailed> FailedItems,
    Bilingual HowToObject)
{
    internal static NoticeShown Of(Notice notice, string name, Qualification.State state, RegulationSet regulations)
    {
        var e = notice.Decision;
        var id = e.Qualification;
        // Revoked for what was proposed.
        var proposal = e is Qualification.Event.Revoked revoked ? state.Proposals.FirstOrDefault(p => p.Id == revoked.ProposalId) : null;
        var grounds = e switch
        {
            Qualification.Event.Warned w => w.Grounds,
            Qualification.Event.Suspended s => s.Grounds,
            Qualification.Event.RevocationProposed p => p.Grounds,
            PeriodicAssessment.Event.Assessed a => a.Grounds,
            _ => proposal?.Grounds,
        };
        var round = e switch
        {
            Qualification.Event.Suspended s => s.Round,
            Qualification.Event.RevocationProposed p => p.Round,
            PeriodicAssessment.Event.Assessed a => a.Round,
            _ => proposal?.Round,
        };
        var assessed = round is null ? null : state.Assessments.FirstOrDefault(a => a.Round == round);
        var regulation = grounds is null ? null : regulations.Find(grounds.Regulation, grounds.Version);
        var technique = (regulation ?? regulations.ForDefinitions(id.Technique, Shanghai.DayOf(notice.RecordedAt)))?.Title ?? new(id.Technique, id.Technique);
        var (title, text) = Words(e, technique, assessed);
        return new(
            notice.Version,
            EventTable.Types.For(e.GetType()).WireName,
            title,
            new(id.Subject.Kind, id.Subject.Id, name),
            id.Technique,
            notice.RecordedAt,
            e.By == Actor.Monitor ? "monitor" : e.By.Name,
            grounds is null ? null : new(grounds.Regulation, grounds.Version),
            text,
            grounds is null ? null : new(grounds.Observation.From, grounds.Observation.To, grounds.Observation.Complete),
            grounds is null ? null : CountsShown.Of(grounds.Counts),
            FindingShown.All(grounds?.Findings ?? [], regulation),
            [.. (e is PeriodicAssessment.Event.Assessed own ? own.FailedItems : assessed?.FailedItems ?? []).Select(i => new ItemFailed(i.Item, regulation?.Practice?.AssessmentItems.FirstOrDefault(a => a.Id == i.Item)?.Title ?? new(i.Item, i.Item), i.Remark))],
            HowTo(notice, state, regulation ?? regulations.ForDefinitions(id.Technique, Shanghai.DayOf(notice.RecordedAt))));
    }

    private static (Bilingual Title, IReadOnlyList<Bilingual> Text) Words(Qualification.Event e, Bilingual of, PeriodicAssessment.Concluded? assessed) => e switch
    {
        Qualification.Event.Warned w => (
            new("警告通知书", "Notice of warning"),
            [
                new($"依据《{of.Zh}》，按截至{Zh(w.JudgedOn)}已知的数据判定，下列条款未达到要求。", $"By “{of.En}”, judged on what was known at the end of {En(w.JudgedOn)}, the clauses below are not met."),
                new($"自{Zh(w.EffectiveOn)}起予以警告；所列情形全部消除后，警告自动解除。", $"You are warned from {En(w.EffectiveOn)} on. The warning is lifted once none of them stands."),
            ]),
        Qualification.Event.WarningLifted w => (
            new("解除警告通知书", "Notice that a warning is lifted"),
            [new($"按截至{Zh(w.JudgedOn)}的数据，原警告所列情形均已消除，自{Zh(w.EffectiveOn)}起解除警告。", $"By the data at the end of {En(w.JudgedOn)} nothing of what you were warned for stands. The warning is lifted from {En(w.EffectiveOn)} on.")]),
        Qualification.Event.Suspended s => (
            new("暂停技术临床应用资质通知书", "Notice of suspension"),
            [
                s.Round is not null ? new($"依据《{of.Zh}》，定期评估不合格。", $"By “{of.En}”, the periodic assessment was failed.")
                    : s.Grounds is not null ? new($"依据《{of.Zh}》，按截至{Zh(s.JudgedOn)}已知的数据判定，下列条款未达到要求。", $"By “{of.En}”, judged on what was known at the end of {En(s.JudgedOn)}, the clauses below are not met.")
                    : new($"依据《{of.Zh}》，由省级卫生健康行政部门决定。", $"By “{of.En}”, decided by the health authority of the province."),
                .. Given(s.Reason),
                .. Given(assessed?.OverriddenBecause),
                new($"自{Zh(s.EffectiveOn)}起暂停相关技术临床应用资质并责令整改，整改期至{Zh(s.RectificationEndsOn)}（含当日）；整改期满次日起可接受评估，符合条件者方可继续。",
                    $"The qualification is suspended from {En(s.EffectiveOn)} on, and rectification ordered until the end of {En(s.RectificationEndsOn)}. From the day after you may be reassessed; only who passes goes on."),
            ]),
        Qualification.Event.SuspensionLifted l => (
            new("解除暂停通知书", "Notice that a suspension is lifted"),
            [new($"自{Zh(l.EffectiveOn)}起解除暂停。", $"The suspension is lifted from {En(l.EffectiveOn)} on."), .. Given(l.Reason)]),
        Qualification.Event.SuspensionUpheld u => (
            new("维持暂停决定通知书", "Notice that a suspension is upheld"),
            [new("经复核，维持暂停决定。", "On review the suspension is upheld."), .. Given(u.Reason)]),
        Qualification.Event.SuspensionAnnulled a => (
            new("撤销暂停决定通知书", "Notice that a suspension is annulled"),
            [new($"暂停决定予以撤销，自始不计；自{Zh(a.EffectiveOn)}起恢复。", $"The suspension is annulled: it counts as never made. You go on from {En(a.EffectiveOn)}."), .. Given(a.Reason)]),
        Qualification.Event.RevocationProposed p => (
            new("拟取消资质告知书", "Notice that revocation is proposed"),
            [
                p.Round is not null ? new($"依据《{of.Zh}》，连续评估不合格，拟取消资质。", $"By “{of.En}”, assessments were failed in a row: revocation is proposed.")
                    : new($"依据《{of.Zh}》，整改后评估不合格，拟取消资质。", $"By “{of.En}”, the reassessment after rectification was failed: revocation is proposed."),
                .. Given(p.Reason),
                .. p.HearUntil is { } until ? [new Bilingual($"可于{Zh(until)}（含当日）前申请听证，期满前不作决定。", $"Until the end of {En(until)} you may ask to be heard; nothing is decided before.")] : (Bilingual[])[],
            ]),
        Qualification.Event.Reinstated r => (
            new("恢复资质通知书", "Notice of reinstatement"),
            [new($"整改后评估合格，自{Zh(r.EffectiveOn)}起恢复技术临床应用资质；观察期自该日重新起算。", $"The reassessment was passed. The qualification is reinstated from {En(r.EffectiveOn)} on; observation starts anew that day.")]),
        Qualification.Event.Revoked r => (
            new("取消资质通知书", "Notice of revocation"),
            [new($"自{Zh(r.EffectiveOn)}起取消技术临床应用资质，并向社会公示。", $"The qualification is revoked from {En(r.EffectiveOn)} on, and that is published."), .. Given(r.Reason)]),
        PeriodicAssessment.Event.Assessed a => (
            new("评估结果通知书", "Notice of the outcome of an assessment"),
            [
                new($"评估周期：{Zh(a.Period.From)}至{Zh(a.Period.To)}。结果：{(a.Outcome switch { AssessmentOutcome.Passed => "合格", AssessmentOutcome.Failed => "不合格", _ => "未评估" })}。",
                    $"Period: {En(a.Period.From)} to {En(a.Period.To)}. Outcome: {(a.Outcome switch { AssessmentOutcome.Passed => "passed", AssessmentOutcome.Failed => "failed", _ => "not assessed" })}."),
                .. a.Counts ? (Bilingual[])[] : [new("评估期间仅作观察，结果不计入连续不合格次数。", "The province was only observing: the outcome does not enter the row of failures.")],
                .. Given(a.OverriddenBecause),
            ]),
        _ => throw new System.Diagnostics.UnreachableException($"nobody is given notice of {e.GetType().Name}"),
    };

    private static IEnumerable<Bilingual> Given(string? reason) => string.IsNullOrEmpty(reason) ? [] : [new($"理由：{reason}", $"Reason: {reason}")];

    // Within the system first; what the law gives besides does not depend on it.
    private static Bilingual HowTo(Notice notice, Qualification.State state, Regulation? regulation)
    {
        var path = $"/api/v1/qualifications/{state.Id!.Value.Subject.KindName}/{state.Id.Value.Subject.Id}/{state.Id.Value.Technique}";
        var days = regulation?.Practice?.Proceedings.ReviewWorkingDays;
        var (within, inDays) = days is null ? ("", "") : ($"{days}个工作日内", $" within {days} working days");
        return notice.IsReviewed(state)
            ? new(
                $"如有异议，可向作出决定的省级卫生健康行政部门申请复核（POST {path}/review），由专人在{within}决定；也可依法申请行政复议或者提起行政诉讼。",
                $"If you object, ask the authority of the province that decided for a review (POST {path}/review): a person decides{inDays}. You may also apply for administrative reconsideration, or sue, as the law provides.")
            : new(
                $"如有异议，可向作出决定的省级卫生健康行政部门提出申诉（POST {path}/objections，notice = {notice.Version}），由专人在{within}答复；也可依法申请行政复议或者提起行政诉讼。",
                $"If you object, tell the authority of the province that decided (POST {path}/objections with notice {notice.Version}): a person answers{inDays}. You may also apply for administrative reconsideration, or sue, as the law provides.");
    }

    internal static string Zh(DateOnly day) => day.ToString("yyyy年M月d日", CultureInfo.InvariantCulture);

    internal static string En(DateOnly day) => day.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);
}
