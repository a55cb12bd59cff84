using System.Globalization;
using System.Text;
using System.Xml;
using Compliance.Qualifications;
using Compliance.Regulations;
using Compliance.Service.Http;

namespace Compliance.Service.Public;

/// <summary>Announcements as an Atom feed (RFC 4287), and the sentences in which they are told.</summary>
internal static class AnnouncementFeed
{
    public const string ContentType = "application/atom+xml; charset=utf-8";

    private const string Atom = "http://www.w3.org/2005/Atom";
    private const string XmlNames = "http://www.w3.org/XML/1998/namespace";

    /// <summary>What a feed in which nothing has been announced yet was updated on: RFC 4287 wants an instant, and no clock may make the same feed differ.</summary>
    private static readonly DateTimeOffset Never = DateTimeOffset.UnixEpoch;

    /// <summary>{0} is the subject, {1} the first day, {2} the rules it is about.</summary>
    private sealed record Sentences(string TitleEn, string TitleZh, string ContentEn, string ContentZh);

    private static Sentences Of(AnnouncedAct act) => act switch
    {
        AnnouncedAct.Granted => new("Qualification granted: {0}", "准予资质：{0}", "{0} is granted the qualification under “{2}” from {1} on.", "准予{0}具备《{2}》规定的资质，自{1}起生效。"),
        AnnouncedAct.Suspended => new("Qualification suspended: {0}", "暂停资质：{0}", "The qualification of {0} under “{2}” is suspended from {1} on.", "暂停{0}依据《{2}》取得的资质，自{1}起生效。"),
        AnnouncedAct.SuspensionLifted => new("Suspension lifted: {0}", "解除暂停：{0}", "The suspension of the qualification of {0} under “{2}” is lifted from {1} on.", "解除对{0}依据《{2}》取得的资质的暂停，自{1}起生效。"),
        AnnouncedAct.SuspensionAnnulled => new(
            "Suspension annulled: {0}", "撤销暂停决定：{0}",
            "The suspension of the qualification of {0} under “{2}” is annulled on {1}, and its announcement withdrawn: it has left the register.",
            "对{0}依据《{2}》取得的资质作出的暂停决定自{1}起撤销，原公告收回，该暂停不再列入名单。"),
        AnnouncedAct.Reinstated => new("Qualification reinstated: {0}", "恢复资质：{0}", "The qualification of {0} under “{2}” is reinstated from {1} on.", "恢复{0}依据《{2}》取得的资质，自{1}起生效。"),
        AnnouncedAct.Revoked => new("Qualification revoked: {0}", "取消资质：{0}", "The qualification of {0} under “{2}” is revoked from {1} on.", "取消{0}依据《{2}》取得的资质，自{1}起生效。"),
        AnnouncedAct.Relinquished => new("Qualification ended: {0}", "资质终止：{0}", "The qualification of {0} under “{2}” was given up and ends; from {1} on it no longer holds.", "{0}不再开展相关技术，其依据《{2}》取得的资质终止，自{1}起失效。"),
        AnnouncedAct.AssessedAnew => new(
            "Assessed anew: {0}", "重新评估：{0}",
            "The assessment of {0} under “{2}” was opened again, because outcomes had been concealed, and concluded anew on {1}.",
            "因发现隐瞒结局，对{0}依据《{2}》的评估重新进行，并于{1}作出新的结论。"),
        AnnouncedAct.TrainingBaseRecognised => new(
            "Training base recognised: {0}", "认定培训基地：{0}", "{0} is recognised as a training base under “{2}” from {1} on.", "认定{0}为《{2}》规定的培训基地，自{1}起生效。"),
        AnnouncedAct.TrainingBaseWithdrawn => new(
            "Recognition as a training base withdrawn: {0}", "撤销培训基地认定：{0}",
            "The recognition of {0} as a training base under “{2}” is withdrawn; from {1} on it is none.", "撤销对{0}作为《{2}》规定的培训基地的认定，自{1}起不再为培训基地。"),
        AnnouncedAct.TrainingBaseGivenUp => new(
            "Training base ended: {0}", "培训基地终止：{0}",
            "{0} has given up being a training base under “{2}”; from {1} on it is none.", "{0}不再承担《{2}》规定的培训基地工作，自{1}起不再为培训基地。"),
        AnnouncedAct.SelectionPublished => new(
            "Outcome of a selection, open to objections: {0}", "遴选结果公示：{0}", "The outcome of “{0}” under “{2}” is published on {1}; objections are taken in the days named there.", "依据《{2}》开展的“{0}”遴选结果于{1}公示，公示期内可提出异议。"),
        AnnouncedAct.SelectionConcluded => new("Result of a selection: {0}", "遴选结果：{0}", "The result of “{0}” under “{2}” is published on {1}.", "依据《{2}》开展的“{0}”遴选结果于{1}公布。"),
        AnnouncedAct.SelectionCancelled => new(
            "Outcome of a selection cancelled: {0}", "取消遴选结果：{0}",
            "An outcome of “{0}” under “{2}” is cancelled on {1}: fraud was substantiated.", "依据《{2}》开展的“{0}”遴选中，有单位经查实造假，其结果自{1}起取消。"),
        _ => throw new System.Diagnostics.UnreachableException($"nobody said how {act} is told"),
    };

