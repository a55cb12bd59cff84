using Compliance.Devices;

namespace Compliance.Tests.Devices;

/// <summary>
/// What the GS1 General Specifications say element strings mean; nothing expected here was taken from the program. Check digits were worked out by hand by the rule of section 7.9 (from the right, the digits before it weigh 3, 1, 3, …):
/// <code>
/// 09521234543213: 0·3+9+5·3+2+1·3+2+3·3+4+5·3+4+3·3+2+1·3 = 77, and 3 makes 80
/// 06901234567892: 0·3+6+9·3+0+1·3+2+3·3+4+5·3+6+7·3+8+9·3 = 128, and 2 makes 130
/// 10614141000415: 1·3+0+6·3+1+4·3+1+4·3+1+0·3+0+0·3+4+1·3 = 55, and 5 makes 60
/// 614141000036 (12 digits): 6·3+1+4·3+1+4·3+1+0·3+0+0·3+0+3·3 = 54, and 6 makes 60
/// 96385074 (8 digits): 9·3+6+3·3+8+5·3+0+7·3 = 86, and 4 makes 90
/// 10000000000007: 1·3 = 3, and 7 makes 10
/// 00000000000130 has the check digit 0: 1+3·3 = 10 already
/// </code>
/// </summary>
public class UdiTests
{
    private const string Gs = "\u001d";

    private static readonly DateOnly On = new(2026, 3, 2);

    private static Udi Read(string text, DateOnly? on = null)
    {
        var read = Udi.Parse(text, on ?? On);
        read.Fault.ShouldBeNull(text);
        return read.Udi.ShouldNotBeNull();
    }

    /// <summary>The example label of the specifications, in each way a reader hands it over.</summary>
    [Theory]
    [InlineData("(01)09521234543213(17)141120(10)1234AB")]
    [InlineData("(01)09521234543213(10)1234AB(17)141120")]
    [InlineData("(01) 09521234543213 (17) 141120 (10) 1234AB")]
    [InlineData("  (01)09521234543213(17)141120(10)1234AB ")]
    [InlineData("（01）09521234543213（17）141120（10）1234AB")]
    [InlineData("0109521234543213" + "17141120" + "101234AB")]
    [InlineData("0109521234543213" + "101234AB" + Gs + "17141120")]
    [InlineData("]C10109521234543213" + "17141120" + "101234AB")]
    [InlineData("]d20109521234543213" + "101234AB" + Gs + "17141120")]
    [InlineData("]Q30109521234543213" + "17141120" + "101234AB")]
    [InlineData("]e00109521234543213" + "17141120" + "101234AB")]
    [InlineData("]J10109521234543213" + "17141120" + "101234AB")]
    [InlineData(Gs + "0109521234543213" + "17141120" + "101234AB")]
    [InlineData("]d2" + Gs + "0109521234543213" + "17141120" + "101234AB" + Gs)]
    [InlineData("0109521234543213" + Gs + "17141120" + Gs + "101234AB")]
    [InlineData(Gs + "(01)09521234543213(17)141120(10)1234AB" + Gs)]
    [InlineData(" " + Gs + " (01)09521234543213(10)1234AB(17)141120 " + Gs + " ")]
    public void One_label_written_in_many_ways(string text)
    {
        Udi udi = Read(text);

        udi.Di.ShouldBe("09521234543213");
        udi.ExpiresOn.ShouldBe(new DateOnly(2014, 11, 20));
        udi.Lot.ShouldBe("1234AB");
        udi.Serial.ShouldBeNull();
        udi.MadeOn.ShouldBeNull();
        udi.Canonical.ShouldBe("(01)09521234543213(10)1234AB(17)141120");
    }

    [Fact]
    public void Every_element_known()
    {
        Udi udi = Read("(01)06901234567892(11)240229(17)290228(10)L2401(21)S0009(240)REF-7.5/20(30)12(37)00000003(91)a(99)" + new string('Z', 90));

        (udi.Di, udi.Lot, udi.MadeOn, udi.ExpiresOn, udi.Serial).ShouldBe(("06901234567892", "L2401", new DateOnly(2024, 2, 29), new DateOnly(2029, 2, 28), "S0009"));
        (udi.AdditionalId, udi.VariableCount, udi.Count).ShouldBe(("REF-7.5/20", 12, 3));
        udi.Canonical.ShouldBe("(01)06901234567892(10)L2401(11)240229(17)290228(21)S0009(240)REF-7.5/20(30)12(37)00000003(91)a(99)" + new string('Z', 90));
    }

