using System.Globalization;
using Compliance.Qualifications;
using Compliance.Registry;
using Compliance.Service.EventStore;

namespace Compliance.Benchmarks.Generation;

/// <summary>
/// The registry: institutions in 31 provinces, their physicians, and everybody's qualification. A few institutions are huge and many small, by Zipf's law; large ones have more physicians, and within each a few operate most.
/// </summary>
internal sealed class Nation
{
    public const string Technique = "neurovascular";

    /// <summary>The first day of the two years that cases lie in is later than everything here.</summary>
    private static readonly DateOnly Since = new(2015, 1, 1);

    private static readonly string[] ProvinceCodes =
    [
        "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41",
        "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65",
    ];

    /// <summary>One institution in so many subjects: 4,000 institutions with 46,000 physicians.</summary>
    private const double InstitutionShare = 0.08;

    private const int LeastStaff = 2;

    /// <summary>Zipf's law with a flattened head: without the offset the first institution alone would have a tenth of all cases.</summary>
    private const double Exponent = 0.9;
    private const double Offset = 20;

    private static readonly Actor By = new("national", "registry");

    private readonly long _seed;
    private readonly double[] _cumulated;
    private readonly int[] _firstPhysician;
    private readonly string[] _institutions;
    private readonly string[] _physicians;
    private readonly string[] _provinces;

    public Nation(long seed, int subjects)
    {
        _seed = seed;
        var count = Math.Max(1, (int)(subjects * InstitutionShare));
        _physicians = new string[Math.Max(LeastStaff * count, subjects - count)];
        _institutions = new string[count];
        _provinces = new string[count];
        _cumulated = new double[count];
        _firstPhysician = new int[count + 1];
        var weights = Enumerable.Range(1, count).Select(rank => 1 / Math.Pow(rank + Offset, Exponent)).ToArray();
        var total = weights.Sum();
        var spare = _physicians.Length - (LeastStaff * count);
        var sum = 0.0;
        for (var i = 0; i < count; i++)
        {
            var dice = Dice.Of(seed, -1 - i);
            sum += weights[i] / total;
            _cumulated[i] = sum;
            _provinces[i] = dice.Of(ProvinceCodes);
            _institutions[i] = string.Create(CultureInfo.InvariantCulture, $"H{_provinces[i]}{i + 1:D5}");
            _firstPhysician[i + 1] = i == count - 1 ? _physicians.Length : (LeastStaff * (i + 1)) + (int)(sum * spare);
            for (var p = _firstPhysician[i]; p < _firstPhysician[i + 1]; p++)
                _physicians[p] = string.Create(CultureInfo.InvariantCulture, $"P{_provinces[i]}{p + 1:D6}");
        }
    }

    public IReadOnlyList<string> Institutions => _institutions;

    public IReadOnlyList<string> Physicians => _physicians;

    /// <summary>Draws an institution by its share of the cases.</summary>
    public int Institution(ref Dice dice)
    {
        var at = Array.BinarySearch(_cumulated, dice.Unit());
        return Math.Min(at < 0 ? ~at : at, _institutions.Length - 1);
    }

    /// <summary>The physicians of an institution, by index.</summary>
    public Range Staff(int institution) => _firstPhysician[institution].._firstPhysician[institution + 1];

    /// <summary>Draws who operates: the k-th of an institution about 1/k as often as the first.</summary>
    public int Operator(ref Dice dice, int institution)
    {
        var (first, count) = Staff(institution).GetOffsetAndLength(_physicians.Length);
        return first + Math.Min(count - 1, (int)(LeastStaff * Math.Pow((count + LeastStaff) / (double)LeastStaff, dice.Unit())) - LeastStaff);
    }

    /// <summary>Everything that has to stand in the log before the first case. Every province lets the system act.</summary>
    public IEnumerable<AppendRequest> Events(DateOnly today, DateOnly coveredFrom)
    {
        var reference = string.Create(CultureInfo.InvariantCulture, $"卫医〔{Since.Year}〕1号");
        foreach (var province in ProvinceCodes)
        {
            yield return New(
                Enforcement.Stream(Technique, province),
                new Enforcement.Set(Technique, province, EnforcementMode.Enforce, coveredFrom, RevocationMode.Confirmed, HoldAbove: null, today, By));
        }

        for (var i = 0; i < _institutions.Length; i++)
        {
            var (id, province) = (_institutions[i], _provinces[i]);
            var name = string.Create(CultureInfo.InvariantCulture, $"第{i + 1}人民医院");
            yield return New(
                Registry.Institution.Stream(id),
                new Registry.Institution.Event.Registered(id, name, province, $"{province}0100", HospitalLevel.TertiaryA, Facts: null, today, By),
                new Registry.Institution.Event.CoverageSet(id, Technique, coveredFrom, By));
            yield return Granted(Subject.Institution(id), reference);
            var (first, count) = Staff(i).GetOffsetAndLength(_physicians.Length);
            for (var p = first; p < first + count; p++)
            {
                yield return New(Physician.Stream(_physicians[p]), Registered(p, i, today));
                yield return Granted(Subject.Physician(_physicians[p]), reference);
            }
        }
    }

    private Physician.Event.Registered Registered(int physician, int institution, DateOnly today)
    {
        var dice = Dice.Of(_seed, int.MinValue - (long)physician);
        var titles = new List<DatedTitle> { new(Title.Attending, Since.AddYears(-6)), new(Title.AssociateChief, Since.AddDays(dice.Below(365))) };
        if (dice.Chance(0.3))
            titles.Add(new(Title.Chief, Since.AddYears(4).AddDays(dice.Below(365))));
        var registrations = new List<Registration> { new(_institutions[institution], Since, To: null, Main: true) };
        // One in ten works at a second place too.
        var second = dice.Below(_institutions.Length);
        if (dice.Chance(0.1) && second != institution)
            registrations.Add(new(_institutions[second], Since.AddYears(2), To: null, Main: false));
        return new(
            _physicians[physician], string.Create(CultureInfo.InvariantCulture, $"医师{physician + 1}"), titles, "外科", "神经介入", registrations, today, By);
    }

    private static AppendRequest Granted(Subject subject, string reference)
    {
        var id = new QualificationId(subject, Technique);
        return New(Qualification.Stream(id), new Qualification.Event.Granted(id, Grant: 1, Since.AddYears(1), reference, Imported: true, By));
    }

    private static AppendRequest New(string stream, params object[] events) => new(stream, 0, events);
}
