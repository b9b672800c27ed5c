<?php
// Uploads a file to CAPSS and waits for what becomes of it: php upload.php day.xml. Needs PHP 8 with its curl extension.
//
// Exit code 0: everything in it is confirmed saved. 1: it is not. 3: it is not known: look before you send it again.
// Environment: CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET; CAPSS_BASE_URL, CAPSS_TOKEN_URL, CAPSS_CA_FILE, CAPSS_TIMEOUT_S.

const NOT_SAVED = 1;
const UNKNOWN = 3;

function setting(string $name, string $otherwise): string { return getenv($name) ?: $otherwise; }

$base = setting('CAPSS_BASE_URL', 'https://capss-sb.doj.ca.gov');
$tokenUrl = setting('CAPSS_TOKEN_URL', "$base/oauth2/token");
$until = microtime(true) + (float) setting('CAPSS_TIMEOUT_S', '300') - 2;

function stop(int $code, string $why): never { fwrite(STDERR, "$why\n"); exit($code); }

function left(): float {
    global $until;
    $seconds = $until - microtime(true);
    if ($seconds <= 0) stop(UNKNOWN, 'the time is over: not confirmed');
    return $seconds;
}

function pause(float $seconds): void {
    if ($seconds >= left()) stop(UNKNOWN, 'the time is over: not confirmed');
    usleep((int) ($seconds * 1e6));
}

// One request: [status, members of its JSON, seconds to wait]; status 0: there was no whole answer.
// Redirects are not followed: the token is for this host only.
function ask(string $url, array $options): array {
    $retryAfter = 1.0;
    $curl = curl_init($url);
    curl_setopt_array($curl, $options + [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT_MS => (int) (min(left(), 30) * 1000),
        CURLOPT_CAINFO => getenv('CAPSS_CA_FILE') ?: null,
        CURLOPT_HEADERFUNCTION => function ($_, string $line) use (&$retryAfter): int {
            if (preg_match('/^retry-after:\s*(\d{1,6})\s*$/i', $line, $found)) $retryAfter = (float) $found[1];
            return strlen($line);
        },
    ]);
    $body = curl_exec($curl);
    $status = $body === false ? 0 : curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    $values = $body === false ? null : json_decode($body, true);
    return [$status, is_array($values) ? $values : [], $retryAfter];
}

function busy(int $status): bool { return $status === 429 || $status === 503; } // these say that nothing was done

function bearer(): string {
    global $tokenUrl;
    for ($attempt = 0; $attempt < 4; $attempt++) {
        [$status, $values, $retryAfter] = ask($tokenUrl, [
            CURLOPT_USERPWD => getenv('CAPSS_CLIENT_ID') . ':' . getenv('CAPSS_CLIENT_SECRET'),
            CURLOPT_POSTFIELDS => http_build_query(['scope' => 'api', 'grant_type' => 'client_credentials']),
        ]);
        if (!busy($status)) break;
        pause($retryAfter);
    }
    if ($status !== 200 || !is_string($values['access_token'] ?? null)) stop(NOT_SAVED, "no token (status $status): nothing was sent");
    return "Authorization: Bearer {$values['access_token']}";
}

$file = $argv[1];
if (!is_file($file) || !filesize($file)) stop(NOT_SAVED, "$file is empty, or not there: nothing was sent");
$header = bearer();

for ($attempt = 0; $attempt < 4; $attempt++) {
    [$status, $values, $retryAfter] = ask("$base/api/bulkimport/save", [
        CURLOPT_HTTPHEADER => [$header],
        CURLOPT_POSTFIELDS => ['bulkUploadFile' => new CURLFile($file, 'application/xml', basename($file))],
    ]);
    if (!busy($status)) break;
    pause($retryAfter);
}
if ($status >= 400 && $status < 500) stop(NOT_SAVED, "refused (status $status): not saved");
$href = is_string($values['links']['href'] ?? null) ? $values['links']['href'] : '';
if (str_starts_with($href, '/')) $href = $base . $href;
if (!in_array($status, [200, 202], true) || !str_starts_with($href, "$base/")) {
    stop(UNKNOWN, "the answer was lost, or does not say where to ask (status $status): look before you send it again");
}

for ($wait = 0.6, $refreshed = false;; $wait = min($wait * 1.25, 15)) {
    [$status, $values, $retryAfter] = ask($href, [CURLOPT_HTTPHEADER => [$header]]);
    if ($status === 200 && ($values['statusMessage'] ?? null) === 'complete') break;
    if ($status === 401 && !$refreshed) {
        $refreshed = true;
        $header = bearer();
    } elseif (!in_array($status, [0, 200, 202, 404, 429, 500, 502, 503, 504], true)) {
        stop(UNKNOWN, "status $status: not confirmed");
    }
    pause(busy($status) ? max($wait, $retryAfter) : $wait);
}

if (($values['isUploaded'] ?? null) === true && ($values['hasErrors'] ?? null) === false && ($values['savedCount'] ?? 0) > 0) {
    echo "saved {$values['savedCount']}\n";
    exit(0);
}
stop(NOT_SAVED, 'not everything was saved: ' . count($values['errorMessages'] ?? []) . ' messages about errors');
