// Uploads a file to CAPSS and waits for what becomes of it: java Upload.java day.xml. Needs Java 17; nothing else.
//
// Exit code 0: everything in it is confirmed saved. 1: it is not. 3: it is not known: look before you send it again.
// Environment: CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET; CAPSS_BASE_URL, CAPSS_TOKEN_URL, CAPSS_TIMEOUT_S.
// It reads the few members that it needs with regular expressions; with a JSON library at hand, use that.

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

class Upload {
    static final String BASE = setting("CAPSS_BASE_URL", "https://capss-sb.doj.ca.gov");
    static final String TOKEN_URL = setting("CAPSS_TOKEN_URL", BASE + "/oauth2/token");
    static final long UNTIL = System.nanoTime() + (Long.parseLong(setting("CAPSS_TIMEOUT_S", "300")) - 2) * 1_000_000_000L;
    static final int NOT_SAVED = 1, UNKNOWN = 3;

    // it follows no redirects: the token is for this host only
    static final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    static class Stop extends Exception {
        final int code;

        Stop(int code, String why) {
            super(why);
            this.code = code;
        }
    }

    static String setting(String name, String otherwise) {
        return Optional.ofNullable(System.getenv(name)).orElse(otherwise);
    }

    static long left() throws Stop {
        long ms = (UNTIL - System.nanoTime()) / 1_000_000;
        if (ms <= 0) throw new Stop(UNKNOWN, "the time is over: not confirmed");
        return ms;
    }

    static void pause(long ms) throws Stop, InterruptedException {
        if (ms >= left()) throw new Stop(UNKNOWN, "the time is over: not confirmed");
        Thread.sleep(ms);
    }

    static HttpResponse<String> ask(HttpRequest.Builder request) throws Stop, IOException, InterruptedException {
        return http.send(request.timeout(Duration.ofMillis(Math.min(left(), 30_000))).build(), BodyHandlers.ofString());
    }

    static boolean isBusy(int status) {
        return status == 429 || status == 503; // these say that nothing was done
    }

    static long retryAfter(HttpResponse<String> reply) {
        return reply.headers().firstValue("Retry-After").filter(text -> text.matches("\\d{1,6}")).map(Long::parseLong).orElse(1L) * 1000;
    }

    // a member's text; empty if it is not there, or null
    static String member(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*(?:\"([^\"]*)\"|(true|false|-?\\d+))").matcher(json);
        return !found.find() ? "" : found.group(1) != null ? found.group(1) : found.group(2);
    }

    // a whole JSON object: one that breaks off is none
    static boolean isObject(String json) {
        String text = json.strip();
        return text.startsWith("{") && text.endsWith("}") && text.chars().filter(c -> c == '{').count() == text.chars().filter(c -> c == '}').count();
    }

    static String getToken() throws Stop, IOException, InterruptedException {
        String basic = System.getenv("CAPSS_CLIENT_ID") + ":" + System.getenv("CAPSS_CLIENT_SECRET");
        HttpResponse<String> reply = null;
        for (int attempt = 0; attempt < 4; attempt++) {
            reply = ask(HttpRequest.newBuilder(URI.create(TOKEN_URL))
                .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(basic.getBytes()))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("scope=api&grant_type=client_credentials")));
            if (!isBusy(reply.statusCode())) break;
            pause(retryAfter(reply));
        }
        String token = isObject(reply.body()) ? member(reply.body(), "access_token") : "";
        if (reply.statusCode() != 200 || token.isEmpty())
            throw new Stop(NOT_SAVED, "no token (status " + reply.statusCode() + "): nothing was sent");
        return "Bearer " + token;
    }

    static HttpResponse<String> send(Path file, String bearer) throws Stop, InterruptedException {
        String boundary = UUID.randomUUID().toString();
        String head = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"bulkUploadFile\"; filename=\""
            + file.getFileName() + "\"\r\nContent-Type: application/xml\r\n\r\n";
        HttpResponse<String> reply = null;
        for (int attempt = 0; attempt < 4; attempt++) {
            try {
                reply = ask(HttpRequest.newBuilder(URI.create(BASE + "/api/bulkimport/save"))
                    .header("Authorization", bearer)
                    .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                    .POST(BodyPublishers.concat(BodyPublishers.ofString(head), BodyPublishers.ofFile(file),
                        BodyPublishers.ofString("\r\n--" + boundary + "--\r\n"))));
            } catch (IOException error) { // it may have arrived: it is not sent again
                throw new Stop(UNKNOWN, "the answer was lost: look before you send it again");
            }
            if (!isBusy(reply.statusCode())) break;
            pause(retryAfter(reply));
        }
        if (reply.statusCode() >= 400 && reply.statusCode() < 500)
            throw new Stop(NOT_SAVED, "refused (status " + reply.statusCode() + "): not saved");
        return reply;
    }

    static String follow(HttpResponse<String> accepted, String bearer) throws Stop, IOException, InterruptedException {
        String href = isObject(accepted.body()) ? member(accepted.body(), "href") : "";
        if (href.startsWith("/")) href = BASE + href;
        if (!Set.of(200, 202).contains(accepted.statusCode()) || !href.startsWith(BASE + "/"))
            throw new Stop(UNKNOWN, "status " + accepted.statusCode() + " does not say where to ask: look before you send it again");
        long wait = 600;
        boolean refreshed = false;
        while (true) {
            long told = 0;
            try {
                HttpResponse<String> reply = ask(HttpRequest.newBuilder(URI.create(href)).header("Authorization", bearer));
                int status = reply.statusCode();
                if (status == 200 && isObject(reply.body()) && member(reply.body(), "statusMessage").equals("complete"))
                    return reply.body();
                if (isBusy(status)) told = retryAfter(reply);
                else if (status == 401 && !refreshed) {
                    refreshed = true;
                    bearer = getToken();
                } else if (!Set.of(200, 202, 404, 500, 502, 504).contains(status))
                    throw new Stop(UNKNOWN, "status " + status + ": not confirmed");
            } catch (IOException error) {
                // a status can be asked for as often as one likes
            }
            pause(Math.max(wait, told));
            wait = Math.min(wait * 5 / 4, 15_000);
        }
    }

    static String run(Path file) throws Stop, IOException, InterruptedException {
        if (!Files.isRegularFile(file) || Files.size(file) == 0)
            throw new Stop(NOT_SAVED, file + " is empty, or not there: nothing was sent");
        String bearer = getToken();
        String status = follow(send(file, bearer), bearer);
        String saved = member(status, "savedCount");
        if (member(status, "isUploaded").equals("true") && member(status, "hasErrors").equals("false") && saved.matches("[1-9]\\d*"))
            return saved;
        throw new Stop(NOT_SAVED, "not everything was saved");
    }

    public static void main(String[] arguments) throws InterruptedException {
        int code = 0;
        try {
            System.out.println("saved " + run(Path.of(arguments[0])));
        } catch (Stop stop) {
            System.err.println(stop.getMessage());
            code = stop.code;
        } catch (IOException error) {
            System.err.println("not sent: " + error.getClass().getSimpleName());
            code = NOT_SAVED;
        }
        System.exit(code);
    }
}