    public static byte[] Write(HttpRequest request, AnnouncementEndpoints.Found found, Language language)
    {
        var buffer = new MemoryStream();
        using (var xml = XmlWriter.Create(buffer, new() { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Indent = true, NewLineChars = "\n" }))
        {
            Feed(xml, request, found, language);
        }

        return buffer.ToArray();
    }

    private static void Feed(XmlWriter xml, HttpRequest request, AnnouncementEndpoints.Found found, Language language)
    {
        var chinese = language == Language.Chinese;
        var updated = found.Items.Select(i => UpdatedOn(i, found)).DefaultIfEmpty(Never).Max();
        xml.WriteStartDocument();
        xml.WriteStartElement("feed", Atom);
        xml.WriteAttributeString("xml", "lang", XmlNames, Messages.Tag(language));
        // The feed of the same filters is the same feed, on whatever node and under whatever name.
        string[] filters = [.. new[] { "technique", "province", "kind", "from", "to" }.Select(name => request.Query[name].ToString())];
        Element(xml, "id", $"urn:uuid:{NameBasedId.Of(["announcements", .. filters])}");
        Element(xml, "title", chinese ? "介入诊疗技术资质公告" : "Qualifications for interventional procedures: announcements");
        Element(xml, "updated", Instant(updated));
        xml.WriteStartElement("author", Atom);
        Element(xml, "name", "Compliance");
        xml.WriteEndElement();
        // Relative, as RFC 4287 allows: behind a proxy the service does not know its address, and what a caller names as host must not stand in caches.
        Link(xml, "self", request.PathBase + request.Path + request.QueryString);
        if (found.NextCursor is { } next)
        {
            var rest = request.Query.Where(q => q.Key != "cursor").Select(q => KeyValuePair.Create(q.Key, q.Value));
            Link(xml, "next", request.PathBase + request.Path + QueryString.Create(rest).Add("cursor", next));
        }

        foreach (var item in found.Items)
        {
            Entry(xml, item, found, chinese);
        }

        xml.WriteEndElement();
        xml.WriteEndDocument();
    }

    private static void Entry(XmlWriter xml, AnnouncementEndpoints.AnnouncementShown item, AnnouncementEndpoints.Found found, bool chinese)
    {
        var sentences = Of(item.What);
        var title = found.Reference.Regulations.All.LastOrDefault(r => r.Technique == item.Technique)?.Title ?? new Bilingual(item.Technique, item.Technique);
        var place = item.Institution is { } at ? (chinese ? $"（{at.Name}）" : $" ({at.Name})") : "";
        object[] told = [item.Subject.Name + place, item.EffectiveOn.ToString("yyyy-MM-dd"), chinese ? title.Zh : title.En];
        string Told(string sentence) => string.Format(CultureInfo.InvariantCulture, sentence, told);
        var content = Told(chinese ? sentences.ContentZh : sentences.ContentEn);
        if (item.BaseKind is { } kind)
        {
            content += chinese ? $"（基地类别：{kind}）" : $" (Kind of base: {kind}.)";
        }

        if (found.Withdrawn.ContainsKey(item.Id))
        {
            content += chinese ? "（本公告已收回。）" : " (This announcement has been withdrawn.)";
        }

        xml.WriteStartElement("entry", Atom);
        Element(xml, "id", $"urn:uuid:{item.Id:D}");
        Element(xml, "title", Told(chinese ? sentences.TitleZh : sentences.TitleEn));
        Element(xml, "published", Instant(item.Published));
        Element(xml, "updated", Instant(UpdatedOn(item, found)));
        Category(xml, "what", Json.Name(item.What));
        Category(xml, "technique", item.Technique);
        Category(xml, "kind", Json.Name(item.Subject.Kind));
        if (item.Province is { } province)
        {
            Category(xml, "province", province);
        }

        Element(xml, "content", content);
        xml.WriteEndElement();
    }

    // To be taken back is the one change an announcement can see.
    private static DateTimeOffset UpdatedOn(AnnouncementEndpoints.AnnouncementShown item, AnnouncementEndpoints.Found found) => found.Withdrawn.GetValueOrDefault(item.Id, item.Published);

    private static void Element(XmlWriter xml, string name, string text) => xml.WriteElementString(name, Atom, Writable(text));

    private static void Link(XmlWriter xml, string relation, string href)
    {
        xml.WriteStartElement("link", Atom);
        xml.WriteAttributeString("rel", relation);
        xml.WriteAttributeString("type", "application/atom+xml");
        xml.WriteAttributeString("href", href);
        xml.WriteEndElement();
    }

    private static void Category(XmlWriter xml, string scheme, string term)
    {
        xml.WriteStartElement("category", Atom);
        xml.WriteAttributeString("scheme", $"urn:compliance:{scheme}");
        xml.WriteAttributeString("term", Writable(term));
        xml.WriteEndElement();
    }

    /// <summary>Without the few characters that no XML may hold: one such in a name must not cost everybody the feed.</summary>
    private static string Writable(string text) => string.Concat(text.EnumerateRunes().Select(r => r.Value is '\t' or '\n' or '\r' or (>= ' ' and not 0xFFFE and not 0xFFFF) ? r : Rune.ReplacementChar));

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
