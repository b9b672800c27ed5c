# Uploads a file to CAPSS and waits for what becomes of it: pwsh upload.ps1 day.xml. Needs PowerShell 7.4.
#
# Exit code 0: everything in it is confirmed saved. 1: it is not. 3: it is not known: look before you send it again.
# Environment: CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET; CAPSS_BASE_URL, CAPSS_TOKEN_URL, CAPSS_TIMEOUT_S.
# A recipe: unlike the other examples, it was not run by us (no PowerShell on our machines). capss-mock judge tells.
param([Parameter(Mandatory)] [string] $File)
$ErrorActionPreference = 'Stop'
$NotSaved = 1; $Unknown = 3
$base = $env:CAPSS_BASE_URL ?? 'https://capss-sb.doj.ca.gov'
$tokenUrl = $env:CAPSS_TOKEN_URL ?? "$base/oauth2/token"
$until = (Get-Date).AddSeconds([double]($env:CAPSS_TIMEOUT_S ?? 300) - 2)

function Stop-With([int] $Code, [string] $Why) { [Console]::Error.WriteLine($Why); exit $Code }
function Get-Left {
    $seconds = ($until - (Get-Date)).TotalSeconds
    if ($seconds -le 0) { Stop-With $Unknown 'the time is over: not confirmed' }
    $seconds
}
function Wait-For([double] $Seconds) {
    if ($Seconds -ge (Get-Left)) { Stop-With $Unknown 'the time is over: not confirmed' }
    Start-Sleep -Milliseconds ($Seconds * 1000)
}
function Test-Busy($Reply) { $Reply.StatusCode -in 429, 503 }   # these say that nothing was done

# One request; $null: there was no whole answer. Redirects are not followed: the token is for this host only.
function Invoke-Capss([hashtable] $With) {
    try {
        $reply = Invoke-WebRequest @With -SkipHttpErrorCheck -MaximumRedirection 0 -TimeoutSec ([math]::Ceiling([math]::Min((Get-Left), 30))) -ErrorAction Ignore
    } catch { return $null }
    if (-not $reply) { return $null }
    $values = try { [Text.Encoding]::UTF8.GetString($reply.RawContentStream.ToArray()) | ConvertFrom-Json -AsHashtable } catch { @{} }
    $after = "$($reply.Headers['Retry-After'])"
    [pscustomobject]@{ StatusCode = [int] $reply.StatusCode; Values = $values -is [hashtable] ? $values : @{}; RetryAfter = $after -match '^\d{1,6}$' ? [double] $after : 1.0 }
}

function Get-Bearer {
    $secret = ConvertTo-SecureString $env:CAPSS_CLIENT_SECRET -AsPlainText -Force
    $credential = [pscredential]::new($env:CAPSS_CLIENT_ID, $secret)
    foreach ($attempt in 1..4) {
        $reply = Invoke-Capss @{
            Uri = $tokenUrl; Method = 'Post'; Authentication = 'Basic'; Credential = $credential
            AllowUnencryptedAuthentication = $tokenUrl.StartsWith('http:'); Body = @{ scope = 'api'; grant_type = 'client_credentials' }
        }
        if (-not $reply -or -not (Test-Busy $reply)) { break }
        Wait-For $reply.RetryAfter
    }
    if ($reply.StatusCode -ne 200 -or -not $reply.Values.access_token) { Stop-With $NotSaved "no token (status $($reply.StatusCode)): nothing was sent" }
    @{ Authorization = "Bearer $($reply.Values.access_token)" }
}

if (-not (Test-Path $File -PathType Leaf) -or (Get-Item $File).Length -eq 0) { Stop-With $NotSaved "$File is empty, or not there: nothing was sent" }
$headers = Get-Bearer
foreach ($attempt in 1..4) {
    $reply = Invoke-Capss @{ Uri = "$base/api/bulkimport/save"; Method = 'Post'; Headers = $headers; Form = @{ bulkUploadFile = Get-Item $File } }
    if (-not $reply -or -not (Test-Busy $reply)) { break }
    Wait-For $reply.RetryAfter
}
if ($reply -and $reply.StatusCode -ge 400 -and $reply.StatusCode -lt 500) { Stop-With $NotSaved "refused (status $($reply.StatusCode)): not saved" }
$href = "$($reply.Values.links.href)"
if ($href.StartsWith('/')) { $href = $base + $href }
if ($reply.StatusCode -notin 200, 202 -or -not $href.StartsWith("$base/")) {
    Stop-With $Unknown "the answer was lost, or does not say where to ask (status $($reply.StatusCode)): look before you send it again"
}

$refreshed = $false
for ($wait = 0.6; ; $wait = [math]::Min($wait * 1.25, 15)) {
    $reply = Invoke-Capss @{ Uri = $href; Headers = $headers }
    $told = 0
    if ($reply) {
        if ($reply.StatusCode -eq 200 -and $reply.Values.statusMessage -ceq 'complete') { break }
        if (Test-Busy $reply) { $told = $reply.RetryAfter }
        elseif ($reply.StatusCode -eq 401 -and -not $refreshed) { $refreshed = $true; $headers = Get-Bearer }
        elseif ($reply.StatusCode -notin 200, 202, 404, 500, 502, 504) { Stop-With $Unknown "status $($reply.StatusCode): not confirmed" }
    }
    Wait-For ([math]::Max($wait, $told))
}
if ($reply.Values.isUploaded -eq $true -and $reply.Values.hasErrors -eq $false -and $reply.Values.savedCount -gt 0) {
    "saved $($reply.Values.savedCount)"
    exit 0
}
Stop-With $NotSaved "not everything was saved: $(@($reply.Values.errorMessages).Count) messages about errors"
