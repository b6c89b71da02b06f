#include "mappings/engine/population.hpp"

#include "mappings/engine/byte_string.hpp"
#include "mappings/engine/coded.hpp"
#include "mappings/engine/record_codec.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

/// Records wait here as they are until so many can be encoded by patient: the more at once, the more they
/// share.
constexpr std::size_t pending_limit = 8192;

bool is_definition(const record& r) noexcept {
    return r.definition.has_value();
}

} // namespace

void population::add(record r) {
    if (r.withdrawn)
        return superseded(r.type, r.id, r.version);
    if (r.empty())
        return;
    ++counts_.records;
    if (is_definition(r)) {
        definitions_[r.type + '/' + r.id].push_back({std::move(r.version), std::move(*r.definition), false});
        return;
    }
    if (r.person && !r.id.empty())
        r.subject = "Patient/" + r.id;
    else
        r.subject = normal_key(r.subject);
    if (r.subject.empty()) {
        ++counts_.without_patient;
        // It names nobody, yet it may be the newer version of one that did.
        return superseded(r.type, r.id, r.version);
    }
    pending_.push_back(std::move(r));
    if (pending_.size() >= pending_limit)
        flush();
}

void population::flush() {
    std::stable_sort(pending_.begin(), pending_.end(), [](const record& a, const record& b) {
        return a.subject < b.subject;
    });
    for (auto first = pending_.begin(); first != pending_.end();) {
        const std::string key = first->subject;
        record_writer writer;
        for (; first != pending_.end() && first->subject == key; ++first) {
            first->subject.clear(); // the key tells it
            writer.append(*first);
        }
        std::string& to = stored_[key];
        byte_sink(to).text(writer.take());
    }
    pending_.clear();
}

void population::each_stored(const std::function<void(const std::string&, record&)>& visit) const {
    for (const auto& [key, bytes] : stored_) {
        std::string_view rest = bytes;
        byte_source chunks(rest);
        while (chunks.left() > 0) {
            record_reader reader(chunks.text());
            while (auto r = reader.next()) {
                r->subject = key;
                visit(key, *r);
            }
        }
    }
}

void population::finish() {
    flush();
    settle_definitions();
    name_definitions();
    contest();
    settle_persons();
    settle_patients();
}

void population::for_each_patient(const std::function<void(const patient_data&)>& visit) const {
    for (const auto& [key, g] : groups_)
        visit(gather(key, g));
}

std::size_t population::stored_bytes() const noexcept {
    std::size_t out = 0;
    for (const auto& [key, bytes] : stored_)
        out += bytes.size();
    return out;
}

} // namespace trialgate::mappings
