#include "gateway/work/person.hpp"

#include "mappings/engine/record_codec.hpp"

#include <algorithm>

namespace trialgate::gateway {

using namespace mappings;

namespace {
std::string name_of(std::string_view type, std::string_view id) {
    std::string out(type);
    out += '/';
    out += id;
    return out;
}
} // namespace

person_records::person_records(std::string_view bytes) {
    record_reader from(bytes);
    while (auto r = from.next()) {
        std::string name = name_of(r->type, r->id);
        records_.insert_or_assign(std::move(name), std::move(*r));
    }
    broken_ = from.broken();
}

std::string person_records::bytes() const {
    record_writer out;
    for (const auto& [name, r] : records_)
        out.append(r);
    return out.take();
}

person_records::effect person_records::put(record r) {
    r.subject.clear(); // the row tells it
    std::string name = name_of(r.type, r.id);
    const auto at = records_.find(name);
    if (at == records_.end()) {
        // A version that is withdrawn before anything of the resource came is remembered only if an older one can still come.
        if (r.withdrawn && r.version.number < 2 && r.version.updated < 0)
            return effect::nothing;
        records_.emplace(std::move(name), std::move(r));
        return effect::changed;
    }
    version_stamp& known = at->second.version;
    if (r.withdrawn && r.version.number < 0 && r.version.text.empty()) {
        // A deletion that tells no version; its time, if any, is that of an HTTP answer, in whole seconds.
        if (at->second.withdrawn)
            return effect::duplicate;
        if (r.version.updated >= 0 && known.updated >= 0 && r.version.updated / 1000 < known.updated / 1000)
            return effect::older;
        // It stands for the version we know: a repetition of that one does not bring it back, a later one does.
        r.version.number = known.number;
        if (known.updated >= 0)
            r.version.updated = std::max(r.version.updated, known.updated + (known.number < 0));
    } else if (!supersedes(r.version, known)) {
        return supersedes(known, r.version) ? effect::older : effect::duplicate;
    }
    at->second = std::move(r);
    return effect::changed;
}

const record* person_records::find(std::string_view type, std::string_view id) const {
    const auto at = records_.find(name_of(type, id));
    return at == records_.end() ? nullptr : &at->second;
}

} // namespace trialgate::gateway
