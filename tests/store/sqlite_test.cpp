// What only SQLite's store promises: its file, its schema's history, and what it says when it cannot.
#include "tests/store/store_support.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <csignal>
#include <unistd.h>

using namespace trialgate;
using namespace trialgate::tests;
namespace fs = std::filesystem;

namespace {

std::string bytes_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A big-endian number of four bytes in the file's header (https://www.sqlite.org/fileformat2.html, section 1.3).
int header_number(const std::string& file, std::size_t at) {
    const std::string bytes = bytes_of(file);
    std::uint32_t out = 0;
    for (std::size_t i = at; i < at + 4; ++i)
        out = out << 8 | static_cast<unsigned char>(bytes.at(i));
    return static_cast<int>(out);
}

std::unique_ptr<store> open_with(const std::string& folder, std::span<const migration> migrations, bool read_only = false) {
    sqlite_options options;
    options.migrations = migrations;
    options.read_only = read_only;
    return open_sqlite(folder, options);
}

} // namespace

TEST_CASE("The file is a store of trialgate in WAL mode, for its owner's eyes only") {
    scratch_folder folder;
    const std::string inner = folder.path().string() + "/var/lib";
    auto s = open_sqlite(inner);
    s->value_put("a", "b");
    struct stat about {};
    for (const char* end : {"", "-wal", "-shm"}) {
        REQUIRE(::stat((store_file(inner) + end).c_str(), &about) == 0);
        CHECK((about.st_mode & 0777) == 0600);
    }
    REQUIRE(::stat(inner.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0700);
    s.reset();
    CHECK_FALSE(fs::exists(store_file(inner) + "-wal"));
    CHECK(bytes_of(store_file(inner)).substr(18, 2) == "\x02\x02"); // write and read version: WAL
    CHECK(header_number(store_file(inner), 60) == shipped_migrations().back().number);
    CHECK(header_number(store_file(inner), 68) == 0x54474154);
}

TEST_CASE("Migrations are numbered from 1 without a hole") {
    int next = 1;
    for (const migration& m : shipped_migrations())
        CHECK(m.number == next++);
}

TEST_CASE("A store of an older version is brought up to date and keeps what it holds") {
    scratch_folder folder;
    const auto shipped = shipped_migrations();
    {
        const auto first = open_with(folder.path().string(), shipped.first(1));
        first->value_put("kept", "1");
        first->journal_append(arrived("body"));
        first->patient_put({"ehr", "Patient/a", "records", true, {1}, 0});
    }
    std::vector<migration> longer(shipped.begin(), shipped.end());
    const int last = longer.back().number;
    longer.push_back({last + 1, "CREATE TABLE later(a TEXT) STRICT; INSERT INTO later VALUES ('x');"});
    longer.push_back({last + 2, "UPDATE named_value SET text = text || (SELECT a FROM later);"});
    for (int again = 0; again < 2; ++again) {
        const auto s = open_with(folder.path().string(), longer);
        CHECK(s->value("kept") == "1x"); // each once
        CHECK(bodies(s->journal_after(0, 9, 99)) == "body");
        CHECK(s->patient("ehr", "Patient/a")->records == "records");
    }
    CHECK(header_number(store_file(folder.path().string()), 60) == last + 2);

    const store_error newer = error_of([&] { open_sqlite(folder.path().string()); });
    CHECK(newer.what_kind() == store_error::kind::broken);
    CHECK(newer.what() == std::string() + store_file(folder.path().string()) + ": was written by a newer trialgate (schema " + std::to_string(last + 2) + ", this one knows " +
                              std::to_string(last) + ")");
}

TEST_CASE("A store from before the page is brought up to date: everybody is evaluated once more, lists show everybody once") {
    scratch_folder folder;
    const auto old_database = [&](const char* sql) {
        sqlite3* db = nullptr;
        REQUIRE(sqlite3_open(store_file(folder.path().string()).c_str(), &db) == SQLITE_OK);
        CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
        sqlite3_close(db);
    };
    open_with(folder.path().string(), shipped_migrations().first(2))->patient_put({"ehr", "Patient/a", "records", true, fhir::date::highest(), 3});
    old_database("INSERT INTO decision VALUES (7, 'ehr', 'Patient/a', 't1', 'likely', 3, 1, 11, 'on-study', 12, 'ineligible'),"
                 "(9, 'ehr', 'Patient/b', 't1', 'possible', 1, 1, 13, '', 0, '')");
    const auto s = open_sqlite(folder.path().string());
    const auto got = s->decision("ehr", "Patient/a", "t1");
    REQUIRE(got);
    CHECK(got->status == "likely");
    CHECK(got->number == 3);
    CHECK(got->human == "on-study");
    CHECK(got->contradiction == "ineligible");
    CHECK(got->strip.empty());
    CHECK(got->changes_on == fhir::date::highest());
    CHECK(got->changed == 11);
    CHECK(s->decisions_stamp() == 9);
    CHECK(s->decisions_since("t1", 0, 10).size() == 2);
    CHECK(s->decisions_since("t1", 7, 10).size() == 1);
    REQUIRE(s->patients_due({-1}, 10).size() == 1);
    CHECK(s->patient("ehr", "Patient/a")->records == "records");
    s->decision_put(*got);
    CHECK(s->decisions_stamp() == 9);
}

TEST_CASE("The audit trail cannot be changed, not even by hand") {
    scratch_folder folder;
    const auto s = open_sqlite(folder.path().string());
    s->audit_add({});
    s->audit_add({});
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(store_file(folder.path().string()).c_str(), &db) == SQLITE_OK);
    for (const char* sql : {"UPDATE audit SET detail = 'x'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1",
                            "REPLACE INTO audit SELECT * FROM audit WHERE id = 1", "INSERT INTO audit SELECT * FROM audit WHERE id = 2",
                            "UPDATE OR REPLACE audit SET id = 2 WHERE id = 1"}) {
        INFO(sql);
        CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_CONSTRAINT);
    }
    sqlite3_close(db);
    CHECK(s->audit_after(0, 10).size() == 2);
}

