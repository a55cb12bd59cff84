using Compliance.Service.EventStore;
using static Compliance.Service.Tests.EventStore.EventStoreFixture;

namespace Compliance.Service.Tests.EventStore;

/// <summary>What Marten must find, asked of the catalog.</summary>
public sealed class MartenFormatTests(EventStoreFixture db) : IClassFixture<EventStoreFixture>
{
    [Theory]
    [InlineData(
        "mt_streams",
        "id varchar!, type varchar, version int8!, timestamp timestamptz!, created timestamptz!, tenant_id varchar, is_archived bool")]
    [InlineData(
        "mt_events",
        "seq_id int8!, id uuid!, stream_id varchar, version int8!, data jsonb!, bdata bytea, type varchar!, timestamp timestamptz!, tenant_id varchar, mt_dotnet_type varchar, is_archived bool")]
    [InlineData("mt_event_progression", "name varchar!, last_seq_id int8, last_updated timestamptz")]
    public async Task Columns(string table, string columns) =>
        (await db.Scalar<string>(
            $"""
             select string_agg(column_name || ' ' || udt_name || case is_nullable when 'NO' then '!' else '' end, ', ' order by ordinal_position)
               from information_schema.columns where table_schema = 'events' and table_name = '{table}'
             """)).ShouldBe(columns);

    [Fact]
    public async Task Constraints() =>
        (await db.Scalar<string[]>(
            """
            select array_agg(conname || ' ' || pg_get_constraintdef(oid) order by conname collate "C")
              from pg_constraint where connamespace = 'events'::regnamespace and contype <> 'n'
            """)).ShouldBe(
            [
                "fkey_mt_events_stream_id FOREIGN KEY (stream_id) REFERENCES events.mt_streams(id)",
                "pk_mt_event_progression PRIMARY KEY (name)",
                "pkey_mt_events_seq_id PRIMARY KEY (seq_id)",
                "pkey_mt_streams_id PRIMARY KEY (id)",
            ]);

    [Fact]
    public async Task The_index_of_versions_and_the_sequence()
    {
        (await db.Scalar<string>("select indexdef from pg_indexes where schemaname = 'events' and indexname = 'pk_mt_events_stream_and_version'"))
            .ShouldBe("CREATE UNIQUE INDEX pk_mt_events_stream_and_version ON events.mt_events USING btree (stream_id, version)");
        (await db.Scalar<string>("select pg_get_serial_sequence('events.mt_events', 'seq_id')")).ShouldBe("events.mt_events_sequence");
    }

    /// <summary>One is written by itself, and many by COPY.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    public async Task Rows(int neighbours)
    {
        var stream = db.NewStream();
        var requests = Enumerable.Range(0, neighbours).Select(_ => Note(db.NewStream(), 0)).Prepend(new AppendRequest(stream, 0, [new Noted("x"), new Noted("y")]));
        var appended = (await db.Store.AppendEach([.. requests]))[0].ShouldBeOfType<AppendResult.Appended>();
        (await db.Scalar<string>(
            $"""
             select concat_ws('|', data, type, tenant_id, mt_dotnet_type, is_archived, bdata is null, version)
               from events.mt_events where stream_id = '{stream}' order by seq_id limit 1
             """)).ShouldBe("""{"Text": "x"}|noted|*DEFAULT*|Compliance.Service.Tests.EventStore.Noted, Compliance.Service.Tests|f|t|1""");
        (await db.Scalar<string>($"select concat_ws('|', version, tenant_id, is_archived, created = timestamp) from events.mt_streams where id = '{stream}'"))
            .ShouldBe("2|*DEFAULT*|f|t");
        (await db.Scalar<long>("select last_value from events.mt_events_sequence")).ShouldBeGreaterThanOrEqualTo(appended.Position);
    }
}
