// Uploads a file to CAPSS and waits for what becomes of it: Upload.exe day.xml. Needs .NET 8; nothing else.
//
// Exit code 0: everything in it is confirmed saved. 1: it is not. 3: it is not known: look before you send it again.
// Environment: CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET; CAPSS_BASE_URL, CAPSS_TOKEN_URL, CAPSS_TIMEOUT_S.
// A recipe: unlike the other examples, it was not run by us (no .NET on our machines). capss-mock judge tells.
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

const int NotSaved = 1, Unknown = 3;
string Setting(string name, string otherwise) => Environment.GetEnvironmentVariable(name) ?? otherwise;

var baseUrl = Setting("CAPSS_BASE_URL", "https://capss-sb.doj.ca.gov");
var tokenUrl = Setting("CAPSS_TOKEN_URL", baseUrl + "/oauth2/token");
var until = DateTime.UtcNow.AddSeconds(double.Parse(Setting("CAPSS_TIMEOUT_S", "300")) - 2);
// redirects are not followed: the token is for this host only
using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

TimeSpan Left() => until > DateTime.UtcNow ? until - DateTime.UtcNow : throw new Stop(Unknown, "the time is over: not confirmed");
async Task Pause(TimeSpan time)
{
    if (time >= Left()) throw new Stop(Unknown, "the time is over: not confirmed");
    await Task.Delay(time);
}
bool IsBusy(int status) => status is 429 or 503; // these say that nothing was done

async Task<Reply> Ask(HttpRequestMessage request)
{
    using var over = new CancellationTokenSource(Left());
    using var reply = await http.SendAsync(request, over.Token);
    var text = await reply.Content.ReadAsStringAsync(over.Token);
    JsonElement values = default;
    try { values = JsonDocument.Parse(text).RootElement.Clone(); } catch (JsonException) { /* a page, or nothing */ }
    return new Reply((int)reply.StatusCode, values, reply.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1));
}

async Task<AuthenticationHeaderValue> Bearer()
{
    var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Setting("CAPSS_CLIENT_ID", "")}:{Setting("CAPSS_CLIENT_SECRET", "")}"));
    for (var attempt = 0; ; attempt++)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, tokenUrl)
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Basic", basic) },
            Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["scope"] = "api", ["grant_type"] = "client_credentials" }),
        };
        var reply = await Ask(request);
        if (IsBusy(reply.Status) && attempt < 3) { await Pause(reply.RetryAfter); continue; }
        var token = reply.Text("access_token");
        if (reply.Status != 200 || token == "") throw new Stop(NotSaved, $"no token (status {reply.Status}): nothing was sent");
        return new AuthenticationHeaderValue("Bearer", token);
    }
}

async Task<Reply> Send(FileInfo file, AuthenticationHeaderValue bearer)
{
    for (var attempt = 0; ; attempt++)
    {
        await using var opened = file.OpenRead();
        using var request = new HttpRequestMessage(HttpMethod.Post, baseUrl + "/api/bulkimport/save")
        {
            Headers = { Authorization = bearer },
            Content = new MultipartFormDataContent { { new StreamContent(opened), "bulkUploadFile", file.Name } },
        };
        Reply reply;
        try { reply = await Ask(request); }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            // it may have arrived: it is not sent again
            throw new Stop(Unknown, $"the answer was lost ({error.GetType().Name}): look before you send it again");
        }
        if (IsBusy(reply.Status) && attempt < 3) { await Pause(reply.RetryAfter); continue; }
        if (reply.Status is >= 400 and < 500) throw new Stop(NotSaved, $"refused (status {reply.Status}): not saved");
        return reply;
    }
}

async Task<Reply> Follow(Reply accepted, AuthenticationHeaderValue bearer)
{
    var href = accepted.Values.ValueKind == JsonValueKind.Object && accepted.Values.TryGetProperty("links", out var links)
        && links.ValueKind == JsonValueKind.Object && links.TryGetProperty("href", out var found) ? found.GetString() ?? "" : "";
    if (href.StartsWith('/')) href = baseUrl + href;
    if (accepted.Status is not (200 or 202) || !href.StartsWith(baseUrl + "/"))
        throw new Stop(Unknown, $"status {accepted.Status} does not say where to ask: look before you send it again");
    var refreshed = false;
    for (var wait = 0.6; ; wait = Math.Min(wait * 1.25, 15))
    {
        var told = TimeSpan.Zero;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, href) { Headers = { Authorization = bearer } };
            var reply = await Ask(request);
            if (reply.Status == 200 && reply.Text("statusMessage") == "complete") return reply;
            if (IsBusy(reply.Status)) told = reply.RetryAfter;
            else if (reply.Status == 401 && !refreshed) { refreshed = true; bearer = await Bearer(); }
            else if (reply.Status is not (200 or 202 or 404 or 500 or 502 or 504)) throw new Stop(Unknown, $"status {reply.Status}: not confirmed");
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException) { /* ask again */ }
        await Pause(told > TimeSpan.FromSeconds(wait) ? told : TimeSpan.FromSeconds(wait));
    }
}

try
{
    var file = new FileInfo(args[0]);
    if (!file.Exists || file.Length == 0) throw new Stop(NotSaved, $"{file} is empty, or not there: nothing was sent");
    var bearer = await Bearer();
    var status = await Follow(await Send(file, bearer), bearer);
    if (status.Is("isUploaded", true) && status.Is("hasErrors", false) && status.Values.GetProperty("savedCount").GetInt32() is var saved and > 0)
    {
        Console.WriteLine($"saved {saved}");
        return 0;
    }
    throw new Stop(NotSaved, "not everything was saved");
}
catch (Stop stop) { Console.Error.WriteLine(stop.Message); return stop.Code; }
catch (HttpRequestException error) { Console.Error.WriteLine($"not sent: {error.HttpRequestError}"); return NotSaved; }

record Reply(int Status, JsonElement Values, TimeSpan RetryAfter)
{
    public string Text(string name) => Values.ValueKind == JsonValueKind.Object && Values.TryGetProperty(name, out var found)
        && found.ValueKind == JsonValueKind.String ? found.GetString() ?? "" : "";
    public bool Is(string name, bool wanted) => Values.TryGetProperty(name, out var found)
        && found.ValueKind == (wanted ? JsonValueKind.True : JsonValueKind.False);
}

class Stop(int code, string why) : Exception(why) { public int Code => code; }
