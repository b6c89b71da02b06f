// A folder of its own for each test, the kinds of store that the contract holds for, and rows to put in.
#pragma once

#include "gateway/store/committer.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "tests/support/scratch_folder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace trialgate::tests {

using namespace gateway;

/// A kind of store that promises what store.hpp says.
struct store_kind {
    const char* name;
    std::unique_ptr<store> (*open)(const std::string& folder, bool read_only);
};
inline std::vector<store_kind> store_kinds() {
    return {{"sqlite", [](const std::string& folder, bool read_only) { return open_sqlite(folder, read_only); }}};
}

/// An empty store of each kind in turn; `reopen` closes and opens it again.
struct any_store {
    any_store() : kind(GENERATE(from_range(store_kinds()))) {
        UNSCOPED_INFO("store: " << kind.name);
        reopen();
    }
    void reopen() {
        now.reset();
        now = kind.open(folder.path().string(), false);
    }
    store* operator->() { return now.get(); }

    scratch_folder folder;
    store_kind kind;
    std::unique_ptr<store> now;
};

/// Every byte that may make trouble in a text.
inline const std::string odd_text = std::string("a'\"%_\\\0b\xff\xc3\xa9\n", 13);

inline journal_item arrived(std::string body, std::string source = "ehr") {
    journal_item out;
    out.source = std::move(source);
    out.body = std::move(body);
    return out;
}

inline outbox_row to_tell(std::string subject, std::string key, std::string sink = "study", instant not_before = 0) {
    outbox_row out;
    out.sink = std::move(sink);
    out.subject = std::move(subject);
    out.key = std::move(key);
    out.body = "{}";
    out.not_before = not_before;
    return out;
}

inline job to_do(job_kind kind, std::string target, instant not_before = 0, std::string source = "ehr") {
    job out;
    out.source = std::move(source);
    out.kind = kind;
    out.target = std::move(target);
    out.not_before = not_before;
    return out;
}

/// The keys of outbox rows, in order: "a b".
inline std::string keys(const std::vector<outbox_row>& rows) {
    std::string out;
    for (const outbox_row& r : rows)
        out += (out.empty() ? "" : " ") + r.key;
    return out;
}
inline std::string targets(const std::vector<job>& jobs) {
    std::string out;
    for (const job& j : jobs)
        out += (out.empty() ? "" : " ") + j.target;
    return out;
}
inline std::string bodies(const std::vector<journal_row>& rows) {
    std::string out;
    for (const journal_row& r : rows)
        out += (out.empty() ? "" : " ") + r.body;
    return out;
}

/// The kind and text of the store_error that `act` throws; fails the test when it throws none.
template <class Act>
store_error error_of(Act act) {
    try {
        act();
    } catch (const store_error& e) {
        return e;
    }
    FAIL("no store_error");
    throw std::logic_error("unreachable");
}

} // namespace trialgate::tests
