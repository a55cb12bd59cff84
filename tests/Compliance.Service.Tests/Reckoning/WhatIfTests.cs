using System.Collections.Concurrent;
using Compliance.Qualifications;
using Compliance.Regulations;

namespace Compliance.Service.Tests.Reckoning;

/// <summary>
/// A changed limit, tried out on the closings of random histories, gives day for day what living through the same histories with the changed file gives. The provinces only observe: what a
/// sanction would have changed in its turn is no part of the question.
/// </summary>
public sealed class WhatIfTests
{
    /// <summary>The limits, and how many histories with few cases and with many: a rate is judged of a hundred treatments or more.</summary>
    public static TheoryData<string, int, int, int> Limits => new()
    {
        { "NV-RATE-MORT", 2, 0, 8 }, { "NV-RATE-MORT", 5, 0, 8 }, { "NV-RATE-COMP", 4, 0, 8 }, { "NV-MORT-LOWVOL", 1, 30, 0 }, { "NV-PHYS-30", 3, 30, 0 }, { "NV-VOL-INST-TX", 2, 30, 0 },
        { "NV-INST-PHYS-2", 1, 30, 0 }, { "CI-RATE-MORT", 30, 60, 0 }, { "CI3-PHYS-30", 2, 30, 0 },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task What_is_tried_out_is_what_would_have_been(string clause, int limit, int small, int large)
    {
        var change = new StricterLimit(clause, limit);
        var changed = ShippedRegulations.Set.All.Aggregate(RegulationSet.Empty, (set, r) => set.With(LimitChange.Fits(r, change) ? LimitChange.Over(r, [change]) : r));
        var differing = 0;
        var wrong = new ConcurrentBag<string>();
        await OwnThreads.ForEach(Enumerable.Range(1, small + large), seed =>
        {
            var history = RandomHistories.Generate(seed, seed <= small ? Profile.Small with { LeastMonths = 8, MostMonths = 10 } : Profile.Normal with { LeastMonths = 14, MostMonths = 16 });
            var (actual, other) = (new ServiceInMemory(), new ServiceInMemory(changed));
            var (here, there) = (new ServiceUnderHistory(actual, ""), new ServiceUnderHistory(other, ""));
            var past = new Dictionary<(QualificationId, DateOnly), Closing>();
            foreach (var next in history.Operations.Where(o => o.Operation is not SetEnforcement))
            {
                if (next.Operation is not CloseDay close)
                {
                    here.Apply(next).GetAwaiter().GetResult().ShouldBe(there.Apply(next).GetAwaiter().GetResult());
                    continue;
                }

                actual.Close(close.Closed).GetAwaiter().GetResult();
                other.Close(close.Closed).GetAwaiter().GetResult();
                foreach (var (id, closing) in actual.Closed)
                {
                    past[(id, close.Closed)] = closing;
                    var (was, would) = (WhatIf.Of(closing.Findings, close.Closed), WhatIf.Of(other.Closed[id].Findings, close.Closed));
                    var tried = TryOut(closing, changed, day => past.GetValueOrDefault((id, day)));
                    Interlocked.Add(ref differing, was == would ? 0 : 1);
                    if ((tried?.Before ?? was, tried?.Verdict ?? was) != (was, would))
                    {
                        wrong.Add($"seed {seed}, {close.Closed:O}, {id}: {was} would be {would}, and was said to be {tried?.Verdict ?? was}");
                    }
                }
            }
        });
        wrong.Order().Take(5).ShouldBeEmpty();
        differing.ShouldBeGreaterThan(0, "no history came near the limit: nothing was tried out");
    }

    private static WhatIfChange? TryOut(Closing closing, RegulationSet changed, Func<DateOnly, Closing?> closingOn)
    {
        var draft = changed.Find(closing.Regulation, closing.RegulationVersion)!;
        var findings = WhatIf.Judge(draft, ShippedRegulations.Set.Find(closing.Regulation, closing.RegulationVersion)!, closing);
        var open = WhatIf.OpenRuns(findings).ToDictionary(f => f.Clause, f => WhatIf.Since(f, closing.Day, closingOn, _ => draft));
        return WhatIf.Compare(closing, [.. findings.Select(f => open.TryGetValue(f.Clause, out var since) ? f with { Since = since } : f)]);
    }
}