TEST_CASE("A migration that fails leaves the store as it was") {
    scratch_folder folder;
    std::vector<migration> wrong(shipped_migrations().begin(), shipped_migrations().end());
    wrong.push_back({wrong.back().number + 1, "DELETE FROM named_value; INSERT INTO no_such_table VALUES (1);"});
    open_sqlite(folder.path().string())->value_put("kept", "1");
    CHECK(error_of([&] { open_with(folder.path().string(), wrong); }).what_kind() == store_error::kind::io);
    CHECK(open_sqlite(folder.path().string())->value("kept") == "1");
}

TEST_CASE("A reading connection migrates nothing and says what to do") {
    scratch_folder folder;
    const store_error none = error_of([&] { open_sqlite(folder.path().string(), true); });
    CHECK(none.what_kind() == store_error::kind::io);
    CHECK(none.what() == std::string() + "cannot read " + store_file(folder.path().string()) + ": No such file or directory");
    CHECK_FALSE(fs::exists(store_file(folder.path().string())));

    open_sqlite(folder.path().string());
    std::vector<migration> longer(shipped_migrations().begin(), shipped_migrations().end());
    longer.push_back({longer.back().number + 1, "CREATE TABLE later(a TEXT) STRICT;"});
    const store_error older = error_of([&] { open_with(folder.path().string(), longer, true); });
    CHECK(std::string(older.what()).find("start the gateway once") != std::string::npos);
    CHECK(header_number(store_file(folder.path().string()), 60) == shipped_migrations().back().number);
}

