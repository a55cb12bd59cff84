using System.Text.Json;
using Compliance.Service.Http;

namespace Compliance.Service.Webhooks;

/// <summary>A CloudEvent 1.0 in structured JSON mode; its attributes are named in lower case throughout.</summary>
/// <param name="Id">The event's own: the same however often it is sent.</param>
/// <param name="Source">With <paramref name="Id"/> it names the event uniquely: the base of the API, relative, for the service does not know under which names it is reached.</param>
/// <param name="Sequence">Rises with the log, as text that sorts like the number.</param>
public sealed record CloudEvent(
    string Specversion, string Id, string Source, string Type, string Subject, DateTimeOffset Time, string Datacontenttype, string Sequence, ToldData Data)
{
    public const string ContentType = "application/cloudevents+json";

    public static CloudEvent Of(string id, DateTimeOffset time, Telling telling, ToldData data) =>
        new("1.0", id, "/api/v1", telling.Type, telling.Subject, time, "application/json", data.Position.ToString("D19"), data);

    /// <summary>The body as it is kept, signed and sent.</summary>
    public string Text() => JsonSerializer.Serialize(this, Json.Options);
}