    /// <summary>The example of a published guide to element strings: a medicine's label with lot, expiry without a day, and serial, the separator behind the lot alone.</summary>
    [Fact]
    public void A_published_label()
    {
        Udi udi = Read("0105060917510011" + "10628S93R" + Gs + "17241000" + "218898847482518646");
        (udi.Di, udi.Lot, udi.ExpiresOn, udi.Serial).ShouldBe(("05060917510011", "628S93R", new DateOnly(2024, 10, 31), "8898847482518646"));
    }

    /// <summary>Only what stands in the table of predefined lengths needs no FNC1 behind it: 01, 11, 17 here, and not 30 or 37 although they are digits.</summary>
    [Theory]
    [InlineData("010952123454321311240229172902281012" + Gs + "21S1", "12", "S1", null, null)]
    [InlineData("21S1" + Gs + "1012" + Gs + "0109521234543213", "12", "S1", null, null)]
    [InlineData("0109521234543213305" + Gs + "1012", "12", null, null, 5)]
    [InlineData("0109521234543213240REF" + Gs + "21S1", null, "S1", "REF", null)]
    [InlineData("010952123454321310" + "1221S1", "1221S1", null, null, null)]
    public void What_ends_a_value(string text, string? lot, string? serial, string? additional, int? count)
    {
        Udi udi = Read(text);
        (udi.Di, udi.Lot, udi.Serial, udi.AdditionalId, udi.VariableCount).ShouldBe(("09521234543213", lot, serial, additional, count));
    }

    [Theory]
    [InlineData("10614141000415", "10614141000415")]
    [InlineData("9521234543213", "09521234543213")]
    [InlineData("614141000036", "00614141000036")]
    [InlineData("96385074", "00000096385074")]
    [InlineData(Gs + "9521234543213" + Gs, "09521234543213")]
    [InlineData("00000000000130", "00000000000130")]
    public void A_GTIN_alone(string text, string di)
    {
        Read(text).Di.ShouldBe(di);
        Read(text).Canonical.ShouldBe($"(01){di}");
        Udi.Gtin14(text.Trim(Gs[0])).ShouldBe(di);
    }

    [Theory]
    [InlineData("09521234543210")]
    [InlineData("952123454321")]
    [InlineData("00000000000000")]
    [InlineData("(01)09521234543213")]
    [InlineData("0952123454321３")]
    [InlineData("")]
    public void What_is_no_GTIN(string text) => Udi.Gtin14(text).ShouldBeNull();

    /// <summary>Section 7.12: 51 to 99 ahead of the year's own two digits is the century before; 50 to 99 behind them is the next.</summary>
    [Theory]
    [InlineData(2026, "76", 2076)]
    [InlineData(2026, "77", 1977)]
    [InlineData(2026, "25", 2025)]
    [InlineData(2026, "00", 2000)]
    [InlineData(2026, "99", 1999)]
    [InlineData(2000, "50", 2050)]
    [InlineData(2000, "51", 1951)]
    [InlineData(1999, "49", 2049)]
    [InlineData(1999, "50", 1950)]
    [InlineData(2060, "10", 2110)]
    [InlineData(2060, "11", 2011)]
    public void The_century_is_that_nearest_to_the_day_of_use(int used, string year, int meant) =>
        Read($"(01)09521234543213(17){year}0615", new DateOnly(used, 7, 1)).ExpiresOn.ShouldBe(new DateOnly(meant, 6, 15));

    /// <summary>Without a day a date is the last of its month, "including any adjustment for leap years".</summary>
    [Theory]
    [InlineData("130200", 2013, "2013-02-28")]
    [InlineData("240200", 2026, "2024-02-29")]
    [InlineData("000200", 2026, "2000-02-29")]
    [InlineData("000200", 2090, "2100-02-28")]
    [InlineData("261200", 2026, "2026-12-31")]
    [InlineData("260400", 2026, "2026-04-30")]
    [InlineData("240229", 2026, "2024-02-29")]
    public void Days_left_out_and_leap_years(string digits, int used, string day)
    {
        Udi udi = Read($"(01)09521234543213(11){digits}(17){digits}", new DateOnly(used, 1, 1));
        udi.ExpiresOn.ShouldBe(DateOnly.ParseExact(day, "yyyy-MM-dd"));
        udi.MadeOn.ShouldBe(udi.ExpiresOn);
    }

