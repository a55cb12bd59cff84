namespace Compliance.Registry;

/// <summary>The first two digits of the administrative division codes of GB/T 2260, and 66, which stands for the Xinjiang Production and Construction Corps.</summary>
public static class Provinces
{
    private static readonly HashSet<string> Codes =
    [
        "11", "12", "13", "14", "15",
        "21", "22", "23",
        "31", "32", "33", "34", "35", "36", "37",
        "41", "42", "43", "44", "45", "46",
        "50", "51", "52", "53", "54",
        "61", "62", "63", "64", "65", "66",
        "71", "81", "82",
    ];

    public static bool IsCode(string text) => Codes.Contains(text);
}
