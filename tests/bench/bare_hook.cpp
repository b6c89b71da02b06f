#include "tests/bench/bare_hook.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <rapidjson/document.h>
#include <sqlite3.h>
#include <thread>
#include <vector>

namespace trialgate::bench {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

void must(int code, sqlite3* db) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
        return;
    std::fprintf(stderr, "bare server: %s\n", sqlite3_errmsg(db));
    std::exit(1);
}

sqlite3* open(const std::string& file) {
    sqlite3* db = nullptr;
    must(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr), db);
    sqlite3_busy_timeout(db, 1000);
    must(sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768", nullptr, nullptr,
                      nullptr),
         db);
    return db;
}

/// Group commit of one row a body.
class rows {
public:
    explicit rows(const std::string& file) : db_(open(file)), log_(open(file)) {
        must(sqlite3_exec(db_, "CREATE TABLE arrived(seq INTEGER PRIMARY KEY, body BLOB NOT NULL)", nullptr, nullptr, nullptr), db_);
        must(sqlite3_prepare_v2(db_, "INSERT INTO arrived(body) VALUES (?1)", -1, &insert_, nullptr), db_);
        commits_ = std::thread([this] { commit(); });
        checkpoints_ = std::thread([this] { checkpoint(); });
    }
    ~rows() {
        {
            const std::lock_guard lock(guard_);
            stopping_ = true;
        }
        changed_.notify_all();
        commits_.join();
        checkpoints_.join();
        sqlite3_finalize(insert_);
        sqlite3_close(db_);
        sqlite3_close(log_);
    }
    void add(std::string body, std::function<void()> done) {
        const std::lock_guard lock(guard_);
        waiting_.push_back({std::move(body), std::move(done)});
        changed_.notify_all();
    }
    /// Where `done` is called.
    asio::io_context* network = nullptr;

private:
    struct item {
        std::string body;
        std::function<void()> done;
    };

    void commit() {
        std::vector<item> group;
        for (;;) {
            {
                std::unique_lock lock(guard_);
                changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
                if (waiting_.empty())
                    return;
                group.swap(waiting_);
            }
            must(sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), db_);
            for (const item& i : group) {
                sqlite3_bind_blob64(insert_, 1, i.body.data(), i.body.size(), SQLITE_STATIC);
                must(sqlite3_step(insert_), db_);
                sqlite3_reset(insert_);
            }
            must(sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr), db_);
            asio::post(*network, [told = std::move(group)] {
                for (const item& i : told)
                    i.done();
            });
            group = {};
        }
    }

    void checkpoint() {
        std::unique_lock lock(guard_);
        while (!changed_.wait_for(lock, std::chrono::milliseconds(500), [&] { return stopping_; })) {
            lock.unlock();
            sqlite3_wal_checkpoint_v2(log_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
            lock.lock();
        }
    }

    sqlite3 *db_, *log_;
    sqlite3_stmt* insert_ = nullptr;
    std::mutex guard_;
    std::condition_variable changed_;
    std::vector<item> waiting_;
    bool stopping_ = false;
    std::thread commits_, checkpoints_;
};

class session : public std::enable_shared_from_this<session> {
public:
    session(tcp::socket socket, rows& to) : socket_(std::move(socket)), to_(to) {}

    void read() {
        parser_.emplace();
        http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](error_code ec, std::size_t) {
            if (!ec)
                self->store();
        });
    }

private:
    void store() {
        std::string body = std::move(parser_->get().body());
        arena_.Clear();
        rapidjson::Document tree(&arena_);
        tree.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(body.data(), body.size());
        if (tree.HasParseError() || !tree.IsObject() || !tree.HasMember("resourceType"))
            return answer(http::status::bad_request);
        to_.add(std::move(body), [self = shared_from_this()] { self->answer(http::status::ok); });
    }

    void answer(http::status status) {
        out_ = {status, 11};
        out_.set(http::field::content_type, "application/fhir+json");
        out_.body() = R"({"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational"}]})";
        out_.prepare_payload();
        http::async_write(socket_, out_, [self = shared_from_this()](error_code ec, std::size_t) {
            if (!ec)
                self->read();
        });
    }

    tcp::socket socket_;
    rows& to_;
    boost::beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> out_;
    rapidjson::MemoryPoolAllocator<> arena_;
};

} // namespace

struct bare_hook::state {
    explicit state(const std::string& folder) : to(folder + "/bare.db") {
        to.network = &io;
        accept();
        thread = std::thread([this] { io.run(); });
    }
    ~state() {
        io.stop();
        thread.join();
    }
    void accept() {
        acceptor.async_accept([this](error_code ec, tcp::socket socket) {
            if (ec)
                return;
            socket.set_option(tcp::no_delay(true));
            std::make_shared<session>(std::move(socket), to)->read();
            accept();
        });
    }

    asio::io_context io{1};
    rows to; // ends before the io_context, to which it posts
    tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    std::thread thread;
};

bare_hook::bare_hook(const std::string& folder) : state_(std::make_unique<state>(folder)) {}
bare_hook::~bare_hook() = default;
unsigned short bare_hook::port() const noexcept { return state_->acceptor.local_endpoint().port(); }

} // namespace trialgate::bench