    /// <summary>Figure 7.11-1, all 82 characters; brackets within a value are written with a backslash, as GS1's own syntax engine reads them.</summary>
    [Fact]
    public void All_of_character_set_82()
    {
        const string set = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
        set.Length.ShouldBe(82);
        for (int c = 0; c < 0x250; c++)
        {
            string text = "0109521234543213" + $"21A{(char)c}B";
            if (c == Gs[0])
                continue;
            if (set.Contains((char)c))
                Read(text).Serial.ShouldBe($"A{(char)c}B");
            else
                Udi.Parse(text, On).Fault.ShouldBe(new UdiFault("udiCharacter", 20, "21"));
        }

        Read(@"(01)09521234543213(10)A\(21)B").Lot.ShouldBe("A(21)B");
        Read(@"(01)09521234543213(10)A\(21\)B").ShouldBe(Read("010952123454321310A(21)B"));
        Read("(01)09521234543213(10)A)B").Lot.ShouldBe("A)B");
    }

    [Fact]
    public void Longest_values()
    {
        Read("(01)09521234543213(10)12345678901234567890(21)ABCDEFGHIJKLMNOPQRST(240)" + new string('x', 30)).Lot!.Length.ShouldBe(20);
        Read("(01)09521234543213(30)99999999").VariableCount.ShouldBe(99_999_999);
    }

