# Sourced by what runs peers from npm: ends the caller with a reason where Node.js 20, npm or a tool named as argument is missing.
# shellcheck shell=bash
for tool in npm node "$@"; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 0; }
done
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    echo "skipped: Node 20 is needed, this is $(node -v)"
    exit 0
fi
