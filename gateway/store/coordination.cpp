#include "gateway/store/coordination.hpp"

#include "gateway/core/crypto.hpp"

namespace trialgate::gateway {

std::string audit_seal(std::string_view before, const audit_row& row) {
    // Lengths stand before the texts: no two rows are the same bytes.
    std::string all;
    const auto add = [&](std::string_view text) {
        all += std::to_string(text.size());
        all += ':';
        all += text;
    };
    add(before);
    add(std::to_string(row.id));
    add(std::to_string(row.at));
    for (const std::string* text : {&row.by, &row.name, &row.role, &row.address, &row.action, &row.trial, &row.subject, &row.detail})
        add(*text);
    add(row.refused ? "1" : "0");
    add(std::to_string(row.status));
    return to_hex(sha256(all));
}

} // namespace trialgate::gateway