TEST_CASE("A file that is no store is refused by name and left alone") {
    scratch_folder folder;
    const std::string file = store_file(folder.path().string());
    for (const std::string& garbage : {std::string("not a database"), std::string(100'000, 'x')}) {
        std::ofstream(file, std::ios::binary) << garbage;
        for (const bool read_only : {false, true}) {
            const store_error e = error_of([&] { open_sqlite(folder.path().string(), read_only); });
            CHECK(e.what_kind() == store_error::kind::broken);
            CHECK(std::string(e.what()).starts_with(file + ": damaged, or no store of trialgate"));
        }
        CHECK(bytes_of(file) == garbage);
    }
}

TEST_CASE("A damaged store is told apart from other errors") {
    scratch_folder folder;
    {
        const auto s = open_sqlite(folder.path().string());
        for (int i = 0; i < 100; ++i)
            s->journal_append(arrived(std::string(10'000, 'x')));
    }
    {
        std::fstream file(store_file(folder.path().string()), std::ios::in | std::ios::out | std::ios::binary);
        const std::string noise(4096, '\xa5');
        for (int page = 1; page < 60; ++page)
            file.seekp(page * 4096).write(noise.data(), 4096);
    }
    const store_error e = error_of([&] {
        const auto s = open_sqlite(folder.path().string());
        s->journal_after(0, 1000, 10'000'000);
    });
    CHECK(e.what_kind() == store_error::kind::broken);
}

TEST_CASE("A folder that cannot be used is named with the reason") {
    scratch_folder folder;
    std::ofstream(folder.path().string() + "/file") << "x";
    const store_error e = error_of([&] { open_sqlite(folder.path().string() + "/file/store"); });
    CHECK(e.what_kind() == store_error::kind::io);
    CHECK(e.what() == "cannot make the store's folder " + folder.path().string() + "/file/store: Not a directory");
    if (::geteuid() != 0) {
        fs::create_directory(folder.path().string() + "/closed");
        fs::permissions(folder.path().string() + "/closed", fs::perms::none);
        const store_error closed = error_of([&] { open_sqlite(folder.path().string() + "/closed"); });
        CHECK(std::string(closed.what()).ends_with(": Permission denied"));
        fs::permissions(folder.path().string() + "/closed", fs::perms::owner_all);
    }
}

TEST_CASE("A store that is full refuses what is new and goes on when there is space") {
    scratch_folder folder;
    sqlite_options options;
    options.max_pages = 100;
    const auto s = open_sqlite(folder.path().string(), options);
    const std::string body(10'000, 'x');
    std::vector<std::int64_t> kept;
    const store_error e = error_of([&] {
        for (int i = 0; i < 1000; ++i)
            kept.push_back(s->journal_append(arrived(body)));
    });
    CHECK(e.what_kind() == store_error::kind::full);
    CHECK(std::string(e.what()).find("no space left") != std::string::npos);
    CHECK(kept.size() > 10);
    CHECK(s->journal_count().rows == static_cast<std::int64_t>(kept.size()));
    CHECK(error_of([&] { s->journal_append(arrived(body)); }).what_kind() == store_error::kind::full);
    for (int i = 0; i < 3; ++i)
        s->journal_done(kept.at(static_cast<std::size_t>(i)));
    CHECK_NOTHROW(s->journal_append(arrived(body)));
    CHECK(s->journal_count().rows == static_cast<std::int64_t>(kept.size()) - 2);
    CHECK(s->journal_after(0, 1000, 10'000'000).size() == kept.size() - 2);
}

namespace {

/// A limit on the size of files: writing beyond it fails in the middle of a commit, as a full disk does.
class file_size_limit {
public:
    explicit file_size_limit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
        rlimit lower = before_;
        lower.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &lower);
    }
    ~file_size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int) = nullptr;
};

} // namespace

TEST_CASE("A commit that finds no space fails whole, and the next one goes on when there is space") {
    scratch_folder folder;
    const auto writer = start_committer(open_sqlite(folder.path().string()), folder.path().string());
    const std::string body(50'000, 'x');
    int kept = 0;
    const auto append = [&] {
        const auto outcome = commit_and_wait(*writer, [&](store& s) {
            s.value_put("last", std::to_string(kept + 1));
            s.journal_append(arrived(body));
        });
        kept += !outcome;
        return outcome;
    };
    REQUIRE_FALSE(append());
    commit_outcome refused;
    {
        const file_size_limit small(1'000'000);
        for (int i = 0; i < 100 && !refused; ++i)
            refused = append();
    }
    REQUIRE(refused);
    INFO(refused->what());
    CHECK(refused->what_kind() == store_error::kind::full);
    CHECK_FALSE(append());
    writer->stop();
    const auto s = open_sqlite(folder.path().string());
    CHECK(s->value("last") == std::to_string(kept));
    CHECK(s->journal_after(0, 1000, 100'000'000).size() == static_cast<std::size_t>(kept));
    CHECK(s->journal_count().rows == kept);
}

TEST_CASE("A lock that another connection holds for too long is reported as such") {
    scratch_folder folder;
    const auto holder = open_sqlite(folder.path().string());
    sqlite_options impatient;
    impatient.busy_ms = 1;
    const auto s = open_sqlite(folder.path().string(), impatient);
    holder->begin();
    CHECK(error_of([&] { s->value_put("a", "1"); }).what_kind() == store_error::kind::busy);
    CHECK(error_of([&] { s->begin(); }).what_kind() == store_error::kind::busy);
    holder->commit();
    CHECK_NOTHROW(s->value_put("a", "1"));
}
