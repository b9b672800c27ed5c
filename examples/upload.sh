#!/bin/sh
# Uploads a file to CAPSS and waits for what becomes of it: ./upload.sh day.xml. Needs curl and jq.
#
# Exit code 0: everything in it is confirmed saved. 1: it is not. 3: it is not known: look before you send it again.
# Environment: CAPSS_CLIENT_ID, CAPSS_CLIENT_SECRET; CAPSS_BASE_URL, CAPSS_TOKEN_URL, CAPSS_TIMEOUT_S if not as below.
set -u
file=$1
base=${CAPSS_BASE_URL:-https://capss-sb.doj.ca.gov}
token_url=${CAPSS_TOKEN_URL:-$base/oauth2/token}
until=$(($(date +%s) + ${CAPSS_TIMEOUT_S:-300} - 2))
work=$(mktemp -d) # for its owner only
trap 'rm -rf "$work"' EXIT

say() { echo "$1" >&2; }
left() { echo $((until - $(date +%s))); }

# call METHOD-AND-MORE…: one request; $code, $work/body, $work/head. What is secret comes on standard input (-K), not in
# the list of processes. Certificates are checked, redirects are not followed.
call() {
  if [ "$(left)" -le 0 ]; then say "the time is over: not confirmed"; exit 3; fi
  : > "$work/body"
  code=$(curl --silent --max-time "$(left)" --output "$work/body" --dump-header "$work/head" --write-out '%{http_code}' -K - "$@")
  lost=$?
}

retry_after() { # seconds that the server wants us to wait; 1 if it says nothing
  seconds=$(tr -d '\r' < "$work/head" | sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9][0-9]*\)$/\1/p')
  echo "${seconds:-1}"
}

wait_for() { # SECONDS, if there is time for it
  if [ "${1%%.*}" -ge "$(left)" ]; then say "the time is over: not confirmed"; exit 3; fi
  sleep "$1"
}

member() { jq -r "$1 // empty" "$work/body" 2> "$work/jq"; }

get_token() {
  for _ in 1 2 3 4; do
    call -d scope=api -d grant_type=client_credentials "$token_url" <<CONFIG
user = "$CAPSS_CLIENT_ID:$CAPSS_CLIENT_SECRET"
CONFIG
    case $code in 429 | 503) wait_for "$(retry_after)" ;; *) break ;; esac
  done
  token=$(member .access_token)
  if [ "$code" != 200 ] || [ -z "$token" ]; then say "no token (status $code): nothing was sent"; exit 1; fi
}

with_token() { printf 'header = "Authorization: Bearer %s"\n' "$token"; }

if [ ! -s "$file" ]; then say "$file is empty, or not there: nothing was sent"; exit 1; fi
get_token

for _ in 1 2 3 4; do
  call -F "bulkUploadFile=@$file" "$base/api/bulkimport/save" <<CONFIG
$(with_token)
CONFIG
  case $code in
    429 | 503) wait_for "$(retry_after)" ;; # nothing was done: it may be sent again
    *) break ;;
  esac
done
case $lost:$code in
  0:200 | 0:202) ;;
  0:4??) say "refused (status $code): not saved"; exit 1 ;;
  *) say "the answer was lost, or tells nothing (status $code): it may be saved; look before you send it again"; exit 3 ;;
esac
href=$(member .links.href)
case $href in
  "$base"/*) ;;
  /*) href=$base$href ;;
  *) say "the answer does not say where to ask: it may be saved"; exit 3 ;; # no token to another host
esac

pause=6 # tenths of a second
refreshed=
while :; do
  call "$href" <<CONFIG
$(with_token)
CONFIG
  told=0
  case $lost:$code in
    0:200) if [ "$(member .statusMessage)" = complete ]; then break; fi ;;
    0:202 | 0:404 | 0:5??) ;;
    0:429) told=$(retry_after) ;;
    0:401)
      if [ -n "$refreshed" ]; then say "the token is refused: not confirmed"; exit 3; fi
      refreshed=yes
      get_token
      ;;
    0:*) say "status $code: not confirmed"; exit 3 ;;
  esac
  if [ "$told" -gt 0 ]; then wait_for "$told"; else wait_for "$((pause / 10)).$((pause % 10))"; fi
  if [ $pause -lt 150 ]; then pause=$((pause * 5 / 4)); fi
done

if jq -e '.isUploaded == true and .hasErrors == false and .savedCount > 0' "$work/body" > "$work/jq" 2>&1; then
  say "saved $(member .savedCount)"
  exit 0
fi
say "not everything was saved: $(jq '.errorMessages | length' "$work/body" 2> "$work/jq") messages about errors"
exit 1
