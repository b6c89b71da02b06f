#!/usr/bin/env bash
# The program's contract as a user and a script see it, on the demo cohort and on small inputs made here: verbs, exit codes, formats,
# inputs, messages. Usage: tests/cli.sh PROGRAM. One line a check, "ok ..." or "FAIL ..."; exit 1 when any failed.
set -u
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: $0 PROGRAM" >&2
    exit 2
fi
program=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 2
export TRIALGATE_MAPPINGS=$PWD/mappings NO_COLOR='' LC_ALL=C.UTF-8
command -v jq >/dev/null || { echo "FAIL jq is not installed"; exit 1; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cohort=gateway/demo/cohort
day=(--as-of 2026-03-15 --time-zone Europe/Berlin)
failed=0

ok() { printf 'ok   %s\n' "$1"; }
fail() { printf 'FAIL %s\n' "$1"; [ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/       /' | head -n 12; failed=1; }
is() { # name, expected, actual
    if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "expected: $2
got:      $3"; fi
}
says() { # name, extended regular expression, text
    if grep -qE -- "$2" <<<"$3"; then ok "$1"; else fail "$1" "expected a line like: $2
got: $3"; fi
}
silent() { # name, text that must be empty
    if [ -z "$2" ]; then ok "$1"; else fail "$1" "$2"; fi
}
# run NAME CODE ARGUMENT...: runs the program, leaves $out and $err, checks the exit code. Standard input: $in (a file).
in=/dev/null
run() {
    local name=$1 code=$2 got
    shift 2
    "$program" "$@" <"$in" >"$dir/out" 2>"$dir/err"
    got=$?
    out=$(tr -d '\0' <"$dir/out") err=$(tr -d '\0' <"$dir/err")
    if [ "$got" = "$code" ]; then ok "$name: exit code $code"; else fail "$name: exit code $code" "got $got
$(head -n 5 "$dir/err")"; fi
}
# Status of a patient in one trial, from NDJSON on standard input.
status() { jq -r --arg p "Patient/$1" --arg t "${2:-sle-uc-msc}" 'select(.patient == $p and .trial == $t) | .status'; }
verdict() { jq -r --arg p "Patient/$1" --arg c "$2" 'select(.patient == $p and .trial == "sle-uc-msc") | .criteria[] | select(.id == $c) | .verdict + " " + (.reason // "-")'; }

# ---- help, version, wrong command lines -------------------------------------------------------------------------------
run 'help' 0 --help
for v in screen explain trial; do says "help names the verb $v" "^ *$v " "$out"; done
says 'help tells the exit codes' 'Exit codes: 0 .*1 .*2 .*3 ' "$out"
for v in screen explain trial 'trial check' 'trial test' 'trial show'; do
    # shellcheck disable=SC2086
    run "$v --help" 0 $v --help
    silent "$v --help: nothing on standard error" "$err"
done
run 'version' 0 --version
says 'version is a number' '^trialgate [0-9]+\.[0-9]+\.[0-9]+' "$out"
run 'no verb' 2
run 'unknown verb' 2 scren
run 'unknown option' 2 screen $cohort --formt json
run 'unknown format' 2 screen $cohort --format xml
run 'screen without input' 2 screen
run 'unknown time zone' 2 screen $cohort --as-of 2026-03-15 --time-zone Europe/Atlantis
says 'unknown time zone: is named' 'Europe/Atlantis' "$err"
run 'no date' 2 screen $cohort --time-zone UTC --as-of tomorrow
says 'no date: is named' 'tomorrow' "$err"
run 'no such day' 2 screen $cohort --time-zone UTC --as-of 2026-02-30
run 'a month is no date' 2 screen $cohort --time-zone UTC --as-of 2026-03
run 'setting without value' 2 screen $cohort "${day[@]}" --set serologyWindow
says 'setting without value: is named' 'serologyWindow' "$err"

# ---- what cannot be done ----------------------------------------------------------------------------------------------
run 'no such input' 1 screen "$dir/none.json" "${day[@]}"
says 'no such input: is named' 'none\.json: no such file' "$err"
run 'unknown trial' 1 screen $cohort "${day[@]}" --trial no-such-trial
says 'unknown trial: is named' 'no-such-trial' "$err"
run 'unknown protocol version' 1 screen $cohort "${day[@]}" --trial sle-uc-msc@1999-01
says 'unknown protocol version: is named' '1999-01' "$err"
run 'setting of a wrong kind' 1 screen $cohort "${day[@]}" --trial sle-uc-msc --set serologyWindow=soon
says 'setting of a wrong kind: is named' "'soon'" "$err"
"$program" screen $cohort "${day[@]}" --trial sle-uc-msc --set noSuchSetting=1 >"$dir/out" 2>"$dir/err"
case $? in 1 | 2) ok 'unknown setting: refused' ;; *) fail 'unknown setting: refused' "exit code 0, the setting was ignored" ;; esac
says 'unknown setting: is named' 'noSuchSetting' "$(cat "$dir/err")"
run 'unknown map' 1 screen $cohort "${day[@]}" --map "$dir/none.json"
run 'unknown patient' 1 explain nobody $cohort "${day[@]}"
says 'unknown patient: is said' 'no such patient' "$err"

# ---- the demo cohort --------------------------------------------------------------------------------------------------
run 'cohort, json' 0 screen $cohort "${day[@]}" --format json
cp "$dir/out" "$dir/cohort.ndjson"
says 'summary on standard error' '[0-9]+ resources seen.* people' "$err"
while read -r person trial wanted; do
    is "cohort: $person is $wanted for $trial" "$wanted" "$(status "$person" "$trial" <"$dir/cohort.ndjson")"
done <<'LIST'
anna sle-uc-msc likely
bea sle-uc-msc possible
clara sle-uc-msc not-now
dora sle-uc-msc possible
emil sle-uc-msc ineligible
frieda sle-uc-msc ineligible
gita sle-uc-msc likely
helga sle-uc-msc possible
isabelle sle-uc-msc likely
jana sle-uc-msc not-now
kofi sle-uc-msc possible
lena sle-uc-msc likely
mira sle-uc-msc ineligible
nora sle-uc-msc not-now
rolf dapa-hf possible
LIST
is 'cohort: nobody else is printed' 15 "$(wc -l <"$dir/cohort.ndjson")"
while read -r person criterion wanted; do
    is "cohort: $person, $criterion is $wanted" "$wanted" "$(verdict "$person" "$criterion" <"$dir/cohort.ndjson")"
done <<'LIST'
anna disease-activity met -
anna consent unknown needs-person
bea serology unknown imprecise
clara background-therapy not-met -
dora serology unknown no-data
emil sle-classification not-met -
frieda age not-met -
gita renal-function met -
jana serology not-met -
kofi serology unknown conflicting
lena renal-function met -
mira sle-classification not-met -
nora disease-activity not-met -
LIST
is 'cohort: clara can start on 2026-03-16' 2026-03-16 \
    "$(jq -r 'select(.patient == "Patient/clara") | .criteria[] | select(.id == "background-therapy") | .changesOn' "$dir/cohort.ndjson")"
is 'cohort: a deleted result leaves no trace' 0 "$(grep -c dora-ana "$dir/cohort.ndjson")"
is 'cohort: of a corrected result the last version counts' 2 \
    "$(jq -r 'select(.patient == "Patient/jana") | [.. | .evidence? // empty | .[] | select(.reference == "Observation/jana-ana") | .version] | unique | join(" ")' "$dir/cohort.ndjson")"
run 'site map' 0 screen $cohort/helga-local-codes.json "${day[@]}" --trial sle-uc-msc --map gateway/demo/site-map.json --format json
is 'site map: helga is eligible with her local codes' eligible "$(status helga <"$dir/out")"
run 'a day later' 0 screen $cohort --as-of 2026-03-16 --time-zone Europe/Berlin --trial sle-uc-msc --format json
is 'a day later clara is likely' likely "$(status clara <"$dir/out")"

# ---- json: the contract of the machine-readable form --------------------------------------------------------------------
is 'json: each line has exactly the members of the contract' '' "$(jq -c 'select(keys != (["patient","trial","protocolVersion","asOf","status","changesOn","notes","criteria"] | sort)) | .patient' "$dir/cohort.ndjson")"
is 'json: each criterion and part has exactly the members of the contract' '' "$(jq -c '
    def all: ., (.parts[] | all);
    .criteria[] | all | select(keys != (["id","verdict","reason","explanation","changesOn","needs","notes","evidence","parts"] | sort)) | .id' "$dir/cohort.ndjson")"
is 'json: evidence has exactly the members of the contract' '' "$(jq -c '
    [.. | .evidence? // empty | .[]] | .[] | select(keys != (["reference","version","date","text"] | sort))' "$dir/cohort.ndjson")"
is 'json: verdicts and reasons are of the lists, a reason stands with unknown alone' '' "$(jq -c '
    ["no-data","too-old","pending","unit-unusable","value-unusable","imprecise","borderline","conflicting","support-only","history-incomplete","cause-to-exclude","needs-person"] as $reasons |
    def all: ., (.parts[] | all);
    .criteria[] | all | select(if .verdict == "unknown" then (.reason | IN($reasons[])) else (.verdict | IN("met", "not-met")) and .reason == null end | not) | .id' "$dir/cohort.ndjson")"
is 'json: a decided criterion needs nothing' '' "$(jq -c 'def all: ., (.parts[] | all); .criteria[] | all | select(.verdict != "unknown" and .needs != []) | .id' "$dir/cohort.ndjson")"
is 'json: an unknown says what would decide it' '' "$(jq -r '.patient as $p | .criteria[] | select(.verdict == "unknown" and .needs == []) | $p + " " + .id' "$dir/cohort.ndjson")"
is 'json: every criterion is explained' '' "$(jq -r '.patient as $p | .criteria[] | select(.explanation == "") | $p + " " + .id' "$dir/cohort.ndjson")"
is 'json: what changes, changes after the day asked for' '' "$(jq -r '. as $r | [.changesOn, .criteria[].changesOn] | .[] | select(. != null and . <= $r.asOf)' "$dir/cohort.ndjson")"
is 'json: the criteria of the trial in their order' 'age sle-classification serology renal-function background-therapy disease-activity consent visit-adherence' \
    "$(jq -r 'select(.trial == "sle-uc-msc") | [.criteria[].id] | join(" ")' "$dir/cohort.ndjson" | sort -u)"
is 'json: asOf and protocolVersion' '2026-03-15 2025-07' "$(jq -r 'select(.trial == "sle-uc-msc") | .asOf + " " + .protocolVersion' "$dir/cohort.ndjson" | sort -u)"
is 'json: evidence names resources' '' "$(jq -r '[.. | .evidence? // empty | .[].reference] | .[] | select(test("^([A-Za-z]+/|urn:)") | not)' "$dir/cohort.ndjson")"
run 'trial@version' 0 screen $cohort "${day[@]}" --trial sle-uc-msc@2025-06 --format json
is 'trial@version: the version is answered' 2025-06 "$(jq -r .protocolVersion "$dir/out" | sort -u)"
run 'an instant is a day at the site' 0 screen $cohort --time-zone Europe/Berlin --as-of 2026-03-14T23:30:00Z --format json
is 'an instant is a day at the site: the date' 2026-03-15 "$(jq -r .asOf "$dir/out" | sort -u)"
run 'trial by folder' 0 screen $cohort "${day[@]}" --trial mappings/trials/dapa-hf --format json
is 'trial by folder: only that trial' dapa-hf "$(jq -r .trial "$dir/out" | sort -u)"
run 'two trials' 0 screen $cohort "${day[@]}" --trial dapa-hf --trial sle-uc-msc --format json
is 'two trials: both' 'dapa-hf sle-uc-msc' "$(jq -r .trial "$dir/out" | sort -u | paste -sd' ')"
run 'setting' 0 screen $cohort "${day[@]}" --trial sle-uc-msc --set minimumCourse='60 days' --format json
is 'setting: clara is likely when 60 days suffice' likely "$(status clara <"$dir/out")"

# ---- who is not listed --------------------------------------------------------------------------------------------------
run '--all' 0 screen $cohort "${day[@]}" --trial sle-uc-msc --all --format json
while read -r person note; do
    is "--all: $person is not listed ($note)" "null 0 true" \
        "$(jq -r --arg p "Patient/$person" --arg n "$note" 'select(.patient == $p) | "\(.status) \(.criteria | length) \(.notes | index($n) != null)"' "$dir/out")"
done <<'LIST'
olga opted-out
paul deceased
quinn not-considered
nora-old merged
rolf not-considered
LIST
is 'without --all they are not printed' '' "$(jq -r 'select(.patient | test("olga|paul|quinn|nora-old")) | .patient' "$dir/cohort.ndjson")"

# ---- csv ----------------------------------------------------------------------------------------------------------------
run 'csv' 0 screen $cohort "${day[@]}" --format csv
is 'csv: begins with a byte order mark' 'efbbbf' "$(head -c 3 "$dir/out" | od -An -tx1 | tr -d ' \n')"
is 'csv: header' 'patient,trial,protocolVersion,asOf,status,statusChangesOn,criterion,verdict,reason,changesOn,explanation,needs,notes,evidence' \
    "$(head -n 1 "$dir/out" | tail -c +4 | tr -d '\r')"
is 'csv: 14 columns in every row' 14 "$(awk '{ n = 1; quoted = 0
    for (i = 1; i <= length($0); ++i) { c = substr($0, i, 1); if (c == "\"") quoted = !quoted; else if (c == "," && !quoted) ++n }
    print quoted ? "open quote" : n }' "$dir/out" | sort -u)"
is 'csv: every line ends as RFC 4180 says' '' "$(grep -vc $'\r$' "$dir/out" | grep -v '^0$')"
is 'csv: a row a criterion' "$(jq -s '[.[].criteria | length] | add' "$dir/cohort.ndjson")" \
    "$(tail -n +2 "$dir/out" | grep -cE '^"[^"]*","[^"]*","[^"]*",[0-9-]*,[a-z-]*,[0-9-]*,"')"

# ---- fhir ---------------------------------------------------------------------------------------------------------------
run 'fhir' 0 screen $cohort "${day[@]}" --format fhir
is 'fhir: one Bundle, a collection' 'Bundle collection' "$(jq -r '.resourceType + " " + .type' "$dir/out")"
is 'fhir: the kinds of resources' 'Flag GuidanceResponse ResearchStudy ResearchSubject Task' \
    "$(jq -r '[.entry[].resource.resourceType] | unique | join(" ")' "$dir/out")"
is 'fhir: every entry has its own fullUrl and id' '' "$(jq -r '([.entry[].fullUrl] | group_by(.) | .[] | select(length > 1)), (.entry[].resource | select(.id | test("^[A-Za-z0-9.-]{1,64}$") | not) | .id)' "$dir/out")"
is 'fhir: a ResearchStudy for each trial' 'dapa-hf sle-uc-msc' "$(jq -r '[.entry[].resource | select(.resourceType == "ResearchStudy").id] | sort | join(" ")' "$dir/out")"
is 'fhir: status of a likely person' candidate "$(jq -r '.entry[].resource | select(.resourceType == "ResearchSubject" and .individual.reference == "Patient/anna").status' "$dir/out")"
is 'fhir: status of a possible person' potential-candidate "$(jq -r '.entry[].resource | select(.resourceType == "ResearchSubject" and .individual.reference == "Patient/bea").status' "$dir/out")"
is 'fhir: not-now and ineligible are not pushed' '' "$(jq -r '.entry[].resource | select(.resourceType == "ResearchSubject" and (.individual.reference | test("clara|jana|emil|frieda|mira"))).individual.reference' "$dir/out")"
is 'fhir: nobody who is not listed' '' "$(grep -oE 'Patient/(olga|paul|quinn|nora-old)' "$dir/out")"
is 'fhir: required elements' '' "$(jq -r '.entry[].resource | select(
    (.resourceType == "ResearchSubject" and ([.status, .study, .individual] | any(. == null))) or
    (.resourceType == "Flag" and ([.status, .code, .subject] | any(. == null))) or
    (.resourceType == "GuidanceResponse" and ([.moduleUri, .status] | any(. == null))) or
    (.resourceType == "Task" and ([.status, .intent] | any(. == null)))) | .id' "$dir/out")"
is 'fhir: what is referred to inside the Bundle is in it' '' "$(jq -r '[.entry[].resource | .resourceType + "/" + .id] as $here |
    .entry[].resource | (.study, .focus) | select(. != null) | .reference | select(IN($here[]) | not)' "$dir/out")"

# ---- text ---------------------------------------------------------------------------------------------------------------
run 'text' 0 screen $cohort "${day[@]}"
says 'text: a line a patient' '^ *likely +Patient/anna ' "$out"
says 'text: the trial and the day' 'sle-uc-msc.*2026-03-15 \(Europe/Berlin\)' "$out"
says 'text: explains below the table' '^Patient/anna  sle-uc-msc' "$out"
is 'text: no colours in a pipe' '' "$(printf '%s%s' "$out" "$err" | grep -c $'\033' | grep -v '^0$')"
is 'text: no progress in a pipe' '' "$(printf '%s' "$err" | grep -c $'\r' | grep -v '^0$')"
run 'brief' 0 screen $cohort "${day[@]}" --brief
is 'brief: no explanations' '' "$(grep '^Patient/anna  ' "$dir/out")"
run 'quiet' 0 screen $cohort "${day[@]}" --quiet --format json
silent 'quiet: nothing on standard error' "$err"
run 'explain' 0 explain Patient/anna $cohort "${day[@]}" --trial sle-uc-msc
says 'explain: the status in words' '^ *likely: ' "$out"
says 'explain: the value as reported' '118 IU/mL' "$out"
says 'explain: what is asked' 'needs: .*consent' "$out"
run 'explain by id alone' 0 explain anna $cohort "${day[@]}" --trial sle-uc-msc --json
is 'explain --json is the line of screen' "$(jq -c 'select(.patient == "Patient/anna")' "$dir/cohort.ndjson")" "$(jq -c . "$dir/out")"
run 'explain somebody not listed' 0 explain Patient/paul $cohort "${day[@]}" --trial sle-uc-msc
says 'explain somebody not listed: why' 'deceased' "$out"

# ---- inputs -------------------------------------------------------------------------------------------------------------
in=$cohort/anna.json
run 'standard input' 0 screen - "${day[@]}" --format json
in=/dev/null
is 'standard input: the same answer' "$(jq -c 'select(.patient == "Patient/anna")' "$dir/cohort.ndjson")" "$(jq -c . "$dir/out")"
cat $cohort/export/*.ndjson >"$dir/all.ndjson"
in=$dir/all.ndjson
run 'NDJSON of many types on standard input' 0 screen - "${day[@]}" --trial sle-uc-msc --format json
in=/dev/null
is 'NDJSON on standard input: the same people' 'emil frieda gita kofi mira' "$(jq -r '.patient | ltrimstr("Patient/")' "$dir/out" | paste -sd' ')"
mkdir "$dir/zip" && gzip -c $cohort/anna.json >"$dir/zip/anna.json.gz" && gzip -c "$dir/all.ndjson" >"$dir/zip/all.ndjson.gz"
run 'gzip in a folder' 0 screen "$dir/zip" "${day[@]}" --trial sle-uc-msc --format json
is 'gzip: the same answers' "$(jq -c 'select(.trial == "sle-uc-msc" and (.patient | test("anna|emil|frieda|gita|kofi|mira")))' "$dir/cohort.ndjson")" "$(jq -c . "$dir/out")"
head -c 1500 "$dir/zip/all.ndjson.gz" >"$dir/cut.ndjson.gz"
run 'gzip cut short' 3 screen "$dir/cut.ndjson.gz" "${day[@]}"
says 'gzip cut short: is said' 'cut\.ndjson\.gz: .*short' "$err"
jq -c '.entry[].resource' $cohort/anna.json >"$dir/anna.ndjson"
run 'a Bundle taken apart into NDJSON' 0 screen "$dir/anna.ndjson" "${day[@]}" --format json
# jq writes 0.90 as 0.9 when it takes the Bundle apart, and what a hospital wrote is shown as written: words are left out.
wordless='del(.. | .explanation? // empty) | del(.. | .text? // empty)'
is 'a Bundle taken apart: the same answer' "$(jq -c "select(.patient == \"Patient/anna\") | $wordless" "$dir/cohort.ndjson")" "$(jq -c "$wordless" "$dir/out")"
mkdir "$dir/empty"
run 'an empty folder' 0 screen "$dir/empty" "${day[@]}" --format json
silent 'an empty folder: nothing' "$out"
printf '\xef\xbb\xbf' | cat - "$dir/anna.ndjson" | sed 's/$/\r/' >"$dir/windows.ndjson"
run 'byte order mark and Windows line ends' 0 screen "$dir/windows.ndjson" "${day[@]}" --format json
is 'byte order mark and Windows line ends: the same answer' "$(jq -c "select(.patient == \"Patient/anna\") | $wordless" "$dir/cohort.ndjson")" "$(jq -c "$wordless" "$dir/out")"

# ---- unreadable things --------------------------------------------------------------------------------------------------
sed '3s/.*/{"resourceType":"Observation","id":"cut","status":/' "$dir/anna.ndjson" >"$dir/broken.ndjson"
run 'a broken line' 3 screen "$dir/broken.ndjson" "${day[@]}" --format json
says 'a broken line: file and line are named' 'broken\.ndjson:3[: ]' "$err"
is 'a broken line: the rest is screened' Patient/anna "$(jq -r .patient "$dir/out")"
run 'a broken line, --strict' 1 screen "$dir/broken.ndjson" "${day[@]}" --format json --strict
is 'a broken line, --strict: the rest is screened' Patient/anna "$(jq -r .patient "$dir/out")"
is 'a broken line: nothing of the record in the message' '' "$(grep -E 'Beispiel|1991-06-12' "$dir/err")"
echo 'no json at all' >"$dir/garbage.json"
run 'a file that is no JSON' 3 screen "$dir/garbage.json" $cohort/anna.json "${day[@]}" --format json
says 'a file that is no JSON: is named' 'garbage\.json:1' "$err"
is 'a file that is no JSON: the rest is screened' Patient/anna "$(jq -r .patient "$dir/out")"
# Steers a terminal: ESC and a line feed in what a hospital calls a result and a person.
printf '%s\n' '{"resourceType":"Patient","id":"p","birthDate":"1990-01-01"}' \
    '{"resourceType":"Condition","id":"c","code":{"coding":[{"system":"http://snomed.info/sct","code":"55464009"}],"text":"SLE \u001b[2J\nlikely"},"subject":{"reference":"Patient/p"}}' >"$dir/escape.ndjson"
run 'control characters in a record' 0 screen "$dir/escape.ndjson" "${day[@]}" --trial sle-uc-msc
is 'control characters do not reach the terminal' '' "$(grep -c $'\033' "$dir/out" | grep -v '^0$')"
sed 's/"p"/"p\\u001b[2J"/; s/Patient.p"/Patient\/p\\u001b[2J"/' "$dir/escape.ndjson" >"$dir/escape-id.ndjson"
run 'control characters in an id' 0 screen "$dir/escape-id.ndjson" "${day[@]}" --trial sle-uc-msc
is 'control characters in an id do not reach the terminal' '' "$(grep -c $'\033' "$dir/out" | grep -v '^0$')"
# A cell that a spreadsheet would run.
sed 's/SLE \\u001b\[2J\\nlikely/=cmd()/' "$dir/escape.ndjson" >"$dir/formula.ndjson"
run 'a formula in a record' 0 screen "$dir/formula.ndjson" "${day[@]}" --trial sle-uc-msc --format csv
is 'a formula does not begin a cell' '' "$(grep -oE '(^|,)"=' "$dir/out")"

# ---- output that cannot be written ----------------------------------------------------------------------------------------
if [ -c /dev/full ]; then
    for f in text json csv fhir; do
        "$program" screen $cohort "${day[@]}" --format $f --quiet >/dev/full 2>"$dir/err"
        is "a full disk, $f: exit code 1" 1 $?
    done
    "$program" explain anna $cohort "${day[@]}" --quiet >/dev/full 2>"$dir/err"
    is 'a full disk, explain: exit code 1' 1 $?
    says 'a full disk: is said' 'could not be written' "$(cat "$dir/err")"
fi

# ---- laws ---------------------------------------------------------------------------------------------------------------
mapfile -t files < <(find $cohort -type f | LC_ALL=C sort)
mapfile -t backwards < <(find $cohort -type f | LC_ALL=C sort -r)
run 'files by name' 0 screen "${files[@]}" "${day[@]}" --format json
is 'files by name: as the folder' "$(cat "$dir/cohort.ndjson")" "$out"
run 'files backwards' 0 screen "${backwards[@]}" "${day[@]}" --format json
is 'files backwards: the same answer' "$(cat "$dir/cohort.ndjson")" "$out"
run 'everything twice' 0 screen $cohort $cohort "${day[@]}" --format json
is 'everything twice: the same answer' "$(cat "$dir/cohort.ndjson")" "$out"

# ---- trial --------------------------------------------------------------------------------------------------------------
run 'trial check' 0 trial check
says 'trial check: names the trials' '^sle-uc-msc: protocol 2025-07, 8 criteria' "$out"
run 'trial check --json' 0 trial check --json
is 'trial check --json: no problems' 0 "$(jq '.problems | length' "$dir/out")"
mkdir "$dir/bad" && sed 's/"dsdna"/"dsdnaa"/' mappings/trials/sle-uc-msc/trial.json >"$dir/bad/trial.json"
run 'trial check of a trial with a mistake' 3 trial check "$dir/bad"
says 'trial check: file, line and column' 'trial\.json:[0-9]+:[0-9]+: ' "$out"
says 'trial check: the word that is wrong' 'dsdnaa' "$out"
run 'screening with such a trial' 1 screen $cohort "${day[@]}" --trial "$dir/bad"
run 'trial show' 0 trial show sle-uc-msc
says 'trial show: settings' 'serologyWindow = 6 months' "$out"
says 'trial show: criteria' 'renal-function' "$out"
says 'trial show: laboratory safety' 'graded by CTCAE v5\.0' "$out"
run 'trial test' 0 trial test sle-uc-msc
run 'trial export-plan' 0 trial export-plan sle-uc-msc
is 'trial export-plan: a PlanDefinition' PlanDefinition "$(jq -r .resourceType "$dir/out")"
cp "$dir/out" "$dir/plan.json"
run 'trial import-plan' 0 trial import-plan "$dir/plan.json"
days='[.[] | select(.kind != "unscheduled") | {id, title, anchor, earliest, target, latest}] | sort_by(.id)'
sed 's://.*$::' mappings/trials/sle-uc-msc/trial.json >"$dir/trial.json"
is 'trial import-plan: the visits of the trial' "$(jq -c ".visits | $days" "$dir/trial.json")" "$(jq -c "$days" "$dir/out")"
jq '(.action[] | select(.relatedAction) | .relatedAction[0].offsetDuration.unit) |= "moon" | (.. | .code? | select(. == "d" or . == "wk")) |= "moon"' \
    "$dir/plan.json" >"$dir/plan-bad.json"
run 'trial import-plan of windows that cannot be read' 3 trial import-plan "$dir/plan-bad.json"
says 'trial import-plan: says what was left out' 'plan-bad\.json.*error: PlanDefinition\.action' "$err"
run 'trial import-plan of something else' 1 trial import-plan "$dir/trial.json"
run 'trial import-plan of nothing' 1 trial import-plan "$dir/nowhere.json"
says 'trial import-plan: which file' 'nowhere\.json: error: ' "$err"

exit $failed