    /// <summary>The character at fault is counted from 1, in the text as given.</summary>
    [Theory]
    [InlineData("", "udiEmpty", 1, null)]
    [InlineData("   ", "udiEmpty", 1, null)]
    [InlineData("]C0ABC", "udiCarrier", 1, null)]
    [InlineData("]E09521234543213", "udiCarrier", 1, null)]
    [InlineData("]C", "udiCarrier", 1, null)]
    [InlineData("]C1", "udiNoAi", 4, null)]
    [InlineData("]d2(01)09521234543213", "udiNoAi", 4, null)]
    [InlineData("+A99912345/$$52001510X3", "udiNoAi", 1, null)]
    [InlineData("MA.156.M0.100105", "udiNoAi", 1, null)]
    [InlineData("(01)09521234543213(1)A", "udiNoAi", 21, null)]
    [InlineData("(01)09521234543213(10A", "udiNoAi", 22, null)]
    [InlineData("(01)09521234543213(", "udiNoAi", 20, null)]
    [InlineData("(01)09521234543213(10)A(B)", "udiNoAi", 25, null)]
    [InlineData("(01)09521234543213(12345)1", "udiNoAi", 24, null)]
    [InlineData("0109521234543213" + Gs + Gs + "10A", "udiNoAi", 18, null)]
    [InlineData("01095212345432131", "udiNoAi", 18, null)]
    [InlineData("(01)09521234543213(05)A", "udiUnknownAi", 20, "05")]
    [InlineData("(01)09521234543213(8199)1", "udiUnknownAi", 20, "8199")]
    [InlineData("(01)09521234543213(7253)Wang", "udiUnknownAi", 20, "7253")]
    [InlineData("(01)09521234543213(8018)395212345678901232", "udiUnknownAi", 20, "8018")]
    [InlineData("010952123454321314261231", "udiUnknownAi", 17, "14")]
    [InlineData("0109521234543213236A", "udiUnknownAi", 17, "236")]
    [InlineData("01095212345432133801A", "udiUnknownAi", 17, "38")]
    [InlineData("0109521234543213" + "8007A" + Gs + "7260A", "udiUnknownAi", 23, "7260")]
    [InlineData("(00)395212345678901232", "udiNoProduct", 23, "01")]
    [InlineData("(01)09521234543213(20)1", "udiValueShort", 24, "20")]
    [InlineData("(01)09521234543213(426)1561", "udiValueLong", 27, "426")]
    [InlineData("(01)09521234543213(253)395212345432X", "udiNotDigit", 36, "253")]
    [InlineData("(01)09521234543213(421)15A", "udiNotDigit", 26, "421")]
    [InlineData("(01)09521234543213(421)156", "udiValueShort", 27, "421")]
    [InlineData("(01)9521234543213", "udiValueShort", 18, "01")]
    [InlineData("0109521234543213" + "1726123", "udiValueShort", 24, "17")]
    [InlineData("01095212345432" + Gs + "10A", "udiValueShort", 15, "01")]
    [InlineData("(01)09521234543213(10)", "udiValueShort", 23, "10")]
    [InlineData("(01)09521234543213(10)(21)S", "udiValueShort", 23, "10")]
    [InlineData("(01)095212345432131", "udiValueLong", 19, "01")]
    [InlineData("(01)09521234543213(10)123456789012345678901", "udiValueLong", 43, "10")]
    [InlineData("010952123454321310L2401890123456789021S0009", "udiValueLong", 39, "10")]
    [InlineData("(01)09521234543213(30)123456789", "udiValueLong", 31, "30")]
    [InlineData("0109521234543213" + "3012345678" + "10A", "udiValueLong", 27, "30")]
    [InlineData("0109521234543213" + "3712345678" + "10A", "udiValueLong", 27, "37")]
    [InlineData("(01)0952123454321X", "udiNotDigit", 18, "01")]
    [InlineData("(01)09521234543213(17)2612-1", "udiNotDigit", 27, "17")]
    [InlineData("(01)09521234543213(30)1.5", "udiNotDigit", 24, "30")]
    [InlineData("(01)09521234543213(17)２６１２３１", "udiNotDigit", 23, "17")]
    [InlineData("(01)09521234543213(10)AB CD", "udiCharacter", 25, "10")]
    [InlineData("(01)09521234543213(10)批", "udiCharacter", 23, "10")]
    [InlineData("(01)09521234543213(10)A" + Gs + "(21)B", "udiCharacter", 24, "10")]
    [InlineData("(01)09521234543214", "udiCheckDigit", 18, "01")]
    [InlineData("]C10109521234543212", "udiCheckDigit", 19, "01")]
    [InlineData("9521234543212", "udiCheckDigit", 13, "01")]
    [InlineData("(01)09521234543213(17)261301", "udiDate", 25, "17")]
    [InlineData("(01)09521234543213(17)260001", "udiDate", 25, "17")]
    [InlineData("(01)09521234543213(17)260431", "udiDate", 27, "17")]
    [InlineData("(01)09521234543213(11)250229", "udiDate", 27, "11")]
    [InlineData("(01)09521234543213(10)A(10)B", "udiContradiction", 28, "10")]
    [InlineData("(10)A(21)B", "udiNoProduct", 11, "01")]
    [InlineData("(01)00000000000000", "udiNoProduct", 18, "01")]
    [InlineData("00000000", "udiNoProduct", 8, "01")]
    [InlineData("123456789", "udiGtinLength", 1, "01")]
    [InlineData(" 12345678901", "udiGtinLength", 2, "01")]
    public void Faults_by_name_and_place(string text, string code, int position, string? ai)
    {
        var read = Udi.Parse(text, On);
        read.Udi.ShouldBeNull();
        read.Fault.ShouldBe(new UdiFault(code, position, ai));
        UdiFault.Codes.ShouldContain(code);
    }

