#!/usr/bin/env bash
# The table of layers (gateway/README.md): who may include what. Exits 1 and names each line that breaks it.
set -u
cd "$(dirname "$0")/.."
bad=0
check() { # folder, pattern of forbidden includes, why
    local found
    found=$(grep -rnE "^ *# *include *[<\"]($2)" "$1" --include='*.cpp' --include='*.hpp')
    if [ -n "$found" ]; then
        printf '%s\n  %s\n' "$found" "$3"
        bad=1
    fi
}
io='boost/asio|boost/beast|sqlite3|openssl|curl|zlib|fstream|filesystem|unistd|sys/|fcntl|thread|date/tz|chrono|ctime|iostream'
check fhir "mappings/|gateway/|tests/|$io" 'fhir/ reads and speaks FHIR: no I/O, no clock, nothing above it'
check mappings "gateway/|tests/|rapidjson|$io" 'mappings/ decides: no I/O, no clock, nothing above it'
check gateway 'tests/' 'the program does not include its tests'
# Within gateway/: what a restart needs to be safe. Intake and outbox meet in the store only.
check gateway/core 'gateway/(store|net|intake|work|outbox|input|api|cli)/' 'core/ is below all other folders of gateway/'
check gateway/synth 'mappings/|gateway/(store|net|intake|work|outbox|input|api|cli)/' 'synth/ knows what is true without the engine'
check gateway/store 'gateway/(net|intake|work|outbox|input|api|cli)/' 'store/ uses core/ only'
check gateway/net 'gateway/(store|intake|work|outbox|input|api|cli)/' 'net/ uses core/ only'
check gateway/intake 'gateway/(work|outbox|input|api|cli)/' 'intake/ meets work/ and outbox/ in the store'
check gateway/probe 'gateway/(work|outbox|input|api|cli|demo)/' 'probe/ asks servers; it uses net/ and intake/'
check gateway/work 'gateway/(net|intake|outbox|api|cli)/' 'work/ meets intake/ and outbox/ in the store'
check gateway/outbox 'gateway/(intake|work|input|api|cli)/' 'outbox/ meets intake/ and work/ in the store'
check gateway/people 'gateway/(net|intake|work|outbox|input|api|cli)/' 'people/ meets work/ in the store'
check gateway/page 'gateway/(intake|outbox|people|input|api|cli)/' 'page/ meets the others in the store'
headers=$(grep -rlE '#include *[<"](rapidjson|boost/beast|boost/asio|simdjson)' fhir mappings gateway --include='*.hpp' | xargs grep -lE '#include *[<"](rapidjson|boost/beast|simdjson|boost/asio/([^a]|a[^wn]))' | grep -vE 'fhir/json_(stream|parser|arena)\.hpp|gateway/core/async\.hpp')
if [ -n "$headers" ]; then
    printf '%s\n  heavy libraries stay out of headers\n' "$headers"
    bad=1
fi
words=$(grep -rliE 'lupus|sledai|slicc' fhir mappings/engine gateway | grep -vE '^gateway/(demo|synth)/|README\.md$')
if [ -n "$words" ]; then
    printf '%s\n  nothing about one disease is in the code: it is data\n' "$words"
    bad=1
fi
exit $bad