    /// <summary>
    /// The AI tables and formats of section 3, those that a label of a device may carry among all others: each at its longest, between a product and a lot. What begins with the digits of the table of predefined lengths
    /// (section 7.8.5: 00 to 04, 11 to 20, 31 to 36, 41) needs no FNC1 before the next element; anything else swallows it, or grows too long.
    /// </summary>
    [Theory]
    [InlineData("00", "395212345678901232", true)]
    [InlineData("02", "09521234543213", true)]
    [InlineData("03", "09521234543213", true)]
    [InlineData("12", "261231", true)]
    [InlineData("13", "261231", true)]
    [InlineData("15", "261231", true)]
    [InlineData("16", "261231", true)]
    [InlineData("20", "01", true)]
    [InlineData("22", "AAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("235", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("241", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("242", "123456", false)]
    [InlineData("243", "AAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("250", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("251", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("253", "9521234543213AAAAAAAAAAAAAAAAA", false)]
    [InlineData("254", "AAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("255", "9521234543213123456789012", false)]
    [InlineData("3103", "001750", true)]
    [InlineData("3205", "001750", true)]
    [InlineData("3372", "001750", true)]
    [InlineData("3540", "001750", true)]
    [InlineData("3691", "001750", true)]
    [InlineData("3922", "123456789012345", false)]
    [InlineData("3932", "156123456789012345", false)]
    [InlineData("3941", "0250", false)]
    [InlineData("400", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("402", "95212345432112345", false)]
    [InlineData("410", "9521234543213", true)]
    [InlineData("414", "9521234543213", true)]
    [InlineData("417", "9521234543213", true)]
    [InlineData("421", "156AAAAAAAAA", false)]
    [InlineData("422", "156", false)]
    [InlineData("427", "AAA", false)]
    [InlineData("4302", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("4321", "1", false)]
    [InlineData("4331", "000020-", false)]
    [InlineData("7001", "6515123456789", false)]
    [InlineData("7003", "2612311430", false)]
    [InlineData("7007", "261201261231", false)]
    [InlineData("7011", "2612311430", false)]
    [InlineData("7020", "AAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("7023", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("7030", "156AAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("7040", "1AAA", false)]
    [InlineData("710", "AAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("715", "AAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("7230", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("7240", "AAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("8001", "12345678901234", false)]
    [InlineData("8003", "09521234543213AAAAAAAAAAAAAAAA", false)]
    [InlineData("8004", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("8005", "001750", false)]
    [InlineData("8006", "095212345432130102", false)]
    [InlineData("8008", "261231143000", false)]
    [InlineData("8012", "AAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("8013", "AAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("8014", "AAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("8017", "395212345678901232", false)]
    [InlineData("8019", "1234567890", false)]
    [InlineData("8020", "AAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("8111", "0250", false)]
    [InlineData("8200", "https://example.com/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("90", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    public void Elements_that_say_nothing_here_hide_nothing_behind_them(string ai, string value, bool predefined)
    {
        Udi udi = Read($"0109521234543213{ai}{value}{(predefined ? "" : Gs)}10L1");
        (udi.Di, udi.Lot).ShouldBe(("09521234543213", "L1"));
        udi.Canonical.ShouldContain($"({ai}){value}");
        Read($"(01)09521234543213({ai}){value}(10)L1").ShouldBe(udi);

        // One character more is too many, and what ends with FNC1 alone takes in whatever follows.
        Udi.Parse($"(01)09521234543213({ai}){value}1(10)L1", On).Fault!.Code.ShouldBe("udiValueLong");
        if (!predefined)
            Udi.Parse($"0109521234543213{ai}{value}10L1", On).Fault!.Code.ShouldBe("udiValueLong");
    }

    /// <summary>Two barcodes of one label may both carry the product.</summary>
    [Fact]
    public void The_same_element_twice_says_it_once() => Read("(01)09521234543213(10)A(01)09521234543213").Canonical.ShouldBe("(01)09521234543213(10)A");

    /// <summary>Whatever the text, the answer is a UDI, whose canonical form is itself, or a fault within the text.</summary>
    [Fact]
    public void Any_text_is_answered()
    {
        var random = new Random(20260302);
        string[] pieces =
        [
            "(01)", "01", "09521234543213", "06901234567892", "(10)", "10", "L2401", "(17)", "17", "261231", "260200", "(21)", "21", "S0009", "(240)", "240", "(30)", "30", "5", "(91)", "91", "x(y)", @"\(", Gs, "]d2", "]C1", " ", "（", "批",
        ];
        int udis = 0;
        for (int i = 0; i < 50_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(9)).Select(_ => pieces[random.Next(pieces.Length)]));
            if (random.Next(2) == 0)
                text = (random.Next(2) == 0 ? "(01)09521234543213" : "0109521234543213") + text;
            var read = Udi.Parse(text, On);
            (read.Udi is null).ShouldBe(read.Fault is not null, text);
            if (read.Udi is { } udi)
            {
                Read(udi.Canonical).ShouldBe(udi, text);
                udis++;
            }
            else
            {
                UdiFault.Codes.ShouldContain(read.Fault!.Code);
                read.Fault.Position.ShouldBeInRange(1, text.Length + 1, text);
            }
        }

        udis.ShouldBeGreaterThan(1_000);
    }
}
